"""Rows of HubSpot's answers, decoded in the form they have, or, seldom, in another one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tap_hubspot_crm.rows import Row, RowReader, attribute_of

_ITEM: dict[str, Any] = {
    "id": "7",
    "properties": {
        "a-b c": "one",
        "empty": "",
        "hs_merged_object_ids": "3; 5;x",
        "lastmodifieddate": "2026-01-02T00:00:00.001Z",
        "not asked for": "another",
        "nothing": None,
    },
    "createdAt": "2026-01-01T00:00:00.000Z",
    "updatedAt": "2026-01-02T00:00:00.000Z",
    "archived": True,
    "archivedAt": "2026-01-03T00:00:00.000Z",
}


def _reader() -> RowReader:
    return RowReader(["nothing", "a-b c", "empty", "never sent"], "lastmodifieddate")


def _rows(*items: dict[str, Any]) -> list[Row]:
    reader = _reader()
    body = reader.read(json.dumps({"results": items}).encode())
    assert body is not None
    return [*reader.rows(body["results"])]


def _texts(row: Row) -> list[object]:
    names = ("a-b c", "empty", "never sent", "nothing")
    return [getattr(row.values, attribute_of(name)) for name in names]


def test_a_row_has_the_properties_that_were_asked_for() -> None:
    [row] = _rows(_ITEM)
    assert _texts(row) == ["one", "", None, None]
    assert row.merged_ids == ("3", "5")
    assert (row.id, row.archived, row.archived_at) == ("7", True, "2026-01-03T00:00:00.000Z")
    assert (row.created_at, row.updated_at) == (_ITEM["createdAt"], _ITEM["updatedAt"])
    assert row.modified == 1_767_312_000_001
    assert repr(row) == "Row(id='7')"


@pytest.mark.parametrize(
    "oddity",
    [
        {"id": 8},
        {"archived": "yes"},
        {"properties": {**_ITEM["properties"], "never sent": 5}},
        {"properties": {**_ITEM["properties"], "never sent": True}},
        {"properties": {**_ITEM["properties"], "never sent": "\ud83d"}},
    ],
)
def test_an_answer_with_one_odd_row_is_read_whole(oddity: dict[str, Any]) -> None:
    plain, odd = _rows(_ITEM, {**_ITEM, **oddity})
    [alone] = _rows(_ITEM)
    assert _texts(plain) == _texts(alone)
    assert plain.modified == odd.modified == alone.modified
    assert odd.id == str(oddity.get("id", "7"))
    assert odd.archived is (oddity.get("archived", True) is True)
    sent = oddity.get("properties", {}).get("never sent")
    assert _texts(odd) == ["one", "", None if sent is None else str(sent), None]


def test_what_hubspot_left_out_of_a_row_is_completed() -> None:
    modified_at = _ITEM["properties"]["lastmodifieddate"]
    plain, completed = _rows(_ITEM, {"id": "8", "properties": {"lastmodifieddate": modified_at}})
    assert completed.updated_at == modified_at
    assert (completed.archived, completed.created_at, completed.archived_at) == (False, None, None)
    assert completed.modified == plain.modified
    [unnamed] = _rows({**_ITEM, "properties": None, "archived": None})
    assert _texts(unnamed) == [None, None, None, None]
    assert (unnamed.merged_ids, unnamed.archived) == ((), False)
    assert unnamed.modified == 1_767_312_000_000


@pytest.mark.parametrize(
    "oddity",
    [
        {"id": "seven"},
        {"updatedAt": "soon", "properties": {}},
        {"updatedAt": None, "properties": None},
        {"updatedAt": "soon"},
        {"archivedAt": "soon"},
    ],
)
def test_what_lacks_its_id_or_its_time_is_no_row(oddity: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError, AttributeError)):
        _rows({**_ITEM, **oddity})


@pytest.mark.parametrize("content", [b"", b"<html>", b'{"results": [{"id": "1"', b"[]", b"\xff"])
def test_a_body_that_is_no_json_object_is_none(content: bytes) -> None:
    assert _reader().read(content) is None


def test_an_object_without_results_is_read_as_it_is() -> None:
    assert _reader().read(b'{"status": "error"}') == {"status": "error"}
