"""The control API: change and truth over HTTP, and the log of requests."""

import pytest
from tap.sandbox.caller import Caller


def test_a_portal_is_created_used_and_removed(caller: Caller) -> None:
    made = caller.control(
        "POST",
        "/sandbox/portals",
        {"portal_id": 5, "contacts": 4, "deals": 2, "seed": 9, "access_token": "my-own-token"},
    )
    assert made.body["counts"]["contacts"] == {"live": 4, "archived": 0}
    caller.token = "my-own-token"
    assert len(caller.get("/crm/v3/objects/contacts").ids) == 4
    known = caller.control("GET", "/sandbox/portals").body["portals"]
    assert [portal["portal_id"] for portal in known] == [4242, 5]
    caller.control("DELETE", "/sandbox/portals/5")
    assert caller.get("/crm/v3/objects/contacts").status == 401


def test_records_go_through_their_whole_life(empty: Caller) -> None:
    def do(verb: str, body: dict[str, object]) -> dict[str, object]:
        reply = empty.control("POST", f"/sandbox/portals/77/contacts/{verb}", body)
        assert reply.status == 200
        return reply.body

    one = do("create", {"properties": {"city": "Köln"}})["id"]
    two = do("create", {"properties": {}})["id"]
    empty.clock.advance(10)
    assert do("edit", {"all": True, "properties": {"city": "Ulm"}})["count"] == 2
    do("archive", {"ids": [two]})
    do("restore", {"ids": [two]})
    new = do("merge", {"primary": one, "other": two})["id"]
    truth = empty.control("GET", "/sandbox/portals/77/truth/contacts").body
    assert truth["merged"] == {one: new, two: new}
    assert list(truth["live"]) == [new]
    assert truth["live"][new]["properties"]["city"] == "Ulm"
    assert truth["live"][new]["updatedAt"] == "2026-11-22T10:00:00.010Z"
    do("purge", {"ids": [new]})
    truth = empty.control("GET", "/sandbox/portals/77/truth/contacts").body
    assert truth == {"live": {}, "archived": {}, "merged": {}}


def test_associations_are_made_and_removed(empty: Caller) -> None:
    deal, contact = empty.portal.create("deals", {}), empty.portal.create("contacts", {})
    path = "/sandbox/portals/77/associations"
    body = {"deal_id": deal, "contact_id": contact, "labels": ["Champion"]}
    assert empty.control("POST", path, body).status == 200
    truth = empty.control("GET", "/sandbox/portals/77/truth/deal_contacts").body["live"]
    unlabelled = {"category": "HUBSPOT_DEFINED", "type_id": 3, "label": None}
    champion = {"category": "USER_DEFINED", "type_id": 19, "label": "Champion"}
    assert truth == {deal: [{"id": contact, "types": [unlabelled, champion]}]}
    assert empty.control("POST", path, {**body, "labels": ["Nobody"]}).status == 400
    empty.control("DELETE", path, {"deal_id": deal, "contact_id": contact})
    truth = empty.control("GET", "/sandbox/portals/77/truth/deal_contacts").body["live"]
    assert truth == {deal: []}


def test_the_truth_of_an_archived_record_says_so(caller: Caller) -> None:
    caller.control("POST", "/sandbox/portals/4242/deals/archive", {"ids": ["1"]})
    truth = caller.control("GET", "/sandbox/portals/4242/truth/deals").body
    assert "1" not in truth["live"]
    assert truth["archived"]["1"]["archivedAt"] == "2026-11-22T10:00:00.000Z"
    assert len(caller.control("GET", "/sandbox/portals/4242/truth/owners").body["live"]) == 11
    assert len(caller.control("GET", "/sandbox/portals/4242/truth/pipelines").body["live"]) == 2


