"""How records change: edits, archives, restores, merges, purges, associations."""

from dataclasses import replace

import pytest
from tap.sandbox.caller import Caller

from hubspot_sandbox.errors import UnknownRecordError
from hubspot_sandbox.portal import Habits

ARCHIVED_PATH = "/crm/objects/2026-09/contacts"


def _read(caller: Caller, record_id: str, object_type: str = "contacts") -> dict[str, object]:
    return caller.get(f"/crm/objects/2026-09/{object_type}/{record_id}").body


def test_an_edit_sets_the_time_of_modification(caller: Caller) -> None:
    caller.clock.advance(1)
    caller.portal.edit("contacts", "51", {"city": "Köln"})
    assert _read(caller, "51")["updatedAt"] == "2026-11-22T10:00:00.001Z"


def test_a_touch_modifies_all_in_one_millisecond(caller: Caller) -> None:
    caller.clock.advance(3)
    at = caller.portal.touch("contacts", ["1", "51", "101"])
    found = caller.search(
        "contacts", {"propertyName": "lastmodifieddate", "operator": "EQ", "value": str(at)}
    )
    assert found.ids and set(found.ids) == {"1", "51", "101"}  # noqa: PT018  # one finding


def test_archiving_and_restoring_leave_the_time_of_modification(caller: Caller) -> None:
    before = _read(caller, "51")["updatedAt"]
    caller.clock.advance(1000)
    caller.portal.archive("contacts", "51")
    archived = caller.get(ARCHIVED_PATH, archived="true").body["results"][0]
    assert archived["updatedAt"] == before
    caller.portal.restore("contacts", "51")
    assert _read(caller, "51")["updatedAt"] == before
    assert caller.get(ARCHIVED_PATH, archived="true").ids == []


def test_a_restore_counts_as_modification_where_switched_on(caller: Caller) -> None:
    caller.portal.habits = Habits(restore_bumps_modified=True)
    caller.portal.archive("contacts", "51")
    caller.clock.advance(2000)
    caller.portal.restore("contacts", "51")
    assert _read(caller, "51")["updatedAt"] == "2026-11-22T10:00:02.000Z"


def test_a_merge_makes_a_new_record_that_both_old_ids_lead_to(caller: Caller) -> None:
    portal = caller.portal
    portal.edit("contacts", "1", {"city": "Köln", "state": "", "email": "a.zqmark@example.com"})
    portal.edit("contacts", "51", {"city": "Ulm", "state": "BW", "email": "b.zqmark@example.com"})
    caller.clock.advance(9)
    new = portal.merge("contacts", "1", "51")
    assert new not in {"1", "51"}
    names = "city,state,email,hs_additional_emails,hs_merged_object_ids,hs_calculated_merged_vids"
    values = caller.get(f"/crm/v3/objects/contacts/{new}", properties=names).body["properties"]
    assert values["city"] == "Köln"
    assert values["state"] == "BW"
    assert values["email"] == "a.zqmark@example.com"
    assert "b.zqmark@example.com" in values["hs_additional_emails"].split(";")
    assert values["hs_merged_object_ids"] == "1;51"
    assert values["hs_calculated_merged_vids"] == "1:1795341600009;51:1795341600009"
    assert values["lastmodifieddate"] == "2026-11-22T10:00:00.009Z"
    assert _read(caller, "1")["id"] == _read(caller, "51")["id"] == new
    listed = caller.get("/crm/v3/objects/contacts", limit="100").ids
    assert new in listed
    assert not {"1", "51"} & set(listed)
    assert caller.get("/crm/v3/objects/contacts", archived="true").ids == []


def test_chains_of_merges_lead_to_the_final_survivor(caller: Caller) -> None:
    first = caller.portal.merge("contacts", "1", "51")
    last = caller.portal.merge("contacts", "101", first)
    assert caller.batch("contacts", "1", "51", first, "101").ids == [last]
    merged = caller.portal.truth("contacts")["merged"]
    assert merged == {"1": last, "51": last, "101": last, first: last}


def test_losers_appear_as_archived_where_switched_on(caller: Caller) -> None:
    caller.portal.habits = replace(caller.portal.habits, merge_losers_are_archived=True)
    caller.portal.merge("contacts", "1", "51")
    assert caller.get("/crm/v3/objects/contacts", archived="true").ids == ["1", "51"]


def test_the_survivor_takes_the_associations_along(empty: Caller) -> None:
    portal = empty.portal
    one, two = portal.create("contacts", {}), portal.create("contacts", {})
    deal = portal.create("deals", {})
    portal.associate(deal, one, ["Champion"])
    portal.associate(deal, two, ["Billing contact"])
    new = portal.merge("contacts", one, two)
    assert portal.linked("deals", int(deal)) == {int(new): ("Billing contact", "Champion")}


