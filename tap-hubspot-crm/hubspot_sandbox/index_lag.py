"""What the search knows of a portal: each change only after a while of its own (HubSpot: search).

The list and the batch read tell what is; the search tells what its index has learnt so far.
"""

import heapq
from dataclasses import dataclass

from hubspot_sandbox.clock import Clock
from hubspot_sandbox.faults import share
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.records import Record, RecordStore


@dataclass(frozen=True, kw_only=True)
class SearchHabits:
    """How far the search lags behind and how it strays: not at all by default."""

    #: The search learns of a change after a time of its own from 0 up to this.
    lag_ms: int = 0
    #: Share of the hits that show the record as it is now, though found as it was.
    fresh_bodies: float = 0.0
    #: Whether a hit on a record merged meanwhile shows the survivor's id with the old values.
    merged_hits_show_survivor: bool = False
    #: Share of the pages with a row in them that the filters don't ask for.
    strays: float = 0.0
    #: Which records lag how much, and which pages stray.
    seed: int = 0


class LaggingIndex:
    """The records of one type as the search knows them."""

    def __init__(self, store: RecordStore, object_type: ObjectType, clock: Clock) -> None:
        self.habits = SearchHabits()
        self._store = store
        self._object_type = object_type
        self._clock = clock
        self._known: RecordStore | None = None
        #: When the index learns what: moment, running number, id, record (None: gone).
        self._coming: list[tuple[int, int, int, Record | None]] = []
        self._learnt: dict[int, int] = {}
        self._count = 0

    def set_habits(self, habits: SearchHabits) -> None:
        """Change how the search lags; without a lag it knows everything at once."""
        self.habits = habits
        if not habits.lag_ms:
            self._known, self._coming, self._learnt = None, [], {}
            self._store.on_change = None
        elif self._known is None:
            self._known = self._store.copy_live()
            self._store.on_change = self._note

    def records(self) -> RecordStore:
        """Return the records as the search knows them now; only its live ones count."""
        if self._known is None:
            return self._store
        now = self._clock.now_ms()
        while self._coming and self._coming[0][0] <= now:
            _, number, record_id, record = heapq.heappop(self._coming)
            if number < self._learnt.get(record_id, 0):
                continue
            self._learnt[record_id] = number
            if record is not None:
                self._known.put(record)
            elif record_id in self._known.live:
                self._known.remove(record_id)
        return self._known

    def hit(self, record: Record) -> Record:
        """Return what a hit shows of a record the index knows."""
        if self._known is None:
            return record
        habits = self.habits
        now = self._store.get(record.id)
        if habits.merged_hits_show_survivor and now is not None and now.id != record.id:
            return Record(
                id=now.id,
                created_at=record.created_at,
                modified_at=record.modified_at,
                properties=record.properties,
            )
        if (
            habits.fresh_bodies
            and now is not None
            and now.id == record.id
            and share(habits.seed, "fresh", record.id, record.modified_at) < habits.fresh_bodies
        ):
            return now
        return record

    def _note(self, record_id: int, record: Record | None) -> None:
        now = self._clock.now_ms()
        self._count += 1
        chance = share(self.habits.seed, self._object_type, record_id, now, self._count)
        known_at = now + int(chance * (self.habits.lag_ms + 1))
        heapq.heappush(self._coming, (known_at, self._count, record_id, record))
