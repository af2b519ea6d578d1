"""Properties, pipelines, owners."""

import pytest
from tap.sandbox.caller import Caller

from hubspot_sandbox.pipelines import DEFAULT_PIPELINES
from hubspot_sandbox.properties import PropertyDefinition
from hubspot_sandbox.tokens import DEFAULT_SCOPES

PROPERTIES = "/crm/properties/2026-09/contacts"


def _names(caller: Caller, path: str = PROPERTIES, **query: str) -> set[str]:
    return {entry["name"] for entry in caller.get(path, **query).body["results"]}


@pytest.mark.parametrize("prefix", ["/crm/properties/2026-09", "/crm/v3/properties"])
def test_the_standard_properties_are_defined(caller: Caller, prefix: str) -> None:
    assert _names(caller, f"{prefix}/0-1") >= {
        "email",
        "lifecyclestage",
        "hs_lead_status",
        "hubspot_owner_id",
        "hs_object_id",
        "createdate",
        "lastmodifieddate",
        "hs_merged_object_ids",
        "hs_calculated_merged_vids",
        "hs_analytics_source",
        "num_associated_deals",
        "hs_latest_source",
        "num_notes",
        "hs_calculated_phone_number",
    }
    assert _names(caller, f"{prefix}/deals") >= {
        "dealname",
        "amount",
        "amount_in_home_currency",
        "deal_currency_code",
        "pipeline",
        "dealstage",
        "closedate",
        "hs_is_closed",
        "hs_is_closed_won",
        "hs_deal_stage_probability",
        "dealtype",
        "hs_lastmodifieddate",
        "hs_forecast_category",
        "hs_priority",
        "days_to_close",
    }


def test_archived_properties_are_listed_apart(caller: Caller) -> None:
    assert "old_segment" not in _names(caller)
    assert _names(caller, archived="true") == {"old_segment"}
    caller.portal.archive_property("contacts", "company")
    assert "company" not in _names(caller)
    first = caller.get("/crm/v3/objects/contacts", properties="company").body["results"][0]
    assert "company" not in first["properties"]


def test_sensitive_properties_are_listed_apart_and_need_a_scope_to_be_read(caller: Caller) -> None:
    assert "dietary_notes" not in _names(caller)
    assert _names(caller, dataSensitivity="sensitive") == {"dietary_notes"}
    caller.portal.edit("contacts", 1, {"dietary_notes": "Allergic to nuts"})
    path = "/crm/objects/2026-09/contacts/1"
    refused = caller.get(path, properties="dietary_notes")
    assert (refused.status, refused.body["category"]) == (403, "MISSING_SCOPES")
    scope = "crm.objects.contacts.sensitive.read.v2"
    caller.token = caller.sandbox.tokens.add_static(
        None, portal_id=4242, scopes=(*DEFAULT_SCOPES, scope)
    )
    values = caller.get(path, properties="dietary_notes").body["properties"]
    assert values["dietary_notes"] == "Allergic to nuts"


def test_a_new_property_appears_and_is_answered(caller: Caller) -> None:
    definition = PropertyDefinition(name="shoe_size", label="Shoe size", group="g", type="number")
    caller.portal.add_property("contacts", definition)
    assert "shoe_size" in _names(caller)
    assert caller.get(f"{PROPERTIES}/shoe_size").body["type"] == "number"
    assert caller.get(f"{PROPERTIES}/glove_size").status == 404
    caller.portal.edit("contacts", 1, {"shoe_size": "44"})
    values = caller.get("/crm/objects/2026-09/contacts/1", properties="shoe_size").body
    assert values["properties"]["shoe_size"] == "44"


def test_a_rollup_calls_itself_not_calculated(caller: Caller) -> None:
    definition = caller.get(f"{PROPERTIES}/num_associated_deals").body
    assert definition["calculated"] is False
    assert definition["fieldType"] == "calculation_rollup"
    calculated = caller.get("/crm/properties/2026-09/deals/days_to_close").body
    assert calculated["calculated"] is True


def test_pipelines_come_with_their_stages_and_the_first_was_made_in_1970(caller: Caller) -> None:
    pipelines = caller.get("/crm/pipelines/2026-09/deals").body["results"]
    assert [p["id"] for p in pipelines] == [p.id for p in DEFAULT_PIPELINES]
    assert pipelines[0]["createdAt"] == "1970-01-01T00:00:00.000Z"
    won = next(stage for stage in pipelines[0]["stages"] if stage["id"] == "closedwon")
    assert won["metadata"] == {"isClosed": "true", "probability": "1.0"}
    assert caller.get("/crm/v3/pipelines/deals/default").body == pipelines[0]
    stages = caller.get("/crm/pipelines/2026-03/deals/default/stages").body["results"]
    assert stages == pipelines[0]["stages"]
    assert caller.get("/crm/v3/pipelines/contacts").body["results"] == []
    assert caller.get("/crm/v3/pipelines/deals/none").status == 404


def test_owners_are_active_or_deactivated_and_one_is_a_queue(caller: Caller) -> None:
    active = caller.get("/crm/owners/2026-09").body["results"]
    gone = caller.get("/crm/v3/owners", archived="true").body["results"]
    assert {owner["type"] for owner in active} == {"PERSON", "QUEUE"}
    assert all(owner["userId"] for owner in active)
    assert [owner["userId"] for owner in gone] == [None, None]
    assert all(owner["userIdIncludingInactive"] for owner in gone)
    caller.portal.deactivate_owner(active[0]["id"])
    assert len(caller.get("/crm/v3/owners", archived="true").body["results"]) == 3
    email = active[1]["email"]
    assert caller.get("/crm/owners/2026-09", email=email).ids == [active[1]["id"]]
    assert caller.get(f"/crm/owners/2026-03/{active[1]['id']}").body == active[1]


def test_owners_are_paged(caller: Caller) -> None:
    everyone = caller.get("/crm/owners/2026-09").ids
    first = caller.get("/crm/owners/2026-09", limit="4")
    assert first.ids == everyone[:4]
    after = first.body["paging"]["next"]["after"]
    rest = caller.get("/crm/owners/2026-09", limit="100", after=after)
    assert rest.ids == everyone[4:]
    assert "paging" not in rest.body