def test_a_purged_record_leaves_no_trace(caller: Caller) -> None:
    portal = caller.portal
    new = portal.merge("contacts", "1", "51")
    portal.archive("contacts", new)
    portal.purge("contacts", new)
    for archived in (False, True):
        assert not caller.batch("contacts", "1", "51", new, archived=archived).ids
    assert new not in caller.get("/crm/v3/objects/contacts", archived="true", limit="100").ids
    truth = portal.truth("contacts")
    assert truth["merged"] == {}
    assert new not in str(portal.truth("deal_contacts"))


def test_associations_change_without_a_modification_but_counts_follow(empty: Caller) -> None:
    portal = empty.portal
    contact, deal = portal.create("contacts", {}), portal.create("deals", {})
    before = _read(empty, deal, "deals")["updatedAt"]
    empty.clock.advance(1000)
    portal.associate(deal, contact)
    record = empty.get(f"/crm/v3/objects/deals/{deal}", properties="num_associated_contacts").body
    assert record["updatedAt"] == before
    assert record["properties"]["num_associated_contacts"] == "1"
    portal.archive("contacts", contact)
    record = empty.get(f"/crm/v3/objects/deals/{deal}", properties="num_associated_contacts").body
    assert record["properties"]["num_associated_contacts"] == "0"
    assert record["updatedAt"] == before


def test_linking_and_unlinking_count_as_modifications_where_switched_on(empty: Caller) -> None:
    portal = empty.portal
    portal.habits = Habits(links_bump_modified=True)
    contact, deal = portal.create("contacts", {}), portal.create("deals", {})
    empty.clock.advance(1000)
    portal.associate(deal, contact)
    for record_id, object_type in ((contact, "contacts"), (deal, "deals")):
        assert _read(empty, record_id, object_type)["updatedAt"] == "2026-11-22T10:00:01.000Z"
    empty.clock.advance(1000)
    portal.dissociate(deal, contact)
    assert _read(empty, deal, "deals")["updatedAt"] == "2026-11-22T10:00:02.000Z"
    empty.clock.advance(1000)
    portal.dissociate(deal, contact)
    assert _read(empty, deal, "deals")["updatedAt"] == "2026-11-22T10:00:02.000Z"


def test_hubspot_works_properties_out_without_a_modification(caller: Caller) -> None:
    before = _read(caller, "51")["updatedAt"]
    caller.clock.advance(1000)
    body = {"ids": ["51"], "properties": {"hs_predictivecontactscore_v2": "0.25"}}
    path = "/sandbox/portals/4242/contacts/calculate"
    assert caller.control("POST", path, body).status == 200
    read = caller.get("/crm/v3/objects/contacts/51", properties="hs_predictivecontactscore_v2").body
    assert read["properties"]["hs_predictivecontactscore_v2"] == "0.25"
    assert read["updatedAt"] == before


def test_rollups_stand_still_where_switched_off(empty: Caller) -> None:
    portal = empty.portal
    portal.habits = Habits(rollups_follow=False)
    contact, deal = portal.create("contacts", {}), portal.create("deals", {})
    portal.associate(deal, contact)
    live = empty.get(f"/crm/v3/objects/deals/{deal}", properties="num_associated_contacts")
    assert live.body["properties"]["num_associated_contacts"] is None


def test_hubspot_works_out_what_hangs_on_an_edit(empty: Caller) -> None:
    deal = empty.portal.create(
        "deals", {"pipeline": "default", "dealstage": "contractsent", "amount": "100"}
    )
    empty.portal.edit(
        "deals", deal, {"dealstage": "closedwon", "closedate": "2026-11-25T00:00:00.000Z"}
    )
    values = empty.get(
        f"/crm/v3/objects/deals/{deal}",
        properties="hs_is_closed,hs_is_closed_won,hs_deal_stage_probability,"
        "amount_in_home_currency,hs_closed_amount,days_to_close",
    ).body["properties"]
    assert values["hs_is_closed"] == values["hs_is_closed_won"] == "true"
    assert values["hs_deal_stage_probability"] == "1.0"
    assert values["amount_in_home_currency"] == values["hs_closed_amount"] == "100"
    assert values["days_to_close"] == "2"
    contact = empty.portal.create("contacts", {"phone": "+49 151 2345678"})
    name = "hs_calculated_phone_number"
    path = f"/crm/v3/objects/contacts/{contact}"
    assert empty.get(path, properties=name).body["properties"][name] == "+491512345678"
    empty.portal.edit("contacts", contact, {"phone": "0151 2345678"})
    assert empty.get(path, properties=name).body["properties"][name] is None


def test_changing_what_is_not_there_is_refused_by_id(caller: Caller) -> None:
    with pytest.raises(UnknownRecordError, match="no live contacts 52"):
        caller.portal.edit("contacts", "52", {"city": "Köln"})
    with pytest.raises(UnknownRecordError, match="no archived deals 1"):
        caller.portal.restore("deals", "1")


def test_new_ids_are_unused(caller: Caller) -> None:
    known = set(caller.portal.stores["contacts"].ids())
    new = [int(caller.portal.create("contacts", {})) for _ in range(300)]
    assert len(set(new)) == 300
    assert not known & set(new)
    assert new != sorted(new), "HubSpot promises no order of new ids"
