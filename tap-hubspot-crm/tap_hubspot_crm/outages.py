"""Which services of HubSpot are down, so that not every request waits for them to come back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_hubspot_crm.retrying import BRIEF

if TYPE_CHECKING:
    from tap_hubspot_crm.retrying import RetryPolicy


class Outages:
    """The outages that a whole retry policy did not outlast; safe between threads."""

    def __init__(self) -> None:
        """Begin with none."""
        #: Kinds of endpoints without an answer since.
        self._kinds: set[str] = set()
        #: Whether no endpoint at all has answered since the last of them.
        self._is_total = False

    def policy_for(self, kind: str, wanted: RetryPolicy) -> RetryPolicy:
        """Return how often to try a request to a kind of endpoint."""
        return BRIEF if self._is_total or kind in self._kinds else wanted

    def begin(self, kind: str) -> None:
        """Note that a kind of endpoint was waited for in vain."""
        self._kinds.add(kind)
        self._is_total = True

    def end(self, kind: str) -> None:
        """Note that a kind of endpoint has answered."""
        self._kinds.discard(kind)
        self._is_total = False
