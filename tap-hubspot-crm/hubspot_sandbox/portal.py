"""A CRM in memory: records and associations and how they change."""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from hubspot_sandbox.calculated import days_between, recalculate
from hubspot_sandbox.clock import Clock
from hubspot_sandbox.definitions import Definitions
from hubspot_sandbox.errors import UnknownRecordError
from hubspot_sandbox.index_lag import LaggingIndex, SearchHabits
from hubspot_sandbox.kept_rows import KeptRows
from hubspot_sandbox.links import Links
from hubspot_sandbox.merging import merged_record
from hubspot_sandbox.new_ids import unused_id
from hubspot_sandbox.object_types import OBJECT_TYPES, ObjectType
from hubspot_sandbox.records import Record, RecordStore

_ROLLUPS: Final[dict[ObjectType, str]] = {
    "contacts": "num_associated_deals",
    "deals": "num_associated_contacts",
}


@dataclass(frozen=True, kw_only=True)
class Habits:
    """What HubSpot leaves open or does without a trace: each a switch."""

    #: Whether restoring a record counts as a modification.
    restore_bumps_modified: bool = False
    #: Whether the losers of a merge are in the archived listing.
    merge_losers_are_archived: bool = False
    #: Whether the counts of associated records follow the associations.
    rollups_follow: bool = True
    #: Whether linking and unlinking count as modifications of the deal and of the contact.
    links_bump_modified: bool = False


