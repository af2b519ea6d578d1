"""Turns what was read of an object type into the records to send."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tap_hubspot_crm.events import Rows
from tap_hubspot_crm.merges import Merges
from tap_hubspot_crm.rows import have_merged
from tap_hubspot_crm.timekeeping import parse_moment

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from tap_hubspot_crm.definitions import Definitions
    from tap_hubspot_crm.events import Record
    from tap_hubspot_crm.objects import ObjectReader
    from tap_hubspot_crm.reading import Reading
    from tap_hubspot_crm.records import RecordShape
    from tap_hubspot_crm.rows import Row
    from tap_hubspot_crm.state import ObjectBookmark
    from tap_hubspot_crm.unread import UnreadRecords


@dataclass(frozen=True, kw_only=True)
class ObjectSource:
    """All that the passes over one object stream share during a run."""

    reader: ObjectReader
    shape: RecordShape
    definitions: Definitions
    lookback_seconds: int
    #: Records that this run, or earlier ones, could not read.
    unread: UnreadRecords
    #: Rows last changed before it are left out.
    start_date: datetime | None = None
    merges: Merges = field(default_factory=Merges)

    def knows(self, bookmark: ObjectBookmark) -> bool:
        """Say whether what the bookmark remembers was read with the properties of this run."""
        return bookmark.properties_digest == self.definitions.digest

    def told(self, bookmark: ObjectBookmark) -> ObjectBookmark:
        """Return the bookmark with the properties of this run."""
        readable = self.definitions.without(self.reader.properties.refused)
        return replace(
            bookmark,
            properties_digest=readable.digest,
            properties_at=readable.asked_at,
            refused=readable.refused,
            unreadable=readable.unreadable,
            unread=self.unread.ids,
        )

    def note(self, reading: Reading, *, only: Collection[str] | None = None) -> None:
        """Note which records a reading could not read, and which it could.

        Args:
            reading: What HubSpot sent.
            only: Ids of the rows that count as read; every row by default.

        Raises:
            UnexpectedResponseError: HubSpot gives no usable answer about too many.
        """
        rows = (row.id for row in reading.listed if only is None or row.id in only)
        self.unread.note(reading.unread, (*rows, *reading.merged, *reading.missing))

    def rows(self, reading: Reading, version: int, *, only: Iterable[str] | None = None) -> Rows:
        """Return the records of a reading: its rows, and tombstones of what was merged.

        Args:
            reading: What HubSpot sent.
            version: The stream's current version.
            only: Ids of the rows to send; every row by default.
        """
        self.shape.leave_out(self.reader.properties.refused)
        wanted = None if only is None else set(only)
        self.note(reading, only=wanted)
        losers: defaultdict[str, list[str]] = defaultdict(list)
        rows: dict[str, Row] = {
            row.id: row for row in reading.rows if wanted is None or row.id in wanted
        }
        for loser, row in reading.merged.items():
            rows[row.id] = row
            losers[row.id].append(loser)
        if self._has_nothing_to_ask(rows.values(), losers):
            records: list[Record] = self.shape.records([*rows.values()])
        else:
            records = self._records(rows.values(), losers)
        records += [
            self.shape.bare(row) for row in reading.bare if wanted is None or row.id in wanted
        ]
        return Rows(records=records, version=version, read_at=reading.answered_at)

    def _has_nothing_to_ask(
        self, rows: Collection[Row], losers: Mapping[str, Sequence[str]]
    ) -> bool:
        """Say whether each of the rows is sent, and nothing else; nearly always they are."""
        return (
            self.start_date is None
            and not losers
            and self.merges.are_none
            and not have_merged(rows)
        )

    def _records(self, rows: Iterable[Row], losers: Mapping[str, Sequence[str]]) -> list[Record]:
        sent: list[Row] = []
        tombstones: list[Record] = []
        for row in rows:
            parts = self.merges.note(row.id, (*row.merged_ids, *losers.get(row.id, ())))
            if self.start_date is not None and parse_moment(row.updated_at) < self.start_date:
                continue
            survivor = self.merges.survivor(row.id)
            # Otherwise the row is a stale sight of one that was merged; its tombstone was sent.
            if survivor == row.id:
                sent.append(row)
            tombstones += [
                self.shape.tombstone(loser=loser, survivor=survivor, updated_at=row.updated_at)
                for loser in parts
            ]
        # A stale sight may stand before the row that it is part of: tombstones come last.
        return [*self.shape.records(sent), *tombstones]
