"""The list endpoint: order, cursor, properties, archived records."""

import pytest
from tap.sandbox.caller import Caller

CONTACTS = "/crm/objects/2026-09/contacts"


def _walk(caller: Caller, path: str, **query: str) -> list[str]:
    ids: list[str] = []
    after = "0"
    while after:
        page = caller.get(path, after=after, **query)
        ids += page.ids
        after = page.body.get("paging", {}).get("next", {}).get("after", "")
    return ids


@pytest.mark.parametrize(
    "path",
    [
        CONTACTS,
        "/crm/objects/2026-09/0-1",
        "/crm/objects/2026-03/contacts",
        "/crm/v3/objects/contacts",
        "/crm/v3/objects/0-1",
    ],
)
def test_every_family_lists_every_record_once_in_order_of_id(caller: Caller, path: str) -> None:
    ids = _walk(caller, path, limit="7")
    assert len(ids) == 60
    assert ids == sorted(set(ids), key=int)
    assert set(ids) == set(caller.portal.truth("contacts")["live"])  # type: ignore[call-overload]  # the truth is plain JSON


def test_a_page_holds_ten_records_unless_asked_otherwise(caller: Caller) -> None:
    assert len(caller.get(CONTACTS).ids) == 10
    assert len(caller.get(CONTACTS, limit="100").ids) == 60


def test_the_cursor_is_the_last_id_plus_one_and_absent_on_the_last_page(caller: Caller) -> None:
    page = caller.get(CONTACTS, limit="2")
    assert page.ids == ["1", "51"]
    assert page.body["paging"]["next"]["after"] == "52"
    assert "after=52" in page.body["paging"]["next"]["link"]
    assert "paging" not in caller.get(CONTACTS, limit="100").body


def test_a_crafted_cursor_starts_at_the_first_id_from_it_on(caller: Caller) -> None:
    assert caller.get(CONTACTS, limit="1", after="100").ids == ["101"]


@pytest.mark.parametrize("limit", ["0", "101", "-1", "many"])
def test_a_limit_out_of_range_is_a_validation_error(caller: Caller, limit: str) -> None:
    reply = caller.get(CONTACTS, limit=limit)
    assert (reply.status, reply.body["category"]) == (400, "VALIDATION_ERROR")


def test_history_halves_the_page(caller: Caller) -> None:
    assert caller.get(CONTACTS, limit="51", propertiesWithHistory="email").status == 400
    page = caller.get(CONTACTS, limit="50", propertiesWithHistory="email")
    emails = [r["propertiesWithHistory"].get("email") for r in page.body["results"]]
    assert any(versions and versions[0]["value"] for versions in emails)


def test_unknown_properties_are_ignored_and_unfilled_ones_are_null(caller: Caller) -> None:
    page = caller.get(CONTACTS, properties="hs_legacy_crm_code,no_such_thing,old_segment")
    first = page.body["results"][0]["properties"]
    assert first["hs_legacy_crm_code"] is None
    assert set(first) == {"hs_legacy_crm_code", "createdate", "hs_object_id", "lastmodifieddate"}


def test_a_cleared_value_is_an_empty_string(caller: Caller) -> None:
    caller.portal.edit("contacts", 1, {"jobtitle": ""})
    assert caller.get(f"{CONTACTS}/1", properties="jobtitle").body["properties"]["jobtitle"] == ""
    caller.portal.edit("contacts", 1, {"jobtitle": None})
    assert caller.get(f"{CONTACTS}/1", properties="jobtitle").body["properties"]["jobtitle"] is None


def test_every_value_is_text_or_null(caller: Caller) -> None:
    for name in ("contacts", "deals"):
        defined = caller.portal.properties["contacts" if name == "contacts" else "deals"].values()
        names = ",".join(one.name for one in defined if one.sensitivity == "non_sensitive")
        for record in caller.get(f"/crm/v3/objects/{name}", limit="100", properties=names).body[
            "results"
        ]:
            assert all(v is None or isinstance(v, str) for v in record["properties"].values())


def test_archived_records_are_listed_apart_with_their_moment(caller: Caller) -> None:
    caller.clock.advance(5_000)
    caller.portal.archive("contacts", 51)
    assert "51" not in caller.get(CONTACTS, limit="100").ids
    archived = caller.get(CONTACTS, archived="true").body["results"]
    assert [(r["id"], r["archived"], r["archivedAt"]) for r in archived] == [
        ("51", True, "2026-11-22T10:00:05.000Z")
    ]


def test_inline_associations_name_an_id_once_for_each_type(empty: Caller) -> None:
    contact = empty.portal.create("contacts", {})
    deal = empty.portal.create("deals", {})
    empty.portal.associate(deal, contact, ["Champion"])
    result = empty.get(CONTACTS, associations="deals,companies").body["results"][0]
    assert result["associations"]["deals"]["results"] == [
        {"id": deal, "type": "contact_to_deal"},
        {"id": deal, "type": "champion"},
    ]


def test_one_record_is_read_by_id_or_by_a_unique_property(caller: Caller) -> None:
    email = next(
        r["properties"]["email"] for r in caller.get(CONTACTS).body["results"] if r["id"] == "51"
    )
    assert caller.get(f"{CONTACTS}/51").body["id"] == "51"
    assert caller.get(f"{CONTACTS}/{email}", idProperty="email").body["id"] == "51"
    assert caller.get(f"{CONTACTS}/52").status == 404
    assert caller.get(f"{CONTACTS}/x", idProperty="city").status == 400
