"""The search endpoint: operators, limits, order and paging."""

import pytest
from tap.sandbox.caller import Caller, where


@pytest.fixture
def few(empty: Caller) -> Caller:
    """Return a client of three contacts and one archived one."""
    portal = empty.portal
    portal.create(
        "contacts",
        {"firstname": "Ada", "num_notes": "9", "favourite_products": "storage;training"},
        record_id=9,
    )
    empty.clock.advance(1000)
    portal.create("contacts", {"firstname": "Bea", "num_notes": "10"}, record_id=10)
    empty.clock.advance(1000)
    portal.create("contacts", {"jobtitle": "", "email": "Cy.Doe@example.com"}, record_id=100)
    portal.create("contacts", {"firstname": "Ada"}, record_id=5)
    portal.archive("contacts", 5)
    return empty


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (where("firstname", "EQ", "ada"), ["9"]),
        (where("firstname", "NEQ", "Ada"), ["10", "100"]),
        (where("num_notes", "LT", "10"), ["9"]),
        (where("num_notes", "LTE", "10"), ["9", "10"]),
        (where("num_notes", "GT", "9"), ["10"]),
        (where("num_notes", "GTE", 9), ["9", "10"]),
        (where("num_notes", "BETWEEN", "9.5", highValue="11"), ["10"]),
        (where("hs_object_id", "GT", "9"), ["10", "100"]),
        (where("hs_object_id", "BETWEEN", "9", highValue="10"), ["9", "10"]),
        (where("firstname", "IN", values=["ada", "bea"]), ["9", "10"]),
        (where("firstname", "NOT_IN", values=["ada"]), ["10", "100"]),
        (where("favourite_products", "IN", values=["training"]), ["9"]),
        (where("firstname", "HAS_PROPERTY"), ["9", "10"]),
        (where("jobtitle", "NOT_HAS_PROPERTY"), ["9", "10", "100"]),
        (where("email", "CONTAINS_TOKEN", "doe"), ["100"]),
        (where("email", "CONTAINS_TOKEN", "*example*"), ["100"]),
        (where("email", "NOT_CONTAINS_TOKEN", "doe"), ["9", "10"]),
        (where("createdate", "GTE", "2026-11-22T10:00:01Z"), ["10", "100"]),
        (where("createdate", "LT", "1795341601000"), ["9"]),
        (where("lastmodifieddate", "GTE", "1795341602000"), ["100"]),
    ],
)
def test_each_operator(few: Caller, condition: dict[str, object], found: list[str]) -> None:
    reply = few.search("contacts", condition)
    assert reply.status == 200
    assert reply.ids == found
    assert reply.body["total"] == len(found)


def test_groups_are_alternatives_and_loose_filters_one_more(few: Caller) -> None:
    body = {
        "filterGroups": [{"filters": [where("firstname", "EQ", "Ada")]}],
        "filters": [where("hs_object_id", "EQ", "100")],
    }
    assert few.post("/crm/v3/objects/contacts/search", body).ids == ["9", "100"]


def test_a_query_finds_words_by_their_beginning(few: Caller) -> None:
    assert few.search("contacts", query="be").ids == ["10"]
    assert few.search("contacts", query="ea").ids == []
    assert few.search("contacts", query="x" * 3001).status == 400


def test_contacts_filtered_on_the_name_for_deals_find_nothing_without_an_error(
    few: Caller,
) -> None:
    wrong = few.search("contacts", where("hs_lastmodifieddate", "GTE", "1"))
    assert (wrong.status, wrong.ids) == (200, [])
    few.portal.create("deals", {"dealname": "A"})
    assert len(few.search("deals", where("hs_lastmodifieddate", "GTE", "1")).ids) == 1


def test_the_default_order_is_by_creation_and_ids_sort_as_numbers(few: Caller) -> None:
    assert few.search("contacts").ids == ["9", "10", "100"]
    down = [{"propertyName": "hs_object_id", "direction": "DESCENDING"}]
    assert few.search("contacts", sorts=down).ids == ["100", "10", "9"]
    assert few.search("contacts", sorts=["firstname"]).ids == ["9", "10", "100"]
    assert few.search("contacts", sorts=["-firstname"]).ids == ["10", "9", "100"]


def test_a_walk_by_id_sees_what_changes_on_its_way(few: Caller) -> None:
    def page(last: str) -> list[str]:
        reply = few.search(
            "contacts",
            where("lastmodifieddate", "GTE", "1795341601000"),
            where("hs_object_id", "GT", last),
            sorts=["hs_object_id"],
            limit=1,
        )
        return reply.ids

    assert page("0") == ["10"]
    few.portal.edit("contacts", 9, {"city": "Köln"})
    assert page("0") == ["9"]
    assert page("9") == ["10"]
    few.portal.archive("contacts", 100)
    assert page("10") == []


def test_paging_goes_by_offset_and_ends_at_ten_thousand(empty: Caller) -> None:
    for number in range(1, 10_151):
        empty.portal.create("contacts", {}, record_id=number)
    near_end = empty.search("contacts", limit=200, after="9800")
    assert near_end.body["total"] == 10_150
    assert near_end.ids[-1] == "10000"
    assert near_end.body["paging"]["next"]["after"] == "10000"
    beyond = empty.search("contacts", limit=200, after="10000")
    assert (beyond.status, beyond.body["category"]) == (400, "VALIDATION_ERROR")
    assert empty.search("contacts", limit=200, after="9801").status == 400


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 201},
        {"limit": "x"},
        {"after": "abc"},
        {"filterGroups": [{"filters": [where("city", "EQ", "a")]}] * 6},
        {"filterGroups": [{"filters": [where("city", "EQ", "a")] * 7}]},
        {"filterGroups": [{"filters": [where("city", "EQ", "a")] * 5}] * 4},
        {"filterGroups": [{"filters": [where("city", "LIKE", "a")]}]},
        {"filterGroups": [{"filters": [where("city", "EQ")]}]},
        {"filterGroups": [{"filters": [where("city", "IN")]}]},
        {"filterGroups": [{"filters": [where("createdate", "GTE", "yesterday")]}]},
        {"filterGroups": [{"filters": [where("num_notes", "GTE", "many")]}]},
        {"filterGroups": "all"},
        {"sorts": ["city", "zip"]},
        {"sorts": [{"propertyName": "city", "direction": "UP"}]},
        {"properties": "email"},
    ],
)
def test_a_search_beyond_the_rules_is_a_validation_error(
    few: Caller, body: dict[str, object]
) -> None:
    reply = few.post("/crm/objects/2026-09/contacts/search", body)
    assert (reply.status, reply.body["category"]) == (400, "VALIDATION_ERROR")


def test_an_unknown_property_is_named_in_the_error(few: Caller) -> None:
    reply = few.search("contacts", where("shoe_size", "EQ", "44"))
    assert reply.status == 400
    detail = reply.body["errors"][0]
    assert detail["code"] == "PROPERTY_DOESNT_EXIST"
    assert detail["context"] == {"propertyName": ["shoe_size"]}


def test_the_first_moment_of_1970_makes_hubspot_stumble(few: Caller) -> None:
    assert few.search("contacts", where("createdate", "GT", "0")).status == 500


def test_a_search_carries_no_associations(caller: Caller) -> None:
    assert all("associations" not in r for r in caller.search("contacts").body["results"])
