"""Incremental passes against the sandbox: only what changed, and all of it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tap.replay import differences, sent

from hubspot_sandbox import search
from hubspot_sandbox.portal import Habits
from tap_hubspot_crm import id_search, spans
from tap_hubspot_crm.object_requests import SEARCH_LIMIT
from tap_hubspot_crm.tap import TapHubSpotCrm
from tap_hubspot_crm.timekeeping import Timer, parse_moment, to_milliseconds

if TYPE_CHECKING:
    from tap.conftest import Connection

SOON = {"archived_interval_minutes": 0}


def _ids(connection: Connection, stream: str) -> list[int]:
    portal = connection.portal
    store = portal.stores["contacts"] if stream == "contacts" else portal.stores["deals"]
    return sorted(map(int, store.ids()))


def test_nothing_changed_costs_few_requests_and_sends_nothing(synced: Connection) -> None:
    messages = synced.sync()
    assert not sent(messages, "contacts")
    assert not sent(messages, "deals")
    assert not sent(messages, "deal_contacts")
    # Two definitions, two searches, one listing of pipelines, three of owners.
    assert synced.requests() == 8


def test_only_what_changed_is_sent(synced: Connection) -> None:
    contact, deal = _ids(synced, "contacts")[5], _ids(synced, "deals")[6]
    synced.portal.edit("contacts", contact, {"firstname": "Changed"})
    synced.portal.edit("deals", deal, {"dealname": "Changed"})
    new = synced.portal.create("contacts", {"firstname": "New"})
    messages = synced.sync()
    assert set(sent(messages, "contacts")) == {str(contact), new}
    assert set(sent(messages, "deals")) == {str(deal)}
    assert str(deal) in sent(messages, "deal_contacts")
    assert differences(synced.consumer, synced.portal) == []


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_machine_whose_clock_is_an_hour_off_misses_nothing(
    synced: Connection, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """Bookmarks and intervals are HubSpot's own time."""
    off = timedelta(hours=hours)
    timer = Timer(
        monotonic=lambda: time.monotonic() + off.total_seconds(),
        wall=lambda: datetime.now(UTC) + off,
    )
    monkeypatch.setattr(TapHubSpotCrm, "timer", timer)
    synced.portal.edit("contacts", _ids(synced, "contacts")[5], {"firstname": "Changed"})
    before = synced.portal.clock.now_ms()
    assert sum(sent(synced.sync(), "contacts").values()) == 1
    assert synced.consumer.state is not None
    bookmark = parse_moment(synced.consumer.state["bookmarks"]["contacts"]["bookmark"])
    # A Date header has whole seconds.
    assert before - 1000 <= to_milliseconds(bookmark) <= synced.portal.clock.now_ms()
    synced.portal.edit("contacts", _ids(synced, "contacts")[6], {"firstname": "Changed"})
    assert sum(sent(synced.sync(), "contacts").values()) == 1
    assert differences(synced.consumer, synced.portal) == []


def test_what_the_object_streams_found_is_not_searched_for_again(synced: Connection) -> None:
    contact = next(
        item["id"]
        for row in synced.consumer.rows["deal_contacts"].values()
        for item in row["contacts"]
    )
    synced.portal.edit("contacts", int(contact), {"firstname": "Changed"})
    messages = synced.sync()
    assert sent(messages, "deal_contacts")
    assert synced.requests("/search") == 2
    # And not again in the next run, though its bookmark is another.
    assert not sent(synced.sync(), "deal_contacts")


def test_deal_contacts_alone_searches_by_itself(synced: Connection) -> None:
    """Its bookmark is its own: what it missed while it was not selected is found later."""
    catalog = TapHubSpotCrm(config=synced.settings()).catalog_dict
    for stream in catalog["streams"]:
        selected = stream["tap_stream_id"] != "deal_contacts"
        stream["metadata"] = [{"breadcrumb": [], "metadata": {"selected": selected}}]
    deal, contact = _ids(synced, "deals")[0], _ids(synced, "contacts")[0]
    synced.portal.associate(deal, contact)
    synced.portal.edit("contacts", contact, {"firstname": "Changed"})
    without = synced.sync_partly(None, catalog=catalog)
    synced.consumer.apply(without)
    assert not sent(without, "deal_contacts")
    assert str(deal) in sent(synced.sync(), "deal_contacts")
    for stream in catalog["streams"]:
        selected = stream["tap_stream_id"] == "deal_contacts"
        stream["metadata"] = [{"breadcrumb": [], "metadata": {"selected": selected}}]
    synced.portal.edit("deals", deal, {"dealname": "Changed"})
    alone = synced.sync_partly(None, catalog=catalog)
    assert set(sent(alone, "deal_contacts")) == {str(deal)}


