"""Property definitions to JSON Schema, and values without loss."""

from __future__ import annotations

import logging
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from singer_sdk.singerlib.json import serialize_json

from tap_hubspot_crm.definitions import PropertyDefinition
from tap_hubspot_crm.properties import object_schema, shadowed_names, value_schema
from tap_hubspot_crm.property_names import names_that_differ_by_case
from tap_hubspot_crm.record_lines import as_dictionary
from tap_hubspot_crm.records import RecordShape
from tap_hubspot_crm.rows import RowReader
from tap_hubspot_crm.values import MOST_DIGITS

FIFTY_DIGITS = "0.200000000000000011102230246251565404236316680908203125"


def _definition(name: str, kind: str) -> PropertyDefinition:
    return PropertyDefinition(name=name, type=kind)


def _shape(*definitions: PropertyDefinition) -> RecordShape:
    schemas = object_schema(definitions)["properties"]
    return RecordShape(stream="deals", definitions=definitions, schemas=schemas)


def _value(kind: str, text: str | None) -> object:
    return _record(_shape(_definition("x", kind)), {"x": text})["x"]


def _record(shape: RecordShape, properties: dict[str, str | None]) -> dict[str, Any]:
    reader = RowReader(properties, "lastmodifieddate")
    item = {"id": "1", "updatedAt": "2026-01-02T00:00:00.000Z", "properties": properties}
    [record] = shape.records(reader.rows([item]))
    return as_dictionary(record)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("number", "12", Decimal(12)),
        ("number", "-0.5", Decimal("-0.5")),
        ("number", "", None),
        ("number", None, None),
        ("bool", "true", True),
        ("bool", "False", False),
        ("bool", "", None),
        ("date", "2026-11-22", "2026-11-22"),
        ("date", "1795305600000", "2026-11-22"),
        ("date", "1795305600000.0", "2026-11-22"),
        ("date", "2026-11-22T23:00:00-05:00", "2026-11-22"),
        ("date", "20240115", "2024-01-15"),
        ("datetime", "2026-11-22T10:00:00.123Z", "2026-11-22T10:00:00.123Z"),
        ("datetime", "2026-11-22T10:00:00.123456789Z", "2026-11-22T10:00:00.123456789Z"),
        ("datetime", "2026-11-22T10:00:00", "2026-11-22T10:00:00.000Z"),
        ("datetime", "2026-11-22 10:00Z", "2026-11-22T10:00:00.000Z"),
        ("datetime", "2026-11-22T10:00:00.000001+0200", "2026-11-22T10:00:00.000001+02:00"),
        ("datetime", "2026-11-22", "2026-11-22T00:00:00.000Z"),
        ("datetime", "20240115", "2024-01-15T00:00:00.000Z"),
        ("datetime", "1795341600123", "2026-11-22T10:00:00.123Z"),
        ("datetime", "1600000000000.0", "2020-09-13T12:26:40.000Z"),
        ("datetime", "1.6E12", "2020-09-13T12:26:40.000Z"),
        ("datetime", "-10000000000", "1969-09-07T06:13:20.000Z"),
        # Python alone would read this time of 2034 as ten past five of a day in 2024.
        ("datetime", "2024011551030", "2034-02-20T01:25:51.030Z"),
        ("enumeration", "a;b", "a;b"),
        ("string", "", None),
        ("string", " ", " "),
        ("phone_number", "+1 2", "+1 2"),
        ("json", '{"a": 1}', '{"a": 1}'),
        ("nobody_saw_this", "5", "5"),
    ],
)
def test_a_value_takes_the_type_of_its_property(kind: str, text: str | None, value: object) -> None:
    assert _value(kind, text) == value


