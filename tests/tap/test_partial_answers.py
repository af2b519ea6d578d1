"""Answers that are a success, and yet not for all that was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tap.canned import CONTACTS, DATE, URL, FakeTime, client_for

from tap_hubspot_crm.association_sets import AssociationReader, AssociationSets
from tap_hubspot_crm.errors import UnexpectedResponseError
from tap_hubspot_crm.listings import read_owners
from tap_hubspot_crm.objects import ObjectReader

if TYPE_CHECKING:
    from requests_mock import Mocker

    from tap_hubspot_crm.reading import Reading

BATCH = f"{CONTACTS}/batch/read"
SETS = f"{URL}/crm/associations/2026-09/deals/contacts/batch/read"
TIME = "2026-11-22T09:00:00.000Z"


def _row(row_id: int) -> dict[str, Any]:
    return {"id": str(row_id), "properties": {"lastmodifieddate": TIME}, "updatedAt": TIME}


def _answer(*results: object, category: str | None = None) -> dict[str, Any]:
    """Return an answer with these results and, with a category, an error for the record 2."""
    context = {"ids": ["2"], "fromObjectId": ["2"]}
    errors = [] if category is None else [{"category": category, "context": context}]
    return {
        "json": {"results": [*results], "errors": errors},
        "headers": DATE,
        "status_code": 207 if errors else 200,
    }


def _read(fake_time: FakeTime) -> Reading:
    return ObjectReader(client_for(fake_time), "contacts").read(["1", "2"])


def _read_sets(fake_time: FakeTime) -> AssociationSets:
    return AssociationReader(client_for(fake_time), "deals", "contacts").read(["1", "2"])


def test_a_record_that_hubspot_failed_to_read_is_not_taken_for_one_that_is_gone(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    failed = _answer(_row(1), category="INTERNAL_ERROR")
    requests_mock.post(BATCH, [failed, failed, _answer(_row(1), _row(2))])
    reading = _read(fake_time)
    assert [row.id for row in reading.rows] == ["1", "2"]
    assert fake_time.slept == [0.5, 1.0]


def test_a_set_that_hubspot_failed_to_read_is_not_taken_for_an_empty_one(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    link = {"toObjectId": 5, "associationTypes": []}
    sets = [{"from": {"id": "1"}, "to": []}, {"from": {"id": "2"}, "to": [link]}]
    requests_mock.post(SETS, [_answer(category="INTERNAL_ERROR"), _answer(*sets)])
    assert {deal: set(links) for deal, links in _read_sets(fake_time).links.items()} == {
        "1": set(),
        "2": {"5"},
    }


def test_a_record_that_is_left_out_without_a_word_is_asked_for_alone(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    requests_mock.post(BATCH, [_answer(_row(1)), _answer(_row(2))])
    reading = _read(fake_time)
    assert [row.id for row in reading.rows] == ["1", "2"]
    assert not reading.missing


@pytest.mark.parametrize(
    "result",
    [
        5,
        {"from": {"id": "1"}, "to": 5},
        {"from": {"id": "1"}, "to": ["5"]},
        {"from": {"id": "1"}, "to": [{"toObjectId": "x", "associationTypes": []}]},
        {"from": {"id": "1"}, "to": [{"toObjectId": 5, "associationTypes": ["x"]}]},
        {"from": {"id": "1"}, "to": [], "paging": ["x"]},
    ],
)
def test_links_of_another_form_are_not_taken_for_none(
    requests_mock: Mocker, fake_time: FakeTime, result: object
) -> None:
    requests_mock.post(SETS, [_answer(result)])
    try:
        sets = _read_sets(fake_time)
    except UnexpectedResponseError:
        return
    assert set(sets.unread) == {"1", "2"}
    assert not sets.links


@pytest.mark.parametrize("paging", [["x"], {"next": ["x"]}, {"next": {"after": {}}}])
def test_owners_with_a_cursor_of_another_form_are_told(
    requests_mock: Mocker, fake_time: FakeTime, paging: object
) -> None:
    body = {"results": [], "paging": paging}
    requests_mock.get(f"{URL}/crm/owners/2026-09", json=body, headers=DATE)
    with pytest.raises(UnexpectedResponseError, match="cursor"):
        read_owners(client_for(fake_time))
