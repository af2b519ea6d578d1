"""A consumer that applies the tap's messages by the rules that CRM Hub's target follows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

#: Stream to the field that identifies its records, in the order of a run.
KEYS = {
    "pipelines": "id",
    "owners": "id",
    "contacts": "id",
    "deals": "id",
    "deal_contacts": "deal_id",
}
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Held:
    """A stored record and the order of its version: (updatedAt, time_extracted)."""

    record: Mapping[str, Any]
    order: tuple[datetime, datetime]

    @property
    def is_live(self) -> bool:
        """Whether it is neither archived nor a tombstone."""
        return not self.record.get("archived") and self.record.get("mergedInto") is None


@dataclass(kw_only=True)
class Consumer:
    """What a target holds, across runs that may be killed, and the state it hands back."""

    rows: dict[str, dict[str, Held]] = field(default_factory=lambda: {name: {} for name in KEYS})
    #: The last state that was stored.
    state: dict[str, Any] | None = None
    #: Of each stream and version, the keys that came with it.
    _seen: defaultdict[tuple[str, int], set[str]] = field(default_factory=lambda: defaultdict(set))
    #: The version of each stream's last sweep.
    _activated: dict[str, int] = field(default_factory=dict)

    def apply(self, messages: Iterable[Mapping[str, Any]]) -> None:
        """Take the messages of one run, in order; states are the caller's to store."""
        known: set[str] = set()
        for message in messages:
            stream = message.get("stream", "")
            match message["type"]:
                case "SCHEMA":
                    known.add(stream)
                case "RECORD":
                    assert stream in known, "a record came before its schema"
                    self._take(stream, message)
                case "ACTIVATE_VERSION":
                    self._activate(stream, message["version"], message.get("kept", ()))
                case other:
                    assert other == "STATE"

    def _take(self, stream: str, message: Mapping[str, Any]) -> None:
        record, version = message["record"], message["version"]
        key = record[KEYS[stream]]
        if version > self._activated.get(stream, -1):
            self._seen[stream, version].add(key)
        updated_at = record.get("updatedAt") if stream in {"contacts", "deals", "owners"} else None
        order = (
            datetime.fromisoformat(updated_at) if updated_at else _NEVER,
            datetime.fromisoformat(message["time_extracted"]),
        )
        held = self.rows[stream].get(key)
        # A row that would not change is not written, so it keeps its earlier time.
        if held is None or (held.order <= order and held.record != record):
            self.rows[stream][key] = Held(record=record, order=order)

    def _activate(self, stream: str, version: int, kept: Collection[str]) -> None:
        if version > self._activated.get(stream, -1):
            seen = self._seen[stream, version].union(kept)
            unseen = [key for key in self.rows[stream] if key not in seen]
            for key in unseen:
                if self._may_go(stream, key):
                    del self.rows[stream][key]
                    self._drop_links(stream, key)
            self._activated[stream] = version
        for name, earlier in list(self._seen):
            if name == stream and earlier <= version:
                del self._seen[name, earlier]

    def _may_go(self, stream: str, key: str) -> bool:
        """Archived rows and tombstones are kept, and the links of such deals."""
        if stream == "deal_contacts":
            deal = self.rows["deals"].get(key)
            return deal is None or not deal.record.get("archived")
        return self.rows[stream][key].is_live

    def _drop_links(self, stream: str, key: str) -> None:
        """A deleted deal or contact takes its links along."""
        sets = self.rows["deal_contacts"]
        if stream == "deals":
            sets.pop(key, None)
        elif stream == "contacts":
            for deal_id, held in sets.items():
                contacts = held.record["contacts"]
                if any(item["id"] == key for item in contacts):
                    left = [item for item in contacts if item["id"] != key]
                    record = {"deal_id": deal_id, "contacts": left}
                    sets[deal_id] = Held(record=record, order=held.order)
