"""Batch reads of records and of associations."""

from dataclasses import replace

import pytest
from tap.sandbox.caller import Caller

LINKS = "/crm/associations/2026-09/deals/contacts/batch/read"


def test_missing_ids_become_errors_in_a_207(caller: Caller) -> None:
    reply = caller.batch("contacts", "51", "999", "xyz")
    assert reply.status == 207
    assert reply.ids == ["51"]
    assert reply.body["numErrors"] == 1
    error = reply.body["errors"][0]
    assert error["category"] == "OBJECT_NOT_FOUND"
    assert error["context"] == {"ids": ["999", "xyz"]}
    assert error["message"].startswith("Could not get some CONTACT objects")


def test_a_dialect_answers_200_with_errors(caller: Caller) -> None:
    caller.sandbox.dialect = replace(caller.sandbox.dialect, partial_status=200)
    assert caller.batch("contacts", "51", "999").status == 200


def test_a_merged_id_answers_the_survivor_under_its_own_id(caller: Caller) -> None:
    new = caller.portal.merge("deals", "1", "51")
    reply = caller.batch("deals", "51")
    assert (reply.status, reply.ids) == (200, [new])


def test_archived_records_are_read_when_asked_for(caller: Caller) -> None:
    caller.portal.archive("contacts", "51")
    assert caller.batch("contacts", "51").ids == []
    reply = caller.batch("contacts", "51", "1", archived=True)
    assert reply.ids == ["51"]
    assert reply.body["results"][0]["archived"] is True
    assert reply.body["errors"][0]["context"] == {"ids": ["1"]}


def test_at_most_100_inputs_or_50_with_history(caller: Caller) -> None:
    path = "/crm/objects/2026-09/contacts/batch/read"
    inputs = [{"id": str(n)} for n in range(101)]
    assert caller.post(path, {"inputs": inputs}).status == 400
    assert caller.post(path, {"inputs": inputs[:100]}).status == 207
    history = {"inputs": inputs[:51], "propertiesWithHistory": ["email"]}
    refused = caller.post(path, history)
    assert refused.status == 400
    assert refused.body["message"].startswith(
        "The maximum number of inputs supported in a batch request for property histories is 50"
    )
    assert caller.post(path, {"inputs": []}).status == 400
    assert caller.post(path, {"inputs": [{}]}).status == 400


def test_records_are_found_by_a_unique_property(caller: Caller) -> None:
    caller.portal.edit("contacts", "51", {"email": "Only.zqmark@example.com"})
    body = {"inputs": [{"id": "only.zqmark@example.com"}], "idProperty": "email"}
    assert caller.post("/crm/v3/objects/contacts/batch/read", body).ids == ["51"]


def test_links_have_types_from_each_side_and_none_is_an_error(empty: Caller) -> None:
    portal = empty.portal
    deal, lonely = portal.create("deals", {}), portal.create("deals", {})
    contact = portal.create("contacts", {})
    portal.associate(deal, contact, ["Decision maker"])
    reply = empty.post(LINKS, {"inputs": [{"id": deal}, {"id": lonely}]})
    assert reply.status == 207
    assert reply.body["results"] == [
        {
            "from": {"id": deal},
            "to": [
                {
                    "toObjectId": contact,
                    "associationTypes": [
                        {"category": "HUBSPOT_DEFINED", "typeId": 3, "label": None},
                        {"category": "USER_DEFINED", "typeId": 17, "label": "Decision maker"},
                    ],
                }
            ],
        }
    ]
    error = reply.body["errors"][0]
    assert error["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"
    assert error["message"] == f"No contact is associated with deal {lonely}."
    assert error["context"] == {"fromObjectId": [lonely]}
    back = empty.post(
        "/crm/v4/associations/contacts/deals/batch/read", {"inputs": [{"id": contact}]}
    )
    assert back.status == 200
    linked = back.body["results"][0]["to"][0]
    assert linked["toObjectId"] == int(deal), "the legacy answers hold numbers"
    assert [kind["typeId"] for kind in linked["associationTypes"]] == [4, 18]


def test_the_links_of_one_record_are_paged_by_themselves(empty: Caller) -> None:
    empty.sandbox.dialect = replace(empty.sandbox.dialect, associations_page=2)
    portal = empty.portal
    deal, other = portal.create("deals", {}), portal.create("deals", {})
    contacts = sorted((portal.create("contacts", {}) for _ in range(5)), key=int)
    for contact in contacts:
        portal.associate(deal, contact)
    portal.associate(other, contacts[0])
    seen: list[str] = []
    inputs = [{"id": deal}, {"id": other}]
    while inputs:
        results = empty.post(LINKS, {"inputs": inputs}).body["results"]
        seen += [link["toObjectId"] for r in results if r["from"]["id"] == deal for link in r["to"]]
        inputs = [
            {"id": r["from"]["id"], "after": r["paging"]["next"]["after"]}
            for r in results
            if "paging" in r
        ]
    assert seen == contacts


def test_removed_links_and_archived_contacts_are_gone_and_come_back(empty: Caller) -> None:
    portal = empty.portal
    deal = portal.create("deals", {})
    one, two = portal.create("contacts", {}), portal.create("contacts", {})
    portal.associate(deal, one)
    portal.associate(deal, two)

    def linked() -> set[str]:
        results = empty.post(LINKS, {"inputs": [{"id": deal}]}).body["results"]
        return {link["toObjectId"] for result in results for link in result["to"]}

    portal.archive("contacts", one)
    assert linked() == {two}
    portal.restore("contacts", one)
    assert linked() == {one, two}
    portal.dissociate(deal, two)
    assert linked() == {one}


def test_at_most_1000_inputs(caller: Caller) -> None:
    inputs = [{"id": str(n)} for n in range(1001)]
    assert caller.post(LINKS, {"inputs": inputs}).status == 400
    assert caller.post(LINKS, {"inputs": inputs[:1000]}).status == 207


def test_labels_are_listed_from_each_side(caller: Caller) -> None:
    reply = caller.get("/crm/associations/2026-09/contacts/deals/labels")
    assert [entry["typeId"] for entry in reply.body["results"]] == [4, 18, 20, 22]
    assert reply.body["results"][0]["label"] is None


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/crm/v4/objects/deals/{}/associations/contacts", 200),
        ("/crm/objects/2026-03/deals/{}/associations/contacts", 200),
        ("/crm/objects/2026-09/deals/{}/associations/contacts", 404),
    ],
)
def test_one_records_links_by_get_are_in_the_older_families_only(
    empty: Caller, path: str, status: int
) -> None:
    deal, contact = empty.portal.create("deals", {}), empty.portal.create("contacts", {})
    empty.portal.associate(deal, contact)
    reply = empty.get(path.format(deal), limit="1")
    assert reply.status == status
    if status == 200:
        assert str(reply.body["results"][0]["toObjectId"]) == contact
