"""Whatever a catalog says and HubSpot holds, each RECORD is valid by the SCHEMA."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, FormatChecker
from jsonschema.exceptions import SchemaError
from singer_sdk.singerlib.json import deserialize_json

from tap_hubspot_crm.catalog_check import check_catalog
from tap_hubspot_crm.definitions import PropertyDefinition
from tap_hubspot_crm.errors import InvalidSettingsError
from tap_hubspot_crm.events import Rows
from tap_hubspot_crm.properties import object_schema
from tap_hubspot_crm.record_lines import RecordLines, as_dictionary
from tap_hubspot_crm.records import RecordShape
from tap_hubspot_crm.rows import RowReader
from tap_hubspot_crm.value_types import value_type

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_hubspot_crm.rows import Row

MOMENT = "2026-01-02T00:00:00.000Z"
HUBSPOT_TYPES = ("number", "bool", "date", "datetime", "string", "enumeration", "unheard_of")
DATE = {"type": "string", "format": "date"}
TIME = {"type": "string", "format": "date-time"}
NULLABLE_TEXT = {"type": ["string", "null"]}

_JSON_TYPES = ("string", "number", "integer", "boolean", "null", "array", "object")
_TYPE = st.sampled_from(_JSON_TYPES)
_SIMPLE = st.fixed_dictionaries(
    {"type": _TYPE | st.lists(_TYPE, min_size=1, unique=True)},
    optional={"format": st.sampled_from(["date", "date-time"]), "title": st.just("A title")},
)
_NARROW = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from([*_JSON_TYPES, ["string", "null"], ["number", "null"]]),
        "format": st.sampled_from(["date", "date-time", "email", "unheard-of"]),
        "enum": st.lists(st.sampled_from(["a", "12", 12, 0.5, True, None]), min_size=1),
        "maxLength": st.integers(0, 12),
        "pattern": st.sampled_from(["^[a-z]*$", "Z$"]),
        "minimum": st.sampled_from([0, 1e3]),
        "multipleOf": st.sampled_from([5, 0.5]),
    },
)
_SCHEMAS = st.recursive(
    st.one_of(_SIMPLE, _NARROW),
    lambda inner: st.builds(
        lambda keyword, options: {keyword: options},
        st.sampled_from(["anyOf", "oneOf", "allOf"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=4,
)
_TEXTS = st.one_of(
    st.sampled_from(
        (
            None, "", "12", "12.0", "12.50", "-0.5", "1e5", "1E1000000000", "9" * 309, "9" * 5_000,
            "0E5", "true", "False", "a", "a;b", "1342;1373", "1795305600000", "1.6E12", "20240115",
            "2026-11-22", "2026-11-22T10:00:00", "2026-11-22 10:00:00Z", "2026-11-22T10:00:00.123Z",
            "2026-11-22T10:00:00+02:00",
        )
    ),
    st.text(max_size=8),
    st.integers().map(str),
    st.decimals(allow_nan=True, allow_infinity=True).map(str),
    st.datetimes().map(datetime.isoformat),
    st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat),
)  # fmt: skip


def _shape(hubspot_type: str, schema: Mapping[str, Any]) -> tuple[RecordShape, dict[str, Any]]:
    """Return a shape with a property `x` and the schema of its records."""
    definition = PropertyDefinition(name="x", type=hubspot_type)
    record_schema = object_schema([definition])
    record_schema["properties"]["x"] = schema
    schemas = record_schema["properties"]
    return RecordShape(stream="deals", definitions=[definition], schemas=schemas), record_schema


def _rows(texts: Sequence[str | None]) -> Sequence[Row]:
    items = [
        {"id": str(number), "updatedAt": MOMENT, "properties": {"x": text}}
        for number, text in enumerate(texts)
    ]
    return RowReader(["x"], "lastmodifieddate").rows(items)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    hubspot_type=st.sampled_from(HUBSPOT_TYPES),
    schema=_SCHEMAS,
    texts=st.lists(_TEXTS, min_size=1, max_size=6),
)
def test_every_record_is_valid_by_the_schema_of_any_catalog(
    hubspot_type: str, schema: dict[str, Any], texts: list[str | None]
) -> None:
    shape, record_schema = _shape(hubspot_type, schema)
    rows = Rows(
        records=[
            *shape.records(_rows(texts)),
            shape.tombstone(loser="8", survivor="9", updated_at=MOMENT),
            shape.bare(_rows([None])[0]),
        ],
        version=1,
        read_at=datetime.now(UTC),
    )
    validator = Draft7Validator(record_schema, format_checker=FormatChecker())
    lines = RecordLines("deals").lines(rows).splitlines()
    assert len(lines) == len(texts) + 2
    for line in lines:
        validator.validate(json.loads(line)["record"])


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    hubspot_type=st.sampled_from(HUBSPOT_TYPES),
    schema=_SIMPLE,
    texts=st.lists(_TEXTS, min_size=1, max_size=6),
)
def test_exact_readers_find_every_record_valid_too_and_each_record_alone_is_the_same(
    hubspot_type: str, schema: dict[str, Any], texts: list[str | None]
) -> None:
    shape, record_schema = _shape(hubspot_type, schema)
    records = shape.records(_rows(texts))
    rows = Rows(records=records, version=1, read_at=datetime.now(UTC))
    validator = Draft7Validator(record_schema, format_checker=FormatChecker())
    for line in RecordLines("deals").lines(rows).splitlines():
        validator.validate(deserialize_json(line)["record"])
    alone = [record for row in _rows(texts) for record in shape.records([row])]
    assert list(map(as_dictionary, records)) == list(map(as_dictionary, alone))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(hubspot_type=st.sampled_from(HUBSPOT_TYPES), text=_TEXTS.filter(bool))
def test_a_catalog_that_says_text_loses_no_value(hubspot_type: str, text: str) -> None:
    assert value_type(NULLABLE_TEXT, "number").value(text) == text
    shape, _ = _shape(hubspot_type, NULLABLE_TEXT)
    [record] = shape.records(_rows([text]))
    assert as_dictionary(record)["x"] == text


@pytest.mark.parametrize(
    ("hubspot_type", "schema", "text", "value"),
    [
        # The catalog was written before the type was changed in HubSpot.
        ("number", {"type": ["string", "null"]}, "12.50", "12.50"),
        ("string", {"type": ["number", "null"]}, "12", 12),
        ("string", {"type": ["number", "null"]}, "about 5", None),
        ("number", {"type": ["integer", "null"]}, "12.0", 12),
        ("number", {"type": ["integer", "null"]}, "12.5", None),
        ("string", {"type": ["boolean", "null"]}, "True", True),
        ("number", {"type": ["boolean", "null"]}, "1", None),
        ("bool", {"type": ["string", "null"]}, "true", "true"),
        ("datetime", {"type": ["string", "null"]}, "1600000000000", "1600000000000"),
        ("datetime", {"type": ["string", "null"], "format": "date"}, MOMENT, "2026-01-02"),
        ("date", {"type": ["string", "null"], "format": "date-time"}, "2026-01-02", MOMENT),
        ("datetime", {"type": ["number", "null"]}, MOMENT, None),
        ("date", {"type": "null"}, "2026-01-02", None),
        # Several types: HubSpot's own, then text, then another.
        ("number", {"type": ["string", "number"]}, "12", 12),
        ("number", {"type": ["string", "number"]}, "about 5", "about 5"),
        ("string", {"type": ["string", "number"]}, "12", "12"),
        ("string", {"type": ["boolean", "integer"]}, "12", 12),
        ("string", {"type": ["boolean", "integer"]}, "true", True),
        ("datetime", {"anyOf": [TIME, {"type": "null"}]}, "1767312000000.0", MOMENT),
        ("string", {"anyOf": [{"type": "number"}, DATE]}, "1767312000000", 1767312000000),
        ("string", {"anyOf": [{"type": "number"}, DATE]}, "2026-01-02", "2026-01-02"),
        ("number", {}, "12", 12),
        ("datetime", {}, "20240115", "2024-01-15T00:00:00.000Z"),
        # Conditions beside the type.
        ("string", {"type": ["string", "null"], "maxLength": 3}, "abc", "abc"),
        ("string", {"type": ["string", "null"], "maxLength": 3}, "abcd", None),
        ("number", {"oneOf": [{"type": "number", "minimum": 5}, {"type": "null"}]}, "7", 7),
        ("number", {"oneOf": [{"type": "number", "minimum": 5}, {"type": "null"}]}, "3", None),
    ],
)  # fmt: skip
def test_a_value_is_converted_to_the_catalogs_type(
    hubspot_type: str, schema: dict[str, Any], text: str, value: object
) -> None:
    shape, _ = _shape(hubspot_type, schema)
    [record] = shape.records(_rows([text]))
    found = as_dictionary(record)["x"]
    assert (found, type(found) is bool) == (value, type(value) is bool)


def test_a_field_whose_schema_forbids_null_is_left_out_where_there_is_no_value(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shape, _ = _shape("string", {"type": "number"})
    records = shape.records(_rows(["5", "", "about 5", "soon"]))
    assert [as_dictionary(record).get("x", "left out") for record in records] == [
        5,
        "left out",
        "left out",
        "left out",
    ]
    with caplog.at_level(logging.WARNING):
        shape.tell_misfits()
    assert [record.getMessage() for record in caplog.records] == [
        "deals: 2 values of property x are not of its type number; they were left out"
    ]


def _check(required: list[str] | None = None, **schemas: Any) -> None:  # noqa: ANN401 - JSON
    record_schema = object_schema([])
    record_schema["properties"] |= schemas
    record_schema["required"] = required or ["id"]
    check_catalog("deals", record_schema["properties"], record_schema)


def test_a_catalog_of_the_taps_own_types_and_others_that_admit_them_is_kept() -> None:
    _check()
    _check(
        ["id", "updatedAt", "archived"],
        createdAt={"type": "string"},
        archivedAt={"anyOf": [TIME, {"type": "null"}]},
        x={"type": "string", "maxLength": 5},
    )


@pytest.mark.parametrize(
    ("catalog", "told"),
    [
        ({"id": {"type": "integer"}}, "id has another type than the tap sends"),
        ({"archived": {"type": "string"}}, "archived has another type than the tap sends"),
        ({"id": {"type": "string", "maxLength": 3}}, "id has another type than the tap sends"),
        ({"x": {"type": "nubmer"}}, "x is not a valid JSON Schema"),
        ({"x": {"type": []}}, "x is not a valid JSON Schema"),
        ({"x": {"anyOf": []}}, "x is not a valid JSON Schema"),
        ({"x": {"anyOf": {"type": "number"}}}, "x is not a valid JSON Schema"),
        ({"x": {"anyOf": [5]}}, "x is not a valid JSON Schema"),
        ({"x": {"type": "string", "format": []}}, "x is not a valid JSON Schema"),
        ({"x": {"maxLength": "5"}}, "x is not a valid JSON Schema"),
        ({"required": ["id", "x"], "x": {}}, "x is required, but not every record has it"),
        ({"required": ["id", "gone"]}, "gone is required, but not every record has it"),
    ],
)  # fmt: skip
def test_a_catalog_that_no_record_can_keep_is_refused(catalog: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidSettingsError) as refused:
        _check(**catalog)
    assert str(refused.value) == (
        f"the catalog's schema of deals cannot be kept: {told}; take the schema from --discover"
    )


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    schema=st.dictionaries(
        st.sampled_from(["type", "format", "anyOf", "oneOf", "enum", "maxLength"]),
        st.recursive(
            st.one_of(st.none(), st.integers(), st.sampled_from(["number", "string", "date"])),
            lambda inner: st.one_of(
                st.lists(inner, max_size=2),
                st.dictionaries(st.sampled_from(["type", "format"]), inner, max_size=2),
            ),
            max_leaves=4,
        ),
    )
)
def test_a_malformed_schema_is_refused_or_does_no_harm(schema: dict[str, Any]) -> None:
    try:
        _check(x=schema)
    except InvalidSettingsError:
        with pytest.raises(SchemaError):
            Draft7Validator.check_schema(schema)
    else:
        shape, _ = _shape("number", schema)
        assert len(shape.records(_rows(["12", "about 5", None]))) == 3