def test_the_log_tells_which_properties_were_asked_for(caller: Caller) -> None:
    caller.get("/crm/v3/objects/contacts", properties="email,city", limit="3")
    caller.batch("deals", "1", "51")
    caller.search("contacts", properties=["hs_object_id"])
    caller.get("/nowhere")
    log = caller.control("GET", "/sandbox/portals/4242/requests").body["requests"]
    assert [(e["method"], e["status"], e["properties"], e["count"]) for e in log] == [
        ("GET", 200, ["email", "city"], 3),
        ("POST", 200, None, 2),
        ("POST", 200, ["hs_object_id"], 10),
    ]
    assert caller.token not in str(log)
    everything = caller.control("GET", "/sandbox/requests").body["requests"]
    assert everything[-1]["path"] == "/nowhere"
    caller.control("DELETE", "/sandbox/requests")
    assert caller.control("GET", "/sandbox/requests").body["requests"] == []


def test_limits_latency_and_habits_are_set(caller: Caller) -> None:
    one = "/sandbox/portals/4242"
    assert caller.control("PUT", f"{one}/limits", {"calls_per_10_seconds": 1}).status == 200
    assert [caller.get("/crm/v3/owners").status for _ in range(2)] == [200, 429]
    caller.control("PUT", f"{one}/habits", {"restore_bumps_modified": True})
    assert caller.portal.habits.restore_bumps_modified
    caller.control("PUT", "/sandbox/latency", {"latency_ms": 50})
    assert caller.sandbox.latency_ms == 50
    assert caller.control("PUT", f"{one}/limits", {"speed": 1}).status == 400


def test_properties_and_owners_change(caller: Caller) -> None:
    one = "/sandbox/portals/4242"
    caller.control("POST", f"{one}/contacts/properties", {"name": "shoe_size", "type": "number"})
    assert caller.get("/crm/v3/properties/contacts/shoe_size").status == 200
    caller.control("POST", f"{one}/contacts/properties/archive", {"name": "shoe_size"})
    assert caller.get("/crm/v3/properties/contacts/shoe_size").status == 404
    owner = caller.get("/crm/v3/owners").ids[0]
    caller.control("POST", f"{one}/owners/deactivate", {"id": owner})
    assert owner in caller.get("/crm/v3/owners", archived="true").ids


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/sandbox/nothing", {}, 404),
        ("GET", "/sandbox/portals/1/truth/contacts", {}, 400),
        ("GET", "/sandbox/portals/4242/truth/widgets", {}, 400),
        ("POST", "/sandbox/portals", {"portal_id": 4242}, 400),
        ("POST", "/sandbox/portals", {"contacts": "many"}, 400),
        ("POST", "/sandbox/portals/4242/widgets/edit", {"ids": []}, 400),
        ("POST", "/sandbox/portals/4242/contacts/edit", {}, 400),
        ("POST", "/sandbox/portals/4242/contacts/edit", {"ids": ["abc"]}, 400),
        ("POST", "/sandbox/portals/4242/contacts/edit", {"ids": ["2"]}, 400),
        ("POST", "/sandbox/portals/4242/contacts/create", {"properties": {"a": 1}}, 400),
        ("POST", "/sandbox/portals/4242/contacts/merge", {"primary": "1", "other": "1"}, 400),
    ],
)
def test_a_control_call_that_cannot_be_done_says_why(
    caller: Caller, method: str, path: str, body: dict[str, object], status: int
) -> None:
    reply = caller.control(method, path, body)
    assert reply.status == status
    assert reply.body["error"]


def test_help_lists_the_calls(caller: Caller) -> None:
    calls = caller.control("GET", "/sandbox/help").body["calls"]
    assert "POST /sandbox/portals/<int:portal_id>/<object_type>/merge" in calls


def test_help_lists_the_switches_of_the_dialect(caller: Caller) -> None:
    switches = caller.control("GET", "/sandbox/help").body["dialect"]
    assert switches["search_sort"] == "number, text, none"
    assert switches["batch_silence.times"] == "number or null"