@pytest.mark.parametrize(("days_off", "due"), [(-10_000, True), (30, False)])
def test_deal_contacts_alone_goes_by_hubspots_time_too(
    synced: Connection,
    monkeypatch: pytest.MonkeyPatch,
    days_off: int,
    due: bool,  # noqa: FBT001 - a case
) -> None:
    """Without another stream it decides before HubSpot has answered anything."""
    catalog = TapHubSpotCrm(config=synced.settings()).catalog_dict
    for stream in catalog["streams"]:
        selected = stream["tap_stream_id"] == "deal_contacts"
        stream["metadata"] = [{"breadcrumb": [], "metadata": {"selected": selected}}]
    assert synced.consumer.state is not None
    if due:
        long_ago = "2026-01-01T00:00:00.000Z"
        synced.consumer.state["bookmarks"]["deal_contacts"]["full_pass_at"] = long_ago
    timer = Timer(wall=lambda: datetime.now(UTC) + timedelta(days=days_off))
    monkeypatch.setattr(TapHubSpotCrm, "timer", timer)
    messages = synced.sync_partly(None, catalog=catalog)
    assert any(message["type"] == "ACTIVATE_VERSION" for message in messages) is due


def test_looking_back_reads_nothing_again(synced: Connection) -> None:
    synced.portal.touch("contacts", _ids(synced, "contacts")[:50], {"firstname": "Changed"})
    assert len(sent(synced.sync(), "contacts")) == 50
    messages = synced.sync()
    assert not sent(messages, "contacts")
    assert not synced.requests("batch/read")