@pytest.mark.parametrize(
    "text",
    [
        "19999999999999.99",
        FIFTY_DIGITS,
        "123456789012345678901234567890",
        "-1E+40",
        "0.10",
        "9" * MOST_DIGITS,
        f"0.{'1' * MOST_DIGITS}",
    ],
)
def test_a_number_is_written_with_every_digit(text: str) -> None:
    assert serialize_json({"x": _value("number", text)}) == f'{{"x":{text}}}'


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("number", "ann@example.com"),
        ("number", "NaN"),
        ("number", "Infinity"),
        ("number", "1_000"),
        ("number", "1,5"),
        ("number", "1e99999999999999999999"),
        ("number", "1E1000000000"),
        ("number", "0E1000000000"),
        ("number", "1E-1000000000"),
        ("number", "9" * 5_000),
        ("number", f"0.{'1' * 5_000}"),
        ("number", "1342177280001;1373637280002"),
        ("boolean", "perhaps"),
        ("date", "0000-01-01"),
        ("date", "2026-11-22 and more"),
        ("date", "9" * 30),
        ("date", "20241301"),
        ("date", "2024"),
        ("date", "0"),
        ("date", "2026-W47-7"),
        ("date-time", "soon"),
        ("date-time", "1705276800"),
        ("date-time", "-9999999999"),
        ("date-time", "20240115.0"),
        ("date-time", "1.6E1000000000"),
        ("date-time", "1342177280001;1373637280002"),
        ("date-time", "2026-11-22T25:00:00Z"),
    ],
)
def test_a_value_of_another_type_becomes_null_with_one_warning_that_counts_and_never_quotes(
    kind: str, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    shape = _shape(_definition("x", {"boolean": "bool", "date-time": "datetime"}.get(kind, kind)))
    with caplog.at_level(logging.WARNING):
        assert _record(shape, {"x": text})["x"] is None
        assert _record(shape, {"x": text})["x"] is None
        assert not caplog.records
        shape.tell_misfits()
        shape.tell_misfits()
    [told] = [record.getMessage() for record in caplog.records]
    assert (
        told == f"deals: 2 values of property x are not of its type {kind}; they were sent as null"
    )


#: Of each type: what HubSpot writes, what it wrote long ago, and what is not of the type.
_TEXTS = {
    "number": (
        "12", "-0.5", "007", ".5", "+3", "1e5", "1e99999", "1,2", "1 ", "1\n", "null", "1]", "x",
        "٣", "1_0", "1;2", "9" * MOST_DIGITS, "9" * 309, "1E308", "1E1000000000", "-0",
    ),
    "bool": ("true", "false", "TRUE", "yes"),
    "date": (
        "2026-11-22", "1795305600000", "2026-11-22T10:00:00Z", "2026-13-01", "20240115", "20241301",
        "1.6E12", "2024",
    ),
    "datetime": (
        "2026-11-22T10:00:00.123Z", "2026-11-22T10:00:00Z", "2026-11-22T10:00:00",
        "2026-11-22T10:00:00+02:00", "1795341600123", "2026-11-22", "Z", "soon", "1600000000000.0",
        "2026-11-22 10:00:00Z", "2026-11-22Z10:00:00Z", "2026-11-22t10:00:00Z", "20240115",
        "2026-W47-7T10:00:00Z", "9999-12-31T23:59:59.9999999Z", "20261122T100000Z", "1705276800",
    ),
    "string": ("a", " ", "Z", ","),
}  # fmt: skip


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    columns=st.fixed_dictionaries(
        {
            kind: st.lists(st.sampled_from((None, "", texts[0], *texts)), min_size=6, max_size=6)
            for kind, texts in _TEXTS.items()
        }
    )
)
def test_the_rows_of_a_page_become_the_records_that_each_becomes_alone(
    columns: dict[str, list[str | None]],
) -> None:
    definitions = [_definition(kind, kind) for kind in columns]
    shape = _shape(*definitions)
    reader = RowReader(columns, "lastmodifieddate")
    items = [
        {
            "id": str(number),
            "updatedAt": "2026-01-02T00:00:00.000Z",
            "properties": dict(zip(columns, values, strict=True)),
        }
        for number, values in enumerate(zip(*columns.values(), strict=True))
    ]
    rows = reader.rows(items)
    together = [as_dictionary(record) for record in shape.records(rows)]
    assert together == [as_dictionary(record) for row in rows for record in shape.records([row])]


def test_no_rows_become_no_records() -> None:
    assert _shape(_definition("x", "number")).records([]) == []


def test_a_property_loses_to_a_field_of_the_record() -> None:
    definitions = [_definition("id", "number"), _definition("archived", "string")]
    assert shadowed_names(definitions) == ["id", "archived"]
    schema = object_schema(definitions)
    assert schema["properties"]["id"] == {"type": "string"}
    record = _record(_shape(*definitions), {"id": "7", "archived": "x"})
    assert (record["id"], record["archived"]) == ("1", False)


def test_names_that_differ_only_by_case_are_found() -> None:
    names = ["id", "createdAt", "createdat", "Foo", "fOO", "foo", "foo", "bar"]
    assert names_that_differ_by_case(names) == [("createdAt", "createdat"), ("Foo", "fOO", "foo")]


def test_a_type_nobody_has_seen_is_text() -> None:
    assert value_schema("hologram") == {"type": ["string", "null"]}


def test_a_tombstone_has_four_fields() -> None:
    shape = _shape(_definition("email", "string"))
    moment = "2026-11-22T10:00:00.000Z"
    assert shape.tombstone(loser="1", survivor="2", updated_at=moment) == {
        "id": "1",
        "updatedAt": moment,
        "archived": True,
        "mergedInto": "2",
    }
