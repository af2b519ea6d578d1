"""Records that HubSpot gave no usable answer about: kept as they are, and asked for again."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING, Final

from tap_hubspot_crm.errors import UnexpectedResponseError
from tap_hubspot_crm.reading import SILENCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

logger = logging.getLogger("HubSpotConnector")

#: More than that are not single odd records: the stream cannot be read.
UNREAD_LIMIT: Final = 1_000
_NAMED: Final = 10
#: Of a record that an earlier run could not read and this one has not asked for yet.
_FROM_STATE: Final = ""


class UnreadRecords:
    """The ids of one stream without a usable answer, each with the reason."""

    def __init__(self, what: str, ids: Iterable[str] = ()) -> None:
        """Begin with what earlier runs left.

        Args:
            what: What was asked for, for messages (`contacts`).
            ids: Ids that no run could read so far.
        """
        self._what = what
        self._reasons: dict[str, str] = dict.fromkeys(ids, _FROM_STATE)

    def __bool__(self) -> bool:
        """Say whether there are any."""
        return bool(self._reasons)

    @property
    def are_refused(self) -> bool:
        """Whether HubSpot said of each that it cannot be read; none at all are refused, too."""
        return SILENCE not in self._reasons.values()

    @property
    def ids(self) -> frozenset[str]:
        """Which they are."""
        return frozenset(self._reasons)

    def note(self, unread: Mapping[str, str], answered: Iterable[str]) -> None:
        """Take over what a read brought.

        Args:
            unread: Id to the reason why it could not be read.
            answered: Ids with a usable answer, that there is no such record included.

        Raises:
            UnexpectedResponseError: There are too many to go on.
        """
        if self._reasons:
            for id_ in answered:
                self._reasons.pop(id_, None)
        self._reasons |= unread
        if len(self._reasons) > UNREAD_LIMIT:
            raise UnexpectedResponseError(
                f"HubSpot gives no usable answer about more than {UNREAD_LIMIT} {self._what}; "
                "nothing was removed; run again later, and report it if it stays"
            )

    def report(self) -> None:
        """Log which records HubSpot refuses, by id and category.

        Raises:
            UnexpectedResponseError: About some of them HubSpot said nothing at all.
        """
        kinds = Counter(self._reasons.values())
        silent = kinds.pop(SILENCE, 0)
        kinds.pop(_FROM_STATE, None)
        for reason, count in sorted(kinds.items()):
            ids = sorted((id_ for id_, why in self._reasons.items() if why == reason), key=int)
            more = "" if count <= _NAMED else ", ..."
            logger.warning(
                "%s: HubSpot refuses to read %d of them (%s): %s%s; they are kept as they were "
                "and asked for again in the next run",
                self._what, count, reason, ", ".join(ids[:_NAMED]), more,
            )  # fmt: skip
        if silent:
            raise UnexpectedResponseError(
                f"HubSpot did not answer for {silent} of the {self._what} it was asked for, "
                "not even for each alone; they are kept as they were and asked for again in the "
                "next run"
            )
