"""Paging and reading by id, against canned answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_hubspot_crm.association_sets import AssociationReader, link_record
from tap_hubspot_crm.client import HubSpotClient
from tap_hubspot_crm.errors import UnexpectedResponseError
from tap_hubspot_crm.listings import read_owners, read_pipelines
from tap_hubspot_crm.objects import ObjectReader
from tap_hubspot_crm.rows import MERGED_IDS
from tap_hubspot_crm.settings import read_settings
from tap_hubspot_crm.windows import Window

if TYPE_CHECKING:
    from requests_mock import Mocker

    from tap_hubspot_crm.reading import Reading

URL = "https://api.test"
CONTACTS = f"{URL}/crm/objects/2026-09/contacts"
SETS = f"{URL}/crm/associations/2026-09/deals/contacts/batch/read"
DATE = {"Date": "Sun, 22 Nov 2026 10:00:00 GMT"}
TIME = "2026-11-22T09:00:00.000Z"


def _client() -> HubSpotClient:
    return HubSpotClient(
        read_settings({"api_url": URL, "access_token": "tok", "searches_per_second": 1000})
    )


def _reader(*properties: str) -> ObjectReader:
    return ObjectReader(_client(), "contacts", properties)


def _row(row_id: int, **properties: str) -> dict[str, Any]:
    return {
        "id": str(row_id),
        "properties": {"lastmodifieddate": TIME, **properties},
        "createdAt": TIME,
        "updatedAt": TIME,
        "archived": False,
    }


def _page(*ids: int, after: object = None) -> dict[str, Any]:
    body: dict[str, Any] = {"results": [_row(row_id) for row_id in ids]}
    if after is not None:
        body["paging"] = {"next": {"after": after, "link": "https://elsewhere"}}
    return {"json": body, "headers": DATE}


def test_only_the_cursor_ends_a_listing(requests_mock: Mocker) -> None:
    """A short page and an empty one go on as long as HubSpot sends a cursor."""
    pages = [_page(1, after="2"), _page(after=5), _page(5, 6, after="7"), _page()]
    requests_mock.get(CONTACTS, pages)
    listed = list(_reader().list_pages(archived=False))
    assert [page.ids for page in listed] == [("1",), (), ("5", "6"), ()]
    assert [call.qs.get("after") for call in requests_mock.request_history] == [
        None,
        ["2"],
        ["5"],
        ["7"],
    ]


def test_a_cursor_that_stands_still_is_told_instead_of_followed_for_ever(
    requests_mock: Mocker,
) -> None:
    requests_mock.get(CONTACTS, [_page(1, after="2")])
    with pytest.raises(UnexpectedResponseError, match="advance"):
        list(_reader().list_pages(archived=False))


def test_a_search_goes_on_from_the_last_id_which_is_shown_again(requests_mock: Mocker) -> None:
    pages = [_page(1, 9, 51, after="200"), _page(51, 60, after="1"), _page(60)]
    search = requests_mock.post(f"{CONTACTS}/search", pages)
    found = [hit.id for page in _reader().search(Window(lower=7)) for hit in page.found.hits]
    assert found == ["1", "9", "51", "60"]
    bodies = [call.json() for call in search.request_history]
    last = [body["filterGroups"][0]["filters"][1:] for body in bodies]
    # At last the whole is counted again.
    assert [part and part[0]["value"] for part in last] == [[], "51", "60", []]
    assert all(body["properties"] == ["lastmodifieddate", MERGED_IDS] for body in bodies)
    assert not any("after" in body for body in bodies)


def test_a_page_whose_rows_have_all_gone_is_followed_by_the_next_of_the_same_query(
    requests_mock: Mocker,
) -> None:
    pages = [_page(after="200"), _page(60)]
    search = requests_mock.post(f"{CONTACTS}/search", pages)
    found = [hit.id for page in _reader().search(Window(lower=7)) for hit in page.found.hits]
    assert found == ["60"]
    assert [call.json().get("after") for call in search.request_history] == [None, "200", None]


def test_a_hit_shown_under_the_id_of_a_survivor_is_not_walked_on_from(
    requests_mock: Mocker,
) -> None:
    """The row 5 was merged into 90; the index still shows it, with its old time, as 90."""
    pages = [_page(1, 4, 90, after="200"), _page(99), _page(1, 4, 90, 70)]
    search = requests_mock.post(f"{CONTACTS}/search", pages)
    found = [hit.id for page in _reader().search(Window(lower=7)) for hit in page.found.hits]
    assert found == ["1", "4", "90", "99", "70"]
    bounds = [
        [
            (item["operator"], item["value"])
            for item in call.json()["filterGroups"][0]["filters"][1:]
        ]
        for call in search.request_history
    ]
    assert bounds == [[], [("GTE", "90")], [("LTE", "89")], []]


def test_a_search_that_ignores_the_last_id_says_that_it_is_short(requests_mock: Mocker) -> None:
    requests_mock.post(f"{CONTACTS}/search", [_page(1, 2, after="200")])
    pages = list(_reader().search(Window(lower=7)))
    assert [hit.id for hit in pages[0].found.hits] == ["1", "2"]
    assert [page.is_short for page in pages] == [*[False] * (len(pages) - 1), True]


def _read(requests_mock: Mocker, ids: list[str], *answers: dict[str, Any]) -> Reading:
    requests_mock.post(f"{CONTACTS}/batch/read", list(answers))
    return _reader().read(ids)


def _not_found(*ids: str) -> list[dict[str, Any]]:
    return [{"category": "OBJECT_NOT_FOUND", "context": {"ids": list(ids)}}]


def test_a_foreign_row_that_lists_the_asked_id_is_its_survivor(requests_mock: Mocker) -> None:
    survivor = _row(9, hs_merged_object_ids="2;1")
    answer = {"json": {"results": [survivor, _row(3)]}, "headers": DATE}
    reading = _read(requests_mock, ["2", "3"], answer)
    assert {loser: row.id for loser, row in reading.merged.items()} == {"2": "9"}
    assert [row.id for row in reading.rows] == ["3"]
    assert not reading.missing


def test_a_foreign_row_that_lists_nothing_is_found_by_asking_one_by_one(
    requests_mock: Mocker,
) -> None:
    together = {"json": {"results": [_row(8), _row(9)]}, "headers": DATE}
    one = {"json": {"results": [_row(9)]}, "headers": DATE}
    two = {"json": {"results": [_row(8)]}, "headers": DATE}
    gone = {"json": {"results": [], "errors": _not_found("3")}, "headers": DATE}
    reading = _read(requests_mock, ["1", "2", "3"], together, one, two, gone)
    assert {loser: row.id for loser, row in reading.merged.items()} == {"1": "9", "2": "8"}
    assert reading.missing == {"3"}


def test_ids_that_hubspot_names_as_unknown_cost_no_second_request(requests_mock: Mocker) -> None:
    body = {"results": [_row(1)], "errors": _not_found("2", "3"), "numErrors": 1}
    reading = _read(
        requests_mock, ["1", "2", "3"], {"json": body, "headers": DATE, "status_code": 207}
    )
    assert reading.missing == {"2", "3"}
    assert requests_mock.call_count == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"results": {}},
        {"results": [5]},
        {"results": [{"id": "x"}]},
        {"results": [{"id": "1", "properties": {}}]},
        {"results": [{"id": "1", "updatedAt": "soon"}]},
        {"results": [], "paging": {"next": {"after": {}}}},
    ],
)
def test_an_answer_of_another_form_is_told(requests_mock: Mocker, body: object) -> None:
    requests_mock.get(CONTACTS, json=body, headers=DATE)
    requests_mock.post(f"{CONTACTS}/search", json=body, headers=DATE)
    with pytest.raises(UnexpectedResponseError):
        list(_reader().list_pages(archived=False))


def _set(deal: int, *contacts: int, after: str | None = None) -> dict[str, Any]:
    kinds = [
        {"category": "USER_DEFINED", "typeId": 7, "label": "Buyer"},
        {"category": "HUBSPOT_DEFINED", "typeId": 3, "label": None},
    ]
    result: dict[str, Any] = {
        "from": {"id": str(deal)},
        "to": [{"toObjectId": contact, "associationTypes": kinds} for contact in contacts],
    }
    if after:
        result["paging"] = {"next": {"after": after}}
    return result


def test_a_long_set_of_associations_is_read_to_its_end(requests_mock: Mocker) -> None:
    """HubSpot pages every record's set by itself, and tells of an empty set as an error."""
    first = {
        "results": [_set(1, 20, 3, after="x"), _set(2, 5)],
        "errors": [
            {
                "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
                "context": {"fromObjectId": ["3"]},
            }
        ],
    }
    third = {**first, "results": []}
    second = {"results": [_set(1, 4)]}
    requests_mock.post(
        SETS,
        [
            {"json": first, "headers": DATE, "status_code": 207},
            {"json": second, "headers": DATE},
            {"json": third, "headers": DATE, "status_code": 207},
        ],
    )
    sets = AssociationReader(_client(), "deals", "contacts").read(["1", "2", "3"])
    assert {deal: sorted(links, key=int) for deal, links in sets.links.items()} == {
        "1": ["3", "4", "20"],
        "2": ["5"],
        "3": [],
    }
    assert requests_mock.request_history[1].json() == {"inputs": [{"id": "1", "after": "x"}]}
    assert link_record("2", sets.links["2"]) == {
        "deal_id": "2",
        "contacts": [
            {
                "id": "5",
                "types": [
                    {"category": "HUBSPOT_DEFINED", "type_id": 3, "label": None},
                    {"category": "USER_DEFINED", "type_id": 7, "label": "Buyer"},
                ],
            }
        ],
    }


