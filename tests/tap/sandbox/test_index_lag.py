"""A search that lags behind what the list and the batch read tell, and that strays."""

import pytest
from tap.sandbox.caller import START, Caller, where

from hubspot_sandbox.clock import VirtualClock
from hubspot_sandbox.index_lag import SearchHabits
from hubspot_sandbox.sandbox import Sandbox

MODIFIED = "lastmodifieddate"
LAG = 60_000


@pytest.fixture
def lagging(empty: Caller) -> Caller:
    """Return a client of forty contacts whose search lags up to a minute."""
    for number in range(1, 41):
        empty.portal.create("contacts", {"city": "Ulm"}, record_id=number)
    empty.portal.search_habits = SearchHabits(lag_ms=LAG)
    empty.clock.advance(1_000)
    return empty


def _found(caller: Caller, since: int) -> list[str]:
    reply = caller.search(
        "contacts", where(MODIFIED, "GTE", since), sorts=["hs_object_id"], limit=200
    )
    return reply.ids


def test_changes_are_found_one_by_one_and_in_no_order(lagging: Caller) -> None:
    at = lagging.portal.touch("contacts", range(1, 41), {"city": "Bonn"})
    seen = []
    for _ in range(6):
        seen.append(_found(lagging, at))
        lagging.clock.advance(LAG // 6)
    counts = [len(ids) for ids in seen]
    assert counts == sorted(counts)
    assert 0 < counts[3] < 40
    assert seen[3] != [str(n) for n in range(1, counts[3] + 1)], "not the lowest ids first"
    lagging.clock.advance(LAG // 6 + 6)
    assert len(_found(lagging, at)) == 40


def test_the_list_and_the_batch_read_are_fresh(lagging: Caller) -> None:
    lagging.portal.edit("contacts", 3, {"city": "Bonn"})
    lagging.portal.archive("contacts", 4)
    path = "/crm/objects/2026-09/contacts"
    assert lagging.get(f"{path}/3", properties="city").body["properties"]["city"] == "Bonn"
    assert "4" not in lagging.get(path, limit="100").ids
    assert lagging.get(path, archived="true").ids == ["4"]
    assert lagging.batch("contacts", "3", "4").ids == ["3"]


def test_hits_show_the_record_as_the_search_knows_it(lagging: Caller) -> None:
    lagging.portal.edit("contacts", 3, {"city": "Bonn"})
    lagging.portal.archive("contacts", 4)
    hits = lagging.search("contacts", properties=["city"], limit=100).body["results"]
    known = {hit["id"]: hit["properties"]["city"] for hit in hits}
    assert (known["3"], known["4"]) == ("Ulm", "Ulm")
    lagging.clock.advance(LAG + 1)
    hits = lagging.search("contacts", properties=["city"], limit=100).body["results"]
    known = {hit["id"]: hit["properties"]["city"] for hit in hits}
    assert known["3"] == "Bonn"
    assert "4" not in known


def test_hits_may_show_the_record_as_it_is_outside_the_asked_window(lagging: Caller) -> None:
    lagging.portal.search_habits = SearchHabits(lag_ms=LAG, fresh_bodies=1)
    lagging.portal.edit("contacts", 3, {"city": "Bonn"})
    reply = lagging.search("contacts", where(MODIFIED, "LTE", START), limit=100)
    updated = {hit["id"]: hit["updatedAt"] for hit in reply.body["results"]}
    assert updated["3"] == "2026-11-22T10:00:01.000Z", "found by its old date, shown with the new"
    assert updated["5"] == "2026-11-22T10:00:00.000Z"


def test_hits_on_merged_records_may_show_the_survivors_id(lagging: Caller) -> None:
    lagging.portal.search_habits = SearchHabits(lag_ms=LAG, merged_hits_show_survivor=True)
    lagging.portal.edit("contacts", 3, {"city": "Bonn"})
    new = lagging.portal.merge("contacts", 3, 4)
    hits = lagging.search("contacts", where("hs_object_id", "LTE", 4), properties=["city"])
    assert [(hit["id"], hit["properties"]["city"]) for hit in hits.body["results"]] == [
        ("1", "Ulm"),
        ("2", "Ulm"),
        (new, "Ulm"),
        (new, "Ulm"),
    ]


def test_created_purged_and_restored_records_reach_the_search_late(lagging: Caller) -> None:
    lagging.portal.archive("contacts", 7)
    lagging.clock.advance(LAG + 1)
    lagging.portal.restore("contacts", 7)
    new = lagging.portal.create("contacts", {})
    lagging.portal.purge("contacts", 8)
    before = set(lagging.search("contacts", limit=100).ids)
    assert "8" in before
    assert not {"7", new} & before
    lagging.clock.advance(LAG + 1)
    after = set(lagging.search("contacts", limit=100).ids)
    assert {"7", new} <= after
    assert "8" not in after


def test_without_a_lag_the_search_knows_everything_again(lagging: Caller) -> None:
    at = lagging.portal.touch("contacts", range(1, 41))
    lagging.portal.search_habits = SearchHabits()
    assert len(_found(lagging, at)) == 40
    lagging.portal.archive("contacts", 1)
    assert "1" not in _found(lagging, at)


def _learnt_halfway(seed: int) -> list[str]:
    clock = VirtualClock(START)
    sandbox = Sandbox(clock=clock)
    portal = sandbox.add_portal(portal_id=77, contacts=80)
    made = Caller(sandbox, portal, clock)
    told = made.control("PUT", "/sandbox/portals/77/search-habits", {"lag_ms": LAG, "seed": seed})
    assert told.status == 200
    at = portal.touch("contacts", portal.stores["contacts"].ids())
    clock.advance(LAG // 2)
    return _found(made, at)


def test_the_same_seed_lags_the_same_and_another_otherwise() -> None:
    assert _learnt_halfway(1) == _learnt_halfway(1) != _learnt_halfway(2)


def test_pages_may_hold_rows_nobody_asked_for_and_a_walk_by_id_still_meets_all(
    empty: Caller,
) -> None:
    for number in range(1, 61):
        city = "Ulm" if number % 2 else "Bonn"
        empty.portal.create("contacts", {"city": city}, record_id=number)
    empty.portal.search_habits = SearchHabits(strays=0.7)
    seen: list[str] = []
    last = "0"
    while True:
        page = empty.search(
            "contacts",
            where("city", "EQ", "Ulm"),
            where("hs_object_id", "GT", last),
            sorts=["hs_object_id"],
            limit=5,
        ).ids
        if not page:
            break
        assert len(page) <= 5
        assert page == sorted(page, key=int)
        seen += page
        last = page[-1]
    assert {record_id for record_id in seen if int(record_id) % 2} == {
        str(number) for number in range(1, 61, 2)
    }
    assert any(int(record_id) % 2 == 0 for record_id in seen)


def test_paging_by_offset_loses_nothing_to_a_stray(empty: Caller) -> None:
    for number in range(1, 41):
        city = "Ulm" if number % 2 else "Bonn"
        empty.portal.create("contacts", {"city": city}, record_id=number)
    empty.portal.search_habits = SearchHabits(strays=1)
    seen: list[str] = []
    after: str | None = "0"
    while after is not None:
        reply = empty.search(
            "contacts",
            where("city", "EQ", "Ulm"),
            sorts=["hs_object_id"],
            limit=4,
            after=after,
        )
        seen += reply.ids
        after = reply.body.get("paging", {}).get("next", {}).get("after")
    assert {str(number) for number in range(1, 41, 2)} < set(seen)
