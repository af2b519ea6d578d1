"""Odd values in random places: every other value of every row is stored, and the count is right."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from target.loading import KEYS, new_hub, record, schema

from target_crmhub_postgres.mapping import load_mapping
from target_crmhub_postgres.target import TargetCrmHubPostgres

if TYPE_CHECKING:
    from collections.abc import Iterator

    from databases import TestDatabase
    from target.loading import Hub, Message
    from warm_programs import WarmPrograms

    from target_crmhub_postgres.mapping import Column, Kind

_STREAMS: Final = load_mapping("hubspot", TargetCrmHubPostgres.mapping_folder).streams
#: Records of each stream, and members of each set.
RECORDS, MEMBERS = 12, 2
#: Stands in a message for a number of so many digits, which Python does not write.
DIGITS = "<5,000 digits>"

_TEXT: Final[tuple[Any, ...]] = (5, True, 1.5, ["a"], {"a": "b"}, "x" * 65_537, float("nan"))
_NUMBER: Final[tuple[Any, ...]] = (
    "many",
    "1e99999",
    "9" * 5_000,
    DIGITS,
    float("nan"),
    float("inf"),
    False,
    [7],
)
_MOMENT: Final[tuple[Any, ...]] = (
    "soon",
    "2026-13-01T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "2026-02-30",
    1,
    [],
)
#: Kind → values that do not fit it.
ODD: Final[dict[Kind, tuple[Any, ...]]] = {
    "text": _TEXT,
    "joined_text": _TEXT,
    "texts": _TEXT,
    "enumeration": _TEXT,
    "email_pseudonym": _TEXT,
    "email_pseudonyms": _TEXT,
    "phone_pseudonym": (*_TEXT, "call me"),
    "id": (True, 1.5, ["7"], "a@b.example", "+49301234567", "a\tb", "\ud83d", "ü" * 321, " "),
    "integer": (*_NUMBER, 2**31, 0.5),
    "numeric": _NUMBER,
    "boolean": ("maybe", 1, [True], DIGITS),
    "timestamptz": _MOMENT,
    "date": _MOMENT,
}


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One place for a value: a column's first source, or a property."""

    stream: str
    source: str
    kind: Kind
    #: None for a property.
    column: str | None
    #: The array that holds the place, in each of its members.
    array: str | None = None


def _slots() -> Iterator[Slot]:
    for stream in _STREAMS.values():
        for name, kind in stream.properties.items():
            yield Slot(stream=stream.name, source=name, kind=kind, column=None)
        yield from _column_slots(stream.name, stream.columns, None)
        for members in stream.sets:
            yield from _column_slots(stream.name, members.columns, members.field)


def _column_slots(stream: str, columns: tuple[Column, ...], array: str | None) -> Iterator[Slot]:
    for column in columns:
        if not column.must_fit:
            yield Slot(
                stream=stream, source=column.sources[0], kind=column.kind, column=column.name,
                array=array,
            )  # fmt: skip


SLOTS: Final = list(_slots())
#: A place in one record, and which odd value stands there.
PLACES: Final = st.dictionaries(
    st.tuples(st.integers(0, RECORDS - 1), st.sampled_from(SLOTS)),
    st.integers(0, 99),
    max_size=25,
)


def sound(kind: Kind, number: int, hub: Hub) -> tuple[Any, Any]:
    """A value that fits, as it is sent and as it is stored."""
    moment = dt.datetime(2026, 10, 1, 0, 0, number, tzinfo=dt.UTC)
    address, phone = f"{number}@b.example", f"+4930123456{number}"
    values: dict[Kind, tuple[Any, Any]] = {
        "numeric": (f"{number}.25", Decimal(f"{number}.25")),
        "integer": (number, number),
        "boolean": (number % 2 == 0, number % 2 == 0),
        "timestamptz": (zulu(moment), moment),
        "email_pseudonym": (address, hub.pseudonyms.email(address)),
        "email_pseudonyms": (address, [hub.pseudonyms.email(address)]),
        "phone_pseudonym": (phone, hub.pseudonyms.phone(phone)),
        "texts": (f"Buyer {number}", [f"Buyer {number}"]),
    }
    return values.get(kind, (f"Number {number} ü",) * 2)


