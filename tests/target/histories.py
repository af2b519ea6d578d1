"""Random histories: what several runs of a tap send, from a source that changes all the while.

Versions come twice, late and out of order, rows vanish without a word, full passes take one run or
two. A run's lines may be sent again from any of its states, as a killed run's are.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from target.expectation import KEYS
from target.loading import activate, record, schema, state

if TYPE_CHECKING:
    import random

    from target.loading import Message

STREAMS = ("contacts", "deals", "deal_contacts", "pipelines")
STAGES = ("lead", "customer", "subscriber", "opportunity")
#: Keys of each stream at first; a sweep of so few is never stopped by the brake.
AT_FIRST = {"contacts": 60, "deals": 40, "pipelines": 3}
_BEGIN = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


def openings() -> list[Message]:
    """What every run begins with."""
    return [schema(stream) for stream in STREAMS]


@dataclass(kw_only=True)
class Source:
    """The CRM and the tap that reads it."""

    dice: random.Random
    #: Stream → key → number of its last change.
    alive: dict[str, dict[str, int]] = field(default_factory=dict)
    archived: set[tuple[str, str]] = field(default_factory=set)
    #: Deals that were without contacts once.
    emptied: set[str] = field(default_factory=set)
    #: Stream → version of its full pass; a new one begins with a run.
    versions: dict[str, int] = field(default_factory=dict)
    #: Stream → keys that its full pass has not listed yet.
    unlisted: dict[str, list[str]] = field(default_factory=dict)
    _changes: int = 0
    _reads: int = 0
    _names: int = 0

    def __post_init__(self) -> None:
        """Begin with some rows."""
        for stream, count in AT_FIRST.items():
            self.alive[stream] = {}
            for _ in range(count):
                self._create(stream)

    def run(self, edits: int) -> list[Message]:
        """What one run of the tap sends, states and all, after some rows vanished."""
        for stream in ("contacts", "deals"):
            for key in self.dice.sample(sorted(self.alive[stream]), 3):
                del self.alive[stream][key]
        begun = {stream for stream in STREAMS if self.dice.random() < 0.7}
        for stream in begun - self.unlisted.keys():
            self.versions[stream] = self.versions.get(stream, 0) + 1
        lines: dict[str, list[Message]] = {}
        for stream in STREAMS:
            lines[stream] = self._changes_of(stream, edits)
            if stream in begun | self.unlisted.keys():
                lines[stream] += self._pass_of(stream)
            # What is edited after the end of the pass carries its version all the same.
            lines[stream] += self._changes_of(stream, edits // 4)
        if self.dice.random() < 0.5:
            return self._with_states(self._interleaved(lines))
        return self._with_states(
            [line for each in lines.values() for line in self._unsettled(each)]
        )

    def _interleaved(self, lines: dict[str, list[Message]]) -> list[Message]:
        """Several streams' lines in one order."""
        order = [stream for stream, each in lines.items() for _ in each]
        self.dice.shuffle(order)
        queues = {stream: iter(self._unsettled(each)) for stream, each in lines.items()}
        return [next(queues[stream]) for stream in order]

    def _unsettled(self, lines: list[Message]) -> list[Message]:
        """One stream's lines, some of them late, but not after the end of a pass."""
        settled: list[Message] = []
        held: list[Message] = []
        for line in lines:
            if line["type"] != "RECORD":
                settled += [*held, line]
                held = []
                continue
            if self.dice.random() < 0.15:
                held.append(line)
            else:
                settled.append(line)
            if held and self.dice.random() < 0.1:
                settled.append(held.pop(self.dice.randrange(len(held))))
        return settled + held

    def _with_states(self, lines: list[Message]) -> list[Message]:
        told: list[Message] = []
        for line in lines:
            told.append(line)
            if line["type"] == "ACTIVATE_VERSION" or self.dice.random() < 0.05:
                told.append(state(line=len(told) + 1))
        return [*told, state(line=len(told) + 1)]

    def _changes_of(self, stream: str, edits: int) -> list[Message]:
        changed: list[Message] = []
        for _ in range(edits):
            if stream == "deal_contacts":
                changed.append(self._read_set(self._some("deals")))
                continue
            match self.dice.randrange(20):
                case 0 | 1 | 2:
                    key = self._create(stream)
                case 3 if stream != "pipelines":
                    changed.append(self._merge(stream))
                    continue
                case 4 if stream != "pipelines":
                    key = self._some(stream)
                    self.archived ^= {(stream, key)}
                    self._touch(stream, key)
                case 5 | 6 | 7:
                    key = self._some(stream)  # read again, unchanged
                case _:
                    key = self._some(stream)
                    self._touch(stream, key)
            changed.append(self._read(stream, key))
            if self.dice.random() < 0.1:
                changed.append(changed[-1])
        return changed

    def _pass_of(self, stream: str) -> list[Message]:
        """All of a full pass, its first or its second half."""
        keys = sorted(self.alive["deals" if stream == "deal_contacts" else stream])
        if stream in self.unlisted:
            left = set(self.unlisted.pop(stream))
            listed = [key for key in keys if key in left]
        elif self.dice.random() < 0.4:
            half = len(keys) // 2
            listed, self.unlisted[stream] = keys[:half], keys[half:]
        else:
            listed = keys
        read = self._read_set if stream == "deal_contacts" else lambda key: self._read(stream, key)
        lines = [read(key) for key in listed]
        if stream in self.unlisted:
            return lines
        return [*lines, activate(stream, self.versions[stream])]

    def _read(self, stream: str, key: str) -> Message:
        number = self.alive[stream][key]
        if stream == "pipelines":
            return self._record(stream, id=key, label=f"Pipeline {self._read_count()}", stages=[
                {"id": str(place), "label": f"Stage {self._reads}"}
                for place in range(self.dice.randrange(1, 4))
            ])  # fmt: skip
        fields: dict[str, Any] = {
            "id": key,
            "updatedAt": _time(number, hours=0),
            "archived": (stream, key) in self.archived,
        }
        if stream == "contacts":
            fields |= {
                "email": f"{key}@example.com",
                "lifecyclestage": STAGES[number % 4],
                "num_notes": number,
            }
        else:
            fields |= {"dealname": f"Deal {number}", "amount": number, "pipeline": "1"}
        return self._record(stream, **fields)

    def _read_set(self, deal: str) -> Message:
        # No two reads find the same set, so each deal is found without contacts once at most: the
        # README says what is known of a set, or a row, that was read again unchanged.
        fewest = 1 if deal in self.emptied else 0
        members = self.dice.sample(sorted(self.alive["contacts"]), self.dice.randrange(fewest, 4))
        if not members:
            self.emptied.add(deal)
        types = [{"label": f"Set {self._read_count()}"}]
        return self._record(
            "deal_contacts", deal_id=deal, contacts=[{"id": id_, "types": types} for id_ in members]
        )

    def _merge(self, stream: str) -> Message:
        loser, survivor = self.dice.sample(sorted(self.alive[stream]), 2)
        self._touch(stream, survivor)
        del self.alive[stream][loser]
        updated = _time(self.alive[stream][survivor], hours=0)
        return self._record(stream, id=loser, updatedAt=updated, archived=True, mergedInto=survivor)

    def _record(self, stream: str, **fields: Any) -> Message:  # noqa: ANN401 - any record
        version = self.versions.get(stream)
        self._read_count()
        message = record(stream, _time(self._reads, hours=24), **fields)
        if stream in {"deal_contacts", "pipelines"}:
            message["record"] = fields
        assert message["record"][KEYS[stream]]
        return message if version is None else message | {"version": version}

    def _create(self, stream: str) -> str:
        self._names += 1
        self._touch(stream, str(self._names))
        return str(self._names)

    def _touch(self, stream: str, key: str) -> None:
        self._changes += 1
        self.alive[stream][key] = self._changes

    def _some(self, stream: str) -> str:
        return self.dice.choice(sorted(self.alive[stream]))

    def _read_count(self) -> int:
        self._reads += 1
        return self._reads


def _time(number: int, *, hours: int) -> str:
    return (_BEGIN + dt.timedelta(hours=hours, seconds=number)).isoformat()
