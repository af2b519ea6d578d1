"""What reads of records bring."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from tap_hubspot_crm.rows import Row

#: Why an id stays without an answer, where HubSpot says nothing about it at all.
SILENCE = "no answer"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a read by ids brought: each asked id stands in one of its parts."""

    rows: tuple[Row, ...] = ()
    #: Asked id to the row that HubSpot sent for it under another id.
    merged: Mapping[str, Row] = field(default_factory=dict)
    #: Ids that HubSpot does not know, in the asked state of archival.
    missing: frozenset[str] = frozenset()
    #: Id to the reason why it could not be read; nothing may be concluded about its record.
    unread: Mapping[str, str] = field(default_factory=dict)
    #: Archived rows of which only the listing's own fields are known.
    bare: tuple[Row, ...] = ()
    answered_at: datetime

    @property
    def listed(self) -> tuple[Row, ...]:
        """Its rows, those of which only the listing's own fields are known included."""
        return (*self.rows, *self.bare)


@dataclass(frozen=True, kw_only=True)
class ListedPage:
    """One page of a listing."""

    reading: Reading
    #: Every id the listing showed, also of rows that were gone when they were read.
    ids: tuple[str, ...]
    #: Whether its rows have all properties; otherwise they are to be read by id.
    in_full: bool
    #: HubSpot's cursor of the next page; None ends the listing.
    after: str | None
    asked_at: datetime


def joined(readings: Iterable[Reading]) -> Reading:
    """Return several readings of different ids as one, as of the first answer."""
    parts = list(readings)
    merged: dict[str, Row] = {}
    unread: dict[str, str] = {}
    for part in parts:
        merged |= part.merged
        unread |= part.unread
    return Reading(
        rows=tuple({row.id: row for part in parts for row in part.rows}.values()),
        merged=merged,
        missing=frozenset[str]().union(*(part.missing for part in parts)),
        unread=unread,
        bare=tuple(row for part in parts for row in part.bare),
        answered_at=min(part.answered_at for part in parts),
    )