def zulu(moment: dt.datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


class Expected:
    """Records with odd values, what is stored of them, and how many odd values each path has."""

    def __init__(self, hub: Hub, odd: dict[tuple[int, Slot], int]) -> None:
        self.records: dict[tuple[str, int], dict[str, Any]] = {}
        self.rows: dict[tuple[str, str], dict[str, Any]] = {}
        self.counts: Counter[str] = Counter()
        for number in range(RECORDS):
            for slot in SLOTS:
                self._fill(hub, slot, number, odd.get((number, slot)))

    def messages(self) -> list[Message | str]:
        """The records, each stream's between those of the others."""
        lines = [
            json.dumps(record(stream, **self._of(stream, number)))
            for number in range(RECORDS)
            for stream in _STREAMS
        ]
        return [
            *map(schema, _STREAMS),
            *(line.replace(f'"{DIGITS}"', "7" * 5_000) for line in lines),
        ]

    def _of(self, stream: str, number: int) -> dict[str, Any]:
        return {KEYS[stream]: str(number), **self.records[stream, number]}

    def _fill(self, hub: Hub, slot: Slot, number: int, odd: int | None) -> None:
        sent, stored = sound(slot.kind, number + 10, hub)
        if odd is not None:
            choices = ODD[slot.kind]
            sent, stored = choices[odd % len(choices)], [] if slot.kind == "texts" else None
            path = slot.column if sent == "call me" else slot.source
            path = path if slot.array is None else f"{slot.array}.{path}"
            self.counts[f"{slot.stream}.{path}"] += 1 if slot.array is None else MEMBERS
        fields = self.records.setdefault((slot.stream, number), {})
        if slot.array is None:
            fields[slot.source] = sent
            self._expect(_STREAMS[slot.stream].table, str(number), slot, stored)
            return
        members = fields.setdefault(slot.array, [{"id": str(each)} for each in range(MEMBERS)])
        [table] = [each.table for each in _STREAMS[slot.stream].sets if each.field == slot.array]
        for each in members:
            outer, _, inner = slot.source.partition(".")
            each[outer] = [{inner: sent}] if inner else sent
            self._expect(table, f"{number} {each['id']}", slot, stored)

    def _expect(self, table: str | None, key: str, slot: Slot, stored: object) -> None:
        assert table is not None
        row = self.rows.setdefault((table, key), {})
        if slot.column is not None:
            row[slot.column] = stored
        elif stored is not None:
            stored = zulu(stored) if isinstance(stored, dt.datetime) else stored
            row.setdefault("properties", {})[slot.source] = stored


def stored_rows(hub: Hub, expected: Expected) -> dict[tuple[str, str], dict[str, Any]]:
    """What the tables hold in the columns that are expected."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for stream in _STREAMS.values():
        keys = {stream.table: [stream.key.column]} if stream.table else {}
        keys |= {each.table: [each.owner.column, each.member.column] for each in stream.sets}
        for table, key in keys.items():
            for row in hub.rows(table):
                place = table, " ".join(row[column] for column in key)
                found[place] = {name: row[name] for name in expected.rows[place]}
    return found


def warned(stderr: str) -> Counter[str]:
    """How many odd values the warning tells of, by stream and path."""
    [*_, warning] = [line for line in stderr.splitlines() if "read as null" in line] or [""]
    if not warning:
        return Counter()
    assert stderr.count("read as null") == 1
    counts: Counter[str] = Counter()
    for place in warning.partition("is stored: ")[2].split("; "):
        path = place.split(" ", maxsplit=1)[0]
        [times] = re.findall(r"\((once|\d+ times)[^()]*\)$", place)
        counts[path] += 1 if times == "once" else int(times.split()[0])
    assert f"read as null: {counts.total()}; " in warning
    return counts


@pytest.fixture(scope="module")
def any_hub(shared_database: TestDatabase, programs: WarmPrograms) -> Hub:
    """What each example has a connection of its own beside."""
    return new_hub(shared_database, programs).having(owner_names="keep")


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(odd=PLACES)
def test_odd_values_cost_themselves_and_are_counted(
    any_hub: Hub, odd: dict[tuple[int, Slot], int]
) -> None:
    hub = any_hub.another()
    expected = Expected(hub, odd)
    ended = hub.run(expected.messages())
    assert ended.status == 0, ended.stderr
    assert stored_rows(hub, expected) == expected.rows
    assert warned(ended.stderr) == expected.counts
