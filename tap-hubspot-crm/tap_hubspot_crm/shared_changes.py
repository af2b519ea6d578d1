"""What searches of this run found, kept for a later stream that would search for the same.

`deal_contacts` looks for changes of contacts and deals, as their own streams have done a moment
before. Its bookmark is its own, so those streams search as far back as it needs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from tap_hubspot_crm.windows import Hit, Window


@dataclass(frozen=True, kw_only=True)
class Changes:
    """All rows of one type that a search found."""

    #: Row id to modification time in milliseconds, without those that were known already.
    modified: Mapping[str, int] = field(repr=False)
    #: Before the search began, in HubSpot's time.
    started_at: datetime
    #: Whether HubSpot counts more rows than the search showed.
    is_short: bool


class SharedChanges:
    """Notes what is searched, as far as somebody wants it."""

    def __init__(self) -> None:
        """Begin with nobody who wants anything."""
        self._wanted: Callable[[], Mapping[str, Window]] = dict
        self._windows: Mapping[str, Window] = {}
        self._found: dict[str, dict[str, int]] = {}
        self._complete: dict[str, tuple[int, datetime, bool]] = {}

    def keep(self, wanted: Callable[[], Mapping[str, Window]]) -> None:
        """Say what is wanted later.

        Args:
            wanted: Tells, when a search begins, the window wanted of each object type.
        """
        self._wanted = wanted

    def begin(self, object_type: str, lower: int) -> int:
        """Return the lower bound for a search that needs `lower`: the wanted one if it is less."""
        self._windows = self._wanted()
        window = self._windows.get(object_type)
        return lower if window is None else min(lower, window.lower)

    def note(self, object_type: str, hits: Iterable[Hit], *, lower: int) -> None:
        """Keep what a search from `lower` on found, less what is not wanted or known already."""
        window = self._windows.get(object_type)
        if window is not None:
            found = self._found.setdefault(object_type, {})
            for hit in hits:
                if not lower <= hit.modified < window.lower and not window.knows(hit):
                    # The index may show a row twice, once as it was before a merge.
                    found[hit.id] = max(hit.modified, found.get(hit.id, 0))

    def end(self, object_type: str, lower: int, started_at: datetime, *, is_short: bool) -> None:
        """Note that a search from a lower bound on has found all that it can, which may be less."""
        self._complete[object_type] = (lower, started_at, is_short)

    def found(self, object_type: str, window: Window) -> Changes | None:
        """Return what was found since the window's begin; None if nobody searched that far."""
        complete = self._complete.get(object_type)
        kept_for = self._windows.get(object_type)
        if complete is None or kept_for is None:
            return None
        lower, started_at, is_short = complete
        if max(lower, kept_for.lower) > window.lower:
            return None
        return Changes(
            modified=self._found.get(object_type, {}), started_at=started_at, is_short=is_short
        )