@pytest.mark.parametrize("limit", [1_000, pytest.param(10_000, marks=pytest.mark.long)])
def test_more_rows_than_a_search_shows_changed_in_one_millisecond(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    """HubSpot's search ends at 10,000 results; each of more comes once all the same."""
    monkeypatch.setattr(search, "RESULT_LIMIT", limit)
    for module in (id_search, spans):
        monkeypatch.setattr(module, "FARTHEST", limit - SEARCH_LIMIT)
    for number in range(limit + 300):
        connection.portal.create("contacts", {"firstname": f"Number {number}"})
    settings = {"properties": {"contacts": ["firstname"], "deals": ["dealname"]}}
    connection.sync(**settings)
    ids = _ids(connection, "contacts")
    connection.portal.touch("contacts", ids, {"firstname": "Changed"})
    messages = connection.sync(**settings)
    counts = sent(messages, "contacts")
    assert set(counts) == set(map(str, ids))
    assert set(counts.values()) == {1}
    assert differences(connection.consumer, connection.portal) == []


def test_an_archived_record_is_sent_with_its_time(synced: Connection) -> None:
    contact, deal = _ids(synced, "contacts")[5], _ids(synced, "deals")[6]
    synced.portal.archive("contacts", contact)
    synced.portal.archive("deals", deal)
    messages = synced.sync(**SOON)
    assert set(sent(messages, "contacts")) == {str(contact)}
    assert synced.consumer.rows["contacts"][str(contact)]["archivedAt"]
    assert set(sent(messages, "deals")) == {str(deal)}
    # No search shows it, yet its contacts are read again.
    assert synced.consumer.rows["deal_contacts"][str(deal)]["contacts"] == []


def test_archived_records_wait_for_their_interval(synced: Connection) -> None:
    synced.portal.archive("contacts", _ids(synced, "contacts")[5])
    assert not sent(synced.sync(), "contacts")


@pytest.mark.parametrize("bumped", [True, False])
def test_a_restored_record_is_live_again(synced: Connection, bumped: bool) -> None:  # noqa: FBT001 - a case
    synced.portal.habits = Habits(restore_bumps_modified=bumped)
    contact, deal = _ids(synced, "contacts")[5], _ids(synced, "deals")[6]
    synced.portal.archive("contacts", contact)
    synced.portal.archive("deals", deal)
    synced.sync(**SOON)
    synced.portal.restore("contacts", contact)
    synced.portal.restore("deals", deal)
    synced.sync(**SOON)
    assert synced.consumer.rows["contacts"][str(contact)]["archived"] is False
    assert differences(synced.consumer, synced.portal, loose=True) == []


def test_a_record_archived_restored_edited_and_archived_again_is_archived(
    synced: Connection,
) -> None:
    contact = _ids(synced, "contacts")[5]
    synced.portal.archive("contacts", contact)
    synced.sync(**SOON)
    synced.portal.restore("contacts", contact)
    synced.portal.edit("contacts", contact, {"firstname": "Changed"})
    synced.sync()
    synced.portal.archive("contacts", contact)
    synced.sync(**SOON)
    assert synced.consumer.rows["contacts"][str(contact)]["archived"] is True
    # Which deals an archived contact belonged to is a thing HubSpot no longer tells.
    synced.sync(associations_interval_minutes=0)
    assert differences(synced.consumer, synced.portal, loose=True) == []


@pytest.mark.parametrize("archived", [True, False])
def test_merged_records_become_tombstones_of_the_final_survivor(
    synced: Connection,
    archived: bool,  # noqa: FBT001 - a case
) -> None:
    synced.portal.habits = Habits(merge_losers_are_archived=archived)
    one, two, three, four = _ids(synced, "contacts")[5:9]
    first = synced.portal.merge("contacts", one, two)
    synced.sync(**SOON)
    second = synced.portal.merge("contacts", first, three)
    last = synced.portal.merge("contacts", four, second)
    synced.sync(**SOON)
    rows = synced.consumer.rows["contacts"]
    for loser in map(str, (one, two, three, four, first, second)):
        assert rows[loser] == {
            "id": loser,
            "updatedAt": rows[last]["updatedAt"],
            "archived": True,
            "mergedInto": last,
        }
    assert differences(synced.consumer, synced.portal, loose=True) == []


def test_merged_deals_leave_their_contacts_to_the_survivor(synced: Connection) -> None:
    one, two = _ids(synced, "deals")[:2]
    contacts = _ids(synced, "contacts")[:2]
    synced.portal.associate(one, contacts[0])
    synced.portal.associate(two, contacts[1])
    survivor = synced.portal.merge("deals", one, two)
    synced.sync()
    held = synced.consumer.rows["deal_contacts"][survivor]["contacts"]
    assert {str(contact) for contact in contacts} <= {item["id"] for item in held}
    assert differences(synced.consumer, synced.portal, loose=True) == []


def test_a_changed_contact_has_the_contacts_of_its_deals_read_again(synced: Connection) -> None:
    """A link need not touch the deal; the contact's change is enough."""
    deal, contact = _ids(synced, "deals")[0], _ids(synced, "contacts")[0]
    synced.portal.associate(deal, contact)
    synced.portal.edit("contacts", contact, {"firstname": "Changed"})
    messages = synced.sync()
    assert str(deal) in sent(messages, "deal_contacts")
    assert differences(synced.consumer, synced.portal, loose=True) == []


def test_a_link_removed_without_a_trace_is_seen_on_the_associations_interval(
    synced: Connection,
) -> None:
    links = {k: v["contacts"] for k, v in synced.consumer.rows["deal_contacts"].items()}
    deal, contacts = next((k, v) for k, v in links.items() if v)
    synced.portal.dissociate(deal, contacts[0]["id"])
    assert not sent(synced.sync(), "deal_contacts")
    messages = synced.sync(associations_interval_minutes=0)
    assert set(sent(messages, "deal_contacts").values()) == {1}
    assert not sent(messages, "contacts")
    assert differences(synced.consumer, synced.portal, loose=True) == []


def test_a_record_purged_right_after_its_change_is_skipped(synced: Connection) -> None:
    contact = _ids(synced, "contacts")[5]
    synced.portal.edit("contacts", contact, {"firstname": "Changed"})
    synced.portal.purge("contacts", contact)
    assert not sent(synced.sync(), "contacts")


def test_a_deactivated_owner_stays_as_archived(synced: Connection) -> None:
    owner = next(iter(synced.portal.owners))
    synced.portal.deactivate_owner(owner)
    synced.sync()
    assert synced.consumer.rows["owners"][str(owner)]["archived"] is True
    assert differences(synced.consumer, synced.portal) == []