def test_associations_without_an_id_are_told(requests_mock: Mocker) -> None:
    requests_mock.post(SETS, json={"results": [{"from": {}}]}, headers=DATE)
    with pytest.raises(UnexpectedResponseError):
        AssociationReader(_client(), "deals", "contacts").read(["1"])


def test_a_stage_has_its_exact_probability(requests_mock: Mocker) -> None:
    stages = [
        {"id": "a", "label": "A", "metadata": {"isClosed": "true", "probability": "0.10"}},
        {"id": "b", "label": "B", "metadata": {}},
    ]
    requests_mock.get(
        f"{URL}/crm/pipelines/2026-09/deals",
        json={"results": [{"id": "default", "label": "Sales", "stages": stages}]},
        headers=DATE,
    )
    [pipeline] = read_pipelines(_client()).records
    first, second = pipeline["stages"]
    assert (first["closed"], str(first["probability"])) == (True, "0.10")
    assert (second["closed"], second["probability"]) == (None, None)


def test_an_owner_who_comes_back_meanwhile_is_not_lost(requests_mock: Mocker) -> None:
    """Neither in the first active listing nor in the archived one, but in the second active one."""
    owners = f"{URL}/crm/owners/2026-09"
    listings = [{"results": []}, {"results": []}, {"results": [{"id": "7", "type": "PERSON"}]}]
    requests_mock.get(owners, [{"json": body, "headers": DATE} for body in listings])
    [owner] = read_owners(_client()).records
    assert owner["id"] == "7"
