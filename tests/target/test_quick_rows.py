"""The quick way from a line to a row gives what the full way gives, or leaves it to that one."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import msgspec
import phonenumbers
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_crmhub_postgres.errors import InvalidRecordError
from target_crmhub_postgres.hashing import Hashing
from target_crmhub_postgres.mapping import load_mapping
from target_crmhub_postgres.odd_values import OddValues
from target_crmhub_postgres.packing import RowFormat, copy_blocks, packed_moment
from target_crmhub_postgres.pii import Pseudonyms, normalised_phone
from target_crmhub_postgres.quick_messages import QuickDecoder
from target_crmhub_postgres.quick_rows import QuickReader
from target_crmhub_postgres.rows import RecordReader, row_columns

if TYPE_CHECKING:
    from databases import TestDatabase

    from target_crmhub_postgres.mapping import Kind
    from target_crmhub_postgres.quick_messages import QuickMessage

READ_AT: Final = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
TYPES: Final[dict[Kind, int]] = {
    "email_pseudonym": psycopg.postgres.types["bytea"].oid,
    "phone_pseudonym": psycopg.postgres.types["bytea"].oid,
    "email_pseudonyms": psycopg.postgres.types["bytea"].array_oid,
    "timestamptz": psycopg.postgres.types["timestamptz"].oid,
    "boolean": psycopg.postgres.types["bool"].oid,
    "numeric": psycopg.postgres.types["numeric"].oid,
    "text": psycopg.postgres.types["text"].oid,
}
MAPPING = load_mapping("hubspot").with_choices(
    kept_properties={"contacts": ["custom.one", "2nd"], "deals": ["class"]},
    choices={"deal_names": "keep"},
)
DECODER = QuickDecoder(MAPPING)


class BothWays:
    """Both readers of one stream."""

    def __init__(self, name: str) -> None:
        self.stream = MAPPING.streams[name]
        self.odd_values = OddValues()
        hashing = Hashing(
            pseudonyms=Pseudonyms(org_id=uuid.UUID(int=1), salt="a salt for tests"),
            phone_region=None,
            odd_values=self.odd_values,
        )
        text = TYPES["text"]
        types = {column.name: TYPES.get(column.kind, text) for column in self.stream.columns}
        types |= {
            "external_id": text,
            "properties": psycopg.postgres.types["jsonb"].oid,
            "hash_version": psycopg.postgres.types["int2"].oid,
            "source_read_at": TYPES["timestamptz"],
        }
        self.form = RowFormat(row_columns(self.stream), types)
        self.full = RecordReader(
            stream=self.stream, mapping=MAPPING, hashing=hashing, odd_values=self.odd_values
        )
        self.quick = QuickReader(
            stream=self.stream,
            mapping=MAPPING,
            shape=DECODER.shapes[name],
            types=types,
            hashing=hashing,
            odd_values=self.odd_values,
        )

    def quickly(self, record: dict[str, Any]) -> tuple[Any, ...] | None:
        """Key, order, row and odd values by the quick way; None where it declines."""
        message = self.decoded(record)
        self.odd_values.counts.clear()
        read_at = packed_moment(READ_AT)
        [found] = self.quick.read([message.record], [read_at]) if message else [None]
        if not found:
            assert not self.odd_values.counts
            return None
        fields = fields_of(found.row, row_columns(self.stream))
        return found.key, found.updated_at, fields, dict(self.odd_values.counts)

    def decoded(self, record: dict[str, Any]) -> QuickMessage | None:
        """The record as the quick decoder gives it; None where it declines."""
        line = json.dumps({"type": "RECORD", "stream": self.stream.name, "record": record})
        return DECODER.decode(line.encode())

    def together(self, records: list[dict[str, Any]]) -> list[tuple[Any, ...] | None]:
        """Key, order and row of records that are read at once; None where one is declined."""
        messages = [message for each in records if (message := self.decoded(each))]
        read_at = packed_moment(READ_AT)
        rows = self.quick.read([each.record for each in messages], [read_at] * len(messages))
        columns = row_columns(self.stream)
        return [
            None if row is None else (row.key, row.updated_at, fields_of(row.row, columns))
            for row in rows
        ]

    def in_full(self, record: dict[str, Any]) -> tuple[Any, ...] | None:
        """The same by the full way; None where it refuses."""
        self.odd_values.counts.clear()
        exact = msgspec.json.Decoder(float_hook=Decimal).decode(json.dumps(record))
        try:
            found = self.full.read(exact, READ_AT)
        except InvalidRecordError:
            return None
        assert found.row is not None
        fields = fields_of(self.form.pack(found.row), row_columns(self.stream))
        return found.key, found.order[0], fields, dict(self.odd_values.counts)


def fields_of(row: bytes, columns: list[str]) -> dict[str, Any]:
    """The fields of a packed row: properties as JSON with exact numbers, others as bytes."""
    fields: dict[str, Any] = {}
    assert int.from_bytes(row[:2], "big") == len(columns)
    place = 2
    for name in columns:
        length = int.from_bytes(row[place : place + 4], "big", signed=True)
        place += 4
        data = None if length < 0 else row[place : place + length]
        place += max(length, 0)
        if name == "properties" and data is not None:
            fields[name] = json.loads(data[1:], parse_float=Decimal)
        else:
            fields[name] = data
    assert place == len(row)
    return fields


CONTACTS, DEALS = BothWays("contacts"), BothWays("deals")

#: What any field may hold, right or wrong.
ANYTHING = (
    st.none()
    | st.booleans()
    | st.integers(-(10**6), 10**6)
    | st.sampled_from([2**63, -(2**63), 10**30, 10**1001])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from([
        "", "0", "12.50", "1e3", "1_000", "NaN", "true", "FALSE", "a\0b", "\ud83d", "x y",
        "ann@example.com", "call +49 30 12345678", "+493012345678", "+49 (0)30 1234-5678",
        "+49 151 22727969", "030 1234567", "Ann@B\u00dcRO.example", "a@b.example;c@d.example",
        "2026-11-01", "2026-11-01T10:00:00Z", "2026-11-01T10:00:00.1234567Z",
        "2026-11-01t10:00:00z", "2026-11-01T10:00:00+02:00", "2026-11-01T10:00:00",
        "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-W01-1T10:00:00.105Z",
        "10000-01-01T00:00:00Z", "71280011", "1" * 300, "x" * 65_537,
    ])
    | st.lists(st.integers(), max_size=1)
    | st.dictionaries(st.just("a"), st.text(max_size=3), max_size=1)
)  # fmt: skip


def records(ways: BothWays) -> st.SearchStrategy[dict[str, Any]]:
    names = sorted(
        {source for column in ways.stream.columns for source in column.sources}
        | set(ways.stream.properties)
        | {"unmapped"}
    )
    others = st.dictionaries(st.sampled_from(names), ANYTHING, max_size=6)
    sound = st.fixed_dictionaries({
        "id": st.integers(0, 10**12).map(str) | ANYTHING,
        "updatedAt": st.datetimes().map(lambda moment: f"{moment.isoformat()}Z") | ANYTHING,
    })  # fmt: skip
    return st.builds(lambda other, right: {**other, **right}, others, sound)


@pytest.mark.parametrize("ways", [CONTACTS, DEALS], ids=["contacts", "deals"])
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_the_quick_way_gives_what_the_full_way_gives(ways: BothWays, data: st.DataObject) -> None:
    record = data.draw(records(ways))
    quick = ways.quickly(record)
    if quick is not None:
        assert quick == ways.in_full(record)


@pytest.mark.parametrize("ways", [CONTACTS, DEALS], ids=["contacts", "deals"])
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_records_are_read_together_as_each_by_itself(ways: BothWays, data: st.DataObject) -> None:
    drawn = data.draw(st.lists(records(ways), min_size=2, max_size=6))
    read = [record for record in drawn if ways.decoded(record)]
    alone = [(quick := ways.quickly(record)) and quick[:3] for record in read]
    assert ways.together(read) == alone


@pytest.mark.parametrize(
    ("ways", "fields"),
    [
        (CONTACTS, {"email": " Ann@Example.COM ", "phone": "030 1", "num_notes": 3}),
        (CONTACTS, {"mobilephone": "+49 151 22727969", "recent_deal_amount": 19999999999999.99}),
        (CONTACTS, {"notes_last_contacted": "2026-10-31T23:00:00+01:00", "hs_persona": ""}),
        (CONTACTS, {"hs_additional_emails": "a@b.example;c@d.example", "custom.one": "+49 30 123"}),
        (CONTACTS, {"2nd": [], "email": None} | {"2nd": True}),
        (DEALS, {"amount": "12.50", "dealname": "For ann@example.com", "class": 7}),
    ],
)
def test_ordinary_records_go_the_quick_way(ways: BothWays, fields: dict[str, Any]) -> None:
    record = {"id": "1", "updatedAt": "2026-10-31T10:00:00.5Z", "archived": None, **fields}
    quick = ways.quickly(record)
    assert quick is not None
    assert quick == ways.in_full(record)


@pytest.mark.parametrize(
    "fields",
    [
        {"mergedInto": "2"},
        {"email": 5},
        {"updatedAt": None},
        {"hs_persona": "a\0b"},
        {"id": "a b"},
        {"num_notes": "many"},
        {"phone": "030 1", "num_notes": "many"},
        {"hubspot_owner_id": "ann@example.com"},
        {"createdAt": "2026-13-01"},
    ],
)
def test_what_is_out_of_the_ordinary_is_left_to_the_full_way(fields: dict[str, Any]) -> None:
    record = {"id": "1", "updatedAt": "2026-10-31T10:00:00Z", **fields}
    assert CONTACTS.quickly(record) is None


@settings(max_examples=200, deadline=None)
@given(
    code=st.sampled_from(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)) | st.integers(1, 999),
    groups=st.lists(st.text("0123456789", min_size=1, max_size=5), min_size=1, max_size=6),
    marks=st.lists(st.sampled_from(["", " ", "-", ".", " (", ")", ") "]), min_size=6, max_size=6),
)
def test_punctuated_phone_numbers_become_what_the_library_makes_of_them(
    code: int, groups: list[str], marks: list[str]
) -> None:
    written = "".join(part for pair in zip(marks, groups, strict=False) for part in pair)
    number = f"+{code}{written}" if marks[0] else f"+{code} {written}"
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        expected = None
    else:
        form = phonenumbers.PhoneNumberFormat.E164
        possible = phonenumbers.is_possible_number(parsed)
        expected = phonenumbers.format_number(parsed, form) if possible else None
    assert normalised_phone(number) == expected


def test_packed_rows_are_what_postgresql_reads(database: TestDatabase) -> None:
    values = (
        "text\u00e9", b"\0\xff", [b"\x01", b"\x02"], True, Decimal("-12345678901234.5678"),
        7, dt.datetime(1, 1, 1, tzinfo=dt.UTC), b'{"a":0.10}', None, ["x", "y"],
    )  # fmt: skip
    names = ("text", "bytea", "bytea[]", "bool", "numeric", "int2", "timestamptz", "jsonb",
             "int4", "text[]")  # fmt: skip
    registry = psycopg.postgres.types
    oids = {
        name: registry[name[:-2]].array_oid if name.endswith("[]") else registry[name].oid
        for name in names
    }
    with psycopg.connect(database.url) as connection:
        connection.execute(
            "create temporary table all_types (a text, b bytea, c bytea[], d bool, e numeric, "
            "f int2, g timestamptz, h jsonb, i int4, j text[])"
        )
        row = RowFormat(names, oids).pack(values)
        with connection.cursor().copy("copy all_types from stdin (format binary)") as copy:
            for block in copy_blocks([row] * 1_001):
                copy.write(block)
        found = connection.execute("select distinct on (a) *, h::text from all_types").fetchone()
        count = connection.execute("select count(*) from all_types").fetchone()
    assert count == (1_001,)
    assert found is not None
    assert found[:7] == values[:7]
    assert found[8:] == (None, ["x", "y"], '{"a": 0.10}')
