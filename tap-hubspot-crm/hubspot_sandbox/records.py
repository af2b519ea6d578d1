"""Records and the store that keeps them in order of id."""

import itertools
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """One contact, deal or company as it was at one moment; a change makes a new `Record`."""

    id: int
    #: Milliseconds since 1970.
    created_at: int
    modified_at: int
    #: Filled properties only; "" is a value that was cleared, an absent name is null.
    properties: Mapping[str, str] = field(repr=False)
    archived_at: int | None = None
    #: Ids of the records merged into this one, oldest merge first.
    merged_ids: tuple[int, ...] = ()


class RecordStore:
    """The records of one type: live, archived, and where merged ids lead."""

    def __init__(self) -> None:
        #: Grows with every change, so that what was computed from the records can be cached.
        self.revision = 0
        self.live: dict[int, Record] = {}
        self.archived: dict[int, Record] = {}
        self.merged_into: dict[int, int] = {}
        #: Ids of records that were merged away or purged: never given to another.
        self.gone: set[int] = set()
        self.highest_id = 0
        #: Told of every change: the id, and the live record or None where there is none now.
        self.on_change: Callable[[int, Record | None], None] | None = None
        self._live_ids: list[int] = []
        self._archived_ids: list[int] = []

    def load(self, records: Iterable[Record]) -> None:
        """Add many live records at once."""
        self.live.update((record.id, record) for record in records)
        self._live_ids = sorted(self.live)
        self.highest_id = max(self.live, default=0)
        self.revision += 1

    def put(self, record: Record) -> None:
        """Keep a record, live or archived as it says, in place of what had its id."""
        is_archived = record.archived_at is not None
        records, ids = self._side(archived=is_archived)
        if record.id not in records:
            self._forget(record.id, archived=not is_archived)
            insort(ids, record.id)
            self.highest_id = max(self.highest_id, record.id)
        records[record.id] = record
        self._changed(record.id, None if is_archived else record)

    def remove(self, record_id: int) -> None:
        """Forget a record, live or archived; the ids merged into it stay."""
        self._forget(record_id, archived=False)
        self._forget(record_id, archived=True)
        self.gone.add(record_id)
        self._changed(record_id, None)

    def copy_live(self) -> "RecordStore":
        """Return a store of its own with the same live records."""
        copy = RecordStore()
        copy.load(self.live.values())
        return copy

    def was_id(self, record_id: int) -> bool:
        """Return whether some record has or had this id."""
        return any(record_id in ids for ids in (self.live, self.archived, self.gone))

    def forget_merges_into(self, record_id: int) -> None:
        """Forget every id that leads to this record."""
        gone = [old for old in self.merged_into if self.resolve(old) == record_id]
        for old in gone:
            del self.merged_into[old]

    def resolve(self, record_id: int) -> int:
        """Return the id a merged id leads to, through any number of merges."""
        while (survivor := self.merged_into.get(record_id)) is not None:
            record_id = survivor
        return record_id

    def get(self, record_id: int, *, archived: bool = False) -> Record | None:
        """Return the record an id leads to, where it is live (or archived, if asked)."""
        return (self.archived if archived else self.live).get(self.resolve(record_id))

    def ids(self, *, archived: bool = False) -> list[int]:
        """Return the ids in ascending order: the store's own list, not to be changed."""
        return self._archived_ids if archived else self._live_ids

    def page(self, *, after: int, limit: int, archived: bool = False) -> list[Record]:
        """Return up to `limit` records with ids from `after` on, in order of id."""
        records, ids = self._side(archived=archived)
        start = bisect_left(ids, after)
        return [records[record_id] for record_id in itertools.islice(ids, start, start + limit)]

    def _side(self, *, archived: bool) -> tuple[dict[int, Record], list[int]]:
        if archived:
            return self.archived, self._archived_ids
        return self.live, self._live_ids

    def _changed(self, record_id: int, live: Record | None) -> None:
        self.revision += 1
        if self.on_change is not None:
            self.on_change(record_id, live)

    def _forget(self, record_id: int, *, archived: bool) -> None:
        records, ids = self._side(archived=archived)
        if records.pop(record_id, None) is not None:
            del ids[bisect_left(ids, record_id)]