class Portal(Definitions):
    """One organisation's HubSpot account. Record ids are given as int or text, returned as text.

    Every method takes its time from the clock. Archiving, restoring (see `Habits`) and changing
    associations leave the time of last modification as it was; edits and merges set it.
    """

    def __init__(self, *, portal_id: int, clock: Clock, seed: int = 0) -> None:
        super().__init__(clock)
        self.portal_id = portal_id
        self.time_zone = "Etc/UTC"
        self.habits = Habits()
        self.stores: dict[ObjectType, RecordStore] = {t: RecordStore() for t in OBJECT_TYPES}
        self.kept_rows: dict[ObjectType, KeptRows] = {t: KeptRows() for t in OBJECT_TYPES}
        self.links = Links()
        self._search_sides = {
            object_type: LaggingIndex(store, object_type, clock)
            for object_type, store in self.stores.items()
        }
        self._random = random.Random(f"{portal_id} {seed}")

    @property
    def search_habits(self) -> SearchHabits:
        """How the search lags and strays; to be replaced as a whole."""
        return self._search_sides["contacts"].habits

    @search_habits.setter
    def search_habits(self, habits: SearchHabits) -> None:
        with self.lock:
            for side in self._search_sides.values():
                side.set_habits(habits)

    def search_side(self, object_type: ObjectType) -> LaggingIndex:
        """Return the records of one type as the search knows them."""
        return self._search_sides[object_type]

    def create(
        self,
        object_type: ObjectType,
        properties: Mapping[str, str],
        *,
        record_id: int | None = None,
    ) -> str:
        """Add a record and return its id."""
        with self.lock:
            now = self.clock.now_ms()
            new_id = self._new_id(object_type) if record_id is None else record_id
            values = recalculate(object_type, properties, set(properties), self.pipelines)
            self.stores[object_type].put(
                Record(id=new_id, created_at=now, modified_at=now, properties=values)
            )
            return str(new_id)

    def edit(
        self,
        object_type: ObjectType,
        record_id: int | str,
        changes: Mapping[str, str | None],
    ) -> None:
        """Set properties of a live record; "" clears one, None makes it as never filled.

        Raises:
            UnknownRecordError: no such live record.
        """
        self.touch(object_type, [record_id], changes)

    def touch(
        self,
        object_type: ObjectType,
        record_ids: Iterable[int | str],
        changes: Mapping[str, str | None] | None = None,
    ) -> int:
        """Modify many live records in one millisecond and return it.

        Raises:
            UnknownRecordError: no such live record; those before it are modified.
        """
        changes = changes or {}
        with self.lock:
            now = self.clock.now_ms()
            for record_id in record_ids:
                record = self._need(object_type, record_id)
                values = self._changed_values(object_type, record, changes)
                self.stores[object_type].put(replace(record, modified_at=now, properties=values))
            return now

    def set_calculated(
        self, object_type: ObjectType, record_ids: Iterable[int | str], values: Mapping[str, str]
    ) -> None:
        """Set properties as HubSpot does when it works them out: without a modification.

        Raises:
            UnknownRecordError: no such live record; those before it are changed.
        """
        with self.lock:
            for record_id in record_ids:
                record = self._need(object_type, record_id)
                changed = {**record.properties, **values}
                self.stores[object_type].put(replace(record, properties=changed))

    def archive(self, object_type: ObjectType, *record_ids: int | str) -> None:
        """Archive live records; nothing else about them changes.

        Raises:
            UnknownRecordError: no such live record.
        """
        with self.lock:
            for record_id in record_ids:
                record = self._need(object_type, record_id)
                self.stores[object_type].put(replace(record, archived_at=self.clock.now_ms()))
                self._recount_around(object_type, record.id)

    def restore(self, object_type: ObjectType, *record_ids: int | str) -> None:
        """Bring archived records back, associations included.

        Raises:
            UnknownRecordError: no such archived record.
        """
        with self.lock:
            for record_id in record_ids:
                record = self._need(object_type, record_id, archived=True)
                now = self.clock.now_ms()
                modified = now if self.habits.restore_bumps_modified else record.modified_at
                self.stores[object_type].put(
                    replace(record, archived_at=None, modified_at=modified)
                )
                self._recount_around(object_type, record.id)

    def merge(self, object_type: ObjectType, primary: int | str, other: int | str) -> str:
        """Merge two live records into one with a new id and return that id.

        The primary's values win; the other's fill what is empty. Reading either old id leads to
        the new record (HubSpot: changelog, merges).

        Raises:
            UnknownRecordError: one of the two is no live record.
            ValueError: both are the same record.
        """
        with self.lock:
            winner, loser = self._need(object_type, primary), self._need(object_type, other)
            if winner.id == loser.id:
                raise ValueError("a record can't be merged with itself: give two records")
            store, now = self.stores[object_type], self.clock.now_ms()
            new_id = self._new_id(object_type)
            for old in (winner, loser):
                store.remove(old.id)
                store.merged_into[old.id] = new_id
                self.links.move(object_type, old.id, new_id)
                if self.habits.merge_losers_are_archived:
                    store.put(replace(old, archived_at=now))
            store.put(merged_record(object_type, winner, loser, new_id=new_id, now=now))
            self._recount_around(object_type, new_id)
            return str(new_id)

    def purge(self, object_type: ObjectType, *record_ids: int | str) -> None:
        """Delete records for good, as a privacy deletion does: no listing shows them again.

        Raises:
            UnknownRecordError: no such record, live or archived.
        """
        with self.lock:
            store = self.stores[object_type]
            for record_id in record_ids:
                is_live = store.get(int(record_id)) is not None
                record = self._need(object_type, record_id, archived=not is_live)
                others = self.links.forget(object_type, record.id)
                for old in record.merged_ids:
                    store.remove(old)
                store.forget_merges_into(record.id)
                store.remove(record.id)
                self._recount(_other(object_type), others)

    def associate(
        self, deal_id: int | str, contact_id: int | str, labels: Iterable[str] = ()
    ) -> None:
        """Link a live deal and a live contact, replacing the labels of an existing link.

        Raises:
            UnknownRecordError: one of the two is no live record.
            ValueError: a label the portal doesn't have.
        """
        with self.lock:
            deal, contact = self._need("deals", deal_id), self._need("contacts", contact_id)
            self.links.add(deal.id, contact.id, labels)
            self._relinked(deal.id, contact.id)

    def dissociate(self, deal_id: int | str, contact_id: int | str) -> None:
        """Take the link between a deal and a contact away, where there is one."""
        with self.lock:
            deal, contact = int(deal_id), int(contact_id)
            if contact in self.links.of("deals", deal):
                self.links.remove(deal, contact)
                self._relinked(deal, contact)

    def linked(self, from_type: ObjectType, record_id: int) -> dict[int, tuple[str, ...]]:
        """Return the live records linked with a record, in order of id, with their labels."""
        live = self.stores[_other(from_type)].live
        links = self.links.of(from_type, record_id)
        return {other: links[other] for other in sorted(links) if other in live}

    def count_all_links(self) -> None:
        """Set the counts of associated records of every live record, as after a bulk load."""
        for object_type in OBJECT_TYPES:
            self._recount(object_type, self.stores[object_type].ids())

    def _need(
        self, object_type: ObjectType, record_id: int | str, *, archived: bool = False
    ) -> Record:
        record = self.stores[object_type].get(int(record_id), archived=archived)
        if record is None:
            side = "archived" if archived else "live"
            raise UnknownRecordError(
                f"portal {self.portal_id}: no {side} {object_type} {record_id}"
            )
        return record

    def _new_id(self, object_type: ObjectType) -> int:
        return unused_id(self.stores[object_type], self._random)

    def _changed_values(
        self, object_type: ObjectType, record: Record, changes: Mapping[str, str | None]
    ) -> Mapping[str, str]:
        if not changes:
            return record.properties
        kept = {n: v for n, v in {**record.properties, **changes}.items() if v is not None}
        values = recalculate(object_type, kept, set(changes), self.pipelines)
        if values.get("hs_is_closed") == "true" and values.get("closedate"):
            values["days_to_close"] = days_between(record.created_at, values["closedate"])
        return values

    def _relinked(self, deal_id: int, contact_id: int) -> None:
        ends: tuple[tuple[ObjectType, int], ...] = (("deals", deal_id), ("contacts", contact_id))
        for object_type, record_id in ends:
            self._recount(object_type, [record_id])
            if self.habits.links_bump_modified and record_id in self.stores[object_type].live:
                self.touch(object_type, [record_id])

    def _recount_around(self, object_type: ObjectType, record_id: int) -> None:
        self._recount(object_type, [record_id])
        self._recount(_other(object_type), self.links.of(object_type, record_id))

    def _recount(self, object_type: ObjectType, record_ids: Iterable[int]) -> None:
        """Set the rollup counts of live records; HubSpot does so without a modification."""
        name = _ROLLUPS.get(object_type)
        if name is None or not self.habits.rollups_follow:
            return
        store = self.stores[object_type]
        for record_id in record_ids:
            record = store.live.get(record_id)
            if record is None:
                continue
            count = str(len(self.linked(object_type, record_id)))
            if record.properties.get(name) != count:
                values = {**record.properties, name: count}
                store.put(replace(record, properties=values))


def _other(object_type: ObjectType) -> ObjectType:
    """Return what records of a type are linked with, as far as they are linked at all."""
    return "contacts" if object_type == "deals" else "deals"
