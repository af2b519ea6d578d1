"""What an incremental pass looks at, without any input or output.

The search index runs behind, so a pass looks back before its bookmark; what it already sent from
there it remembers, so that looking back costs no second reading.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from tap_hubspot_crm.timekeeping import to_milliseconds

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tap_hubspot_crm.spans import Query

#: How many sent rows a bookmark remembers at most; beyond that rows are read again.
SEEN_LIMIT = 10_000


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A search result: which row, and when the index says it changed."""

    id: str
    #: Milliseconds since 1970.
    modified: int
    #: Whether other rows were merged into it, as the hit shows it.
    is_survivor: bool = False

    @property
    def number(self) -> int:
        """The id, by which HubSpot sorts."""
        return int(self.id)


@dataclass(kw_only=True)
class Window:
    """The time that a pass looks at, and the rows in it that were sent already."""

    #: Milliseconds since 1970; the pass asks for rows modified then or later. There is no upper
    #: bound: a row that changes during the pass moves out of any, never below this one.
    lower: int
    #: Row id to the modification time with which it was sent.
    seen: dict[str, int] = field(default_factory=dict)

    @classmethod
    def since(cls, moment: datetime, *, lookback_seconds: int, seen: Mapping[str, int]) -> Window:
        """Return the window of a pass from a bookmark on."""
        # HubSpot answers 500 to a filter at 1970 itself.
        lower = max(1, to_milliseconds(moment - timedelta(seconds=lookback_seconds)))
        return cls(lower=lower, seen=dict(seen))

    def knows(self, hit: Hit) -> bool:
        """Say whether the row was sent as the hit shows it, or newer (a stale index)."""
        return self.seen.get(hit.id, -1) >= hit.modified

    def remember(self, row_id: str, modified: int) -> None:
        """Note that a row was sent with this modification time."""
        self.seen[row_id] = max(modified, self.seen.get(row_id, -1))

    def to_keep(self, bookmark: datetime, *, lookback_seconds: int) -> dict[str, int]:
        """Return what the next pass from `bookmark` on can meet again: the newest, bounded."""
        lower = to_milliseconds(bookmark - timedelta(seconds=lookback_seconds))
        kept = [(modified, row_id) for row_id, modified in self.seen.items() if modified >= lower]
        if len(kept) > SEEN_LIMIT:
            kept = sorted(kept, reverse=True)[:SEEN_LIMIT]
        return {row_id: modified for modified, row_id in kept}


def search_filters(modified_property: str, lower: int, query: Query) -> list[dict[str, str]]:
    """Return the filters of a search by id: no window of time that rows could leave.

    Args:
        modified_property: HubSpot's name of the modification time of the object.
        lower: Milliseconds since 1970; rows modified then or later are looked for.
        query: Between which ids, and perhaps only from a later moment on.
    """
    since = str(lower if query.since is None else query.since)
    filters = [{"propertyName": modified_property, "operator": "GTE", "value": since}]
    above = "GT" if query.is_lower_excluded else "GTE"
    # Everything is above 0, but only nothing is below it: a part that ends there has to say so.
    for operator, bound in ((above, query.lower or None), ("LTE", query.upper)):
        if bound is not None:
            filters.append(
                {"propertyName": "hs_object_id", "operator": operator, "value": str(bound)}
            )
    return filters


def is_due(last: datetime | None, *, every: timedelta, now: datetime) -> bool:
    """Say whether something that last happened then, if ever, is to happen again now."""
    return last is None or every <= timedelta(0) or now - last >= every
