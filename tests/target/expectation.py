"""What the tables hold after a stream of messages, by the rules of the README and without SQL."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target.loading import Message

#: A table and a key in it.
Place: TypeAlias = tuple[str, str]
#: What stands there; None for nothing.
Content: TypeAlias = tuple[Any, ...] | None

#: Stream → fields that are compared, apart from what a tombstone leaves.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "contacts": ("lifecyclestage", "num_notes"),
    "deals": ("dealname", "amount", "pipeline"),
    "pipelines": ("label",),
}
#: Stream → the array in its records that is replaced as a whole.
SETS = {"deal_contacts": "contacts", "pipelines": "stages"}
#: Stream → the field that identifies its records.
KEYS = defaultdict(lambda: "id", deal_contacts="deal_id")


def moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


@dataclass(kw_only=True)
class Expectation:
    """The tables after the messages so far."""

    #: (stream, key) → (order, archived, tombstone's survivor, compared values).
    rows: dict[Place, tuple[Any, bool, str | None, Content]] = field(default_factory=dict)
    #: (stream, key) → (read, members with what is compared of them).
    sets: dict[Place, tuple[Any, frozenset[Any]]] = field(default_factory=dict)
    seen: set[tuple[str, int, str]] = field(default_factory=set)
    activated: dict[str, int] = field(default_factory=dict)

    def take(self, message: Message) -> None:
        """Let one message happen."""
        match message["type"]:
            case "RECORD":
                self._take_record(message)
            case "ACTIVATE_VERSION" if self._is_new(message):
                self._activate(message["stream"], message["version"])
            case _:
                pass

    def contents(self) -> dict[Place, Content]:
        """Everything that is compared, by table and key."""
        places = [*self.rows, *((f"set of {stream}", key) for stream, key in self.sets)]
        return {place: content for place in places if (content := self.content(place)) is not None}

    def content(self, place: Place) -> Content:
        """What stands at a place."""
        stream, key = place
        if stream.startswith("set of "):
            _, members = self.sets.get((stream.removeprefix("set of "), key), (None, frozenset()))
            return tuple(sorted(members)) or None
        if place not in self.rows:
            return None
        _, archived, survivor, values = self.rows[place]
        return (archived, survivor, *(values or ()))

    def _take_record(self, message: Message) -> None:
        stream, record = message["stream"], message["record"]
        place = (stream, record[KEYS[stream]])
        read = moment(message["time_extracted"])
        if self._is_new(message):
            self.seen.add((stream, message["version"], place[1]))
        if stream in FIELDS:
            order = (moment(record["updatedAt"]), read) if "updatedAt" in record else (read,)
            if place not in self.rows or self.rows[place][0] <= order:
                survivor = record.get("mergedInto")
                values = tuple(record.get(name) for name in FIELDS[stream])
                if survivor is not None:
                    values = (None,) * len(values)
                self.rows[place] = (order, record.get("archived", False), survivor, values)
        if stream in SETS and (place not in self.sets or self.sets[place][0] <= read):
            members = frozenset(map(_member, record[SETS[stream]]))
            self.sets[place] = (read, members)

    def _is_new(self, message: Message) -> bool:
        version = message.get("version")
        return version is not None and version > self.activated.get(message["stream"], -1)

    def _activate(self, stream: str, version: int) -> None:
        if stream == "deal_contacts":
            gone = {
                key
                for _, key in self._places(self.sets, stream)
                if (stream, version, key) not in self.seen and not self._is_archived("deals", key)
            }
        else:
            gone = {
                key
                for _, key in self._places(self.rows, stream)
                if (stream, version, key) not in self.seen and not self._is_archived(stream, key)
            }
        for key in gone:
            self.rows.pop((stream, key), None)
            self.sets.pop((stream, key), None)
            if stream == "deals":
                self.sets.pop(("deal_contacts", key), None)
        if stream == "contacts":
            for place in self._places(self.sets, "deal_contacts"):
                read, members = self.sets[place]
                self.sets[place] = (read, frozenset(m for m in members if m[0] not in gone))
        self.activated[stream] = version
        self.seen = {each for each in self.seen if each[0] != stream or each[1] > version}

    def _places(self, places: Mapping[Place, object], stream: str) -> list[Place]:
        return [place for place in places if place[0] == stream]

    def _is_archived(self, stream: str, key: str) -> bool:
        """Whether it is kept though a full pass does not show it: archived, or a tombstone."""
        row = self.rows.get((stream, key))
        return row is not None and (row[1] or row[2] is not None)


def _member(member: Mapping[str, Any]) -> tuple[str, str]:
    label = member["label"] if "label" in member else member["types"][0]["label"]
    return member["id"], label
