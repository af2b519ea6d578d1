"""Full passes against the sandbox, compared with its truth."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest
from tap.replay import differences, sent

from hubspot_sandbox.portal import Habits
from tap_hubspot_crm.timekeeping import parse_moment, to_milliseconds

if TYPE_CHECKING:
    from tap.conftest import Connection

    from hubspot_sandbox.object_types import ObjectType

FULL = {"reconcile_interval_hours": 0, "associations_interval_minutes": 0}


def _order(messages: list[dict[str, Any]], stream: str) -> list[str]:
    return [message["type"] for message in messages if message.get("stream") == stream]


def test_the_first_run_holds_everything(connection: Connection) -> None:
    connection.portal.archive("contacts", *list(connection.portal.stores["contacts"].ids())[:7])
    connection.sync()
    assert differences(connection.consumer, connection.portal) == []


def test_each_row_comes_once(connection: Connection) -> None:
    messages = connection.sync()
    for stream in ("contacts", "deals", "deal_contacts", "owners", "pipelines"):
        assert set(sent(messages, stream).values()) == {1}


def test_the_version_is_activated_once_and_after_the_last_record(connection: Connection) -> None:
    messages = connection.sync()
    for stream in ("contacts", "deals", "deal_contacts", "owners", "pipelines"):
        order = _order(messages, stream)
        assert order[0] == "SCHEMA"
        assert order[-1] == "ACTIVATE_VERSION"
        assert order.count("ACTIVATE_VERSION") == 1


def test_every_record_has_its_version_and_hubspots_time(connection: Connection) -> None:
    began = connection.portal.clock.now_ms()
    records = [m for m in connection.sync() if m["type"] == "RECORD"]
    ended = connection.portal.clock.now_ms()
    for stream in ("contacts", "deals"):
        mine = [m for m in records if m["stream"] == stream]
        assert len({m["version"] for m in mine}) == 1
        # Pages come side by side, in no order. A Date header has whole seconds, so the first may
        # be up to one early; none is late.
        moments = [to_milliseconds(parse_moment(m["time_extracted"])) for m in mine]
        assert began - 1000 <= min(moments) <= max(moments) <= ended


def test_purged_records_are_swept_by_the_next_full_pass(connection: Connection) -> None:
    connection.sync()
    ids = list(connection.portal.stores["contacts"].ids())
    connection.portal.purge("contacts", *ids[:5])
    connection.sync()
    assert sum("left over" in line for line in differences(connection.consumer, connection.portal))
    connection.sync(**FULL)
    assert differences(connection.consumer, connection.portal) == []


@pytest.mark.parametrize("stream", ["contacts", "deals"])
def test_a_record_that_a_full_pass_finds_restored_has_its_links_again(
    connection: Connection, stream: ObjectType
) -> None:
    """Though the sets of all deals are not due yet, and restoring left no trace."""
    connection.sync()
    rows, portal = connection.consumer.rows, connection.portal
    deal = next(deal for deal, row in rows["deal_contacts"].items() if row["contacts"])
    contact = rows["deal_contacts"][deal]["contacts"][0]["id"]
    gone = int({"contacts": contact, "deals": deal}[stream])
    portal.habits = Habits(restore_bumps_modified=False)
    portal.archive(stream, gone)
    connection.sync(archived_interval_minutes=0, associations_interval_minutes=0)
    portal.restore(stream, gone)
    assert connection.consumer.state is not None
    long_ago = "2026-01-01T00:00:00.000Z"
    connection.consumer.state["bookmarks"][stream]["full_pass_at"] = long_ago
    connection.sync()
    assert differences(connection.consumer, portal, loose=True) == []


def test_deals_that_are_gone_leave_the_links_with_the_next_complete_pass(
    connection: Connection,
) -> None:
    connection.sync()
    ids = sorted(map(int, connection.portal.stores["deals"].ids()))
    connection.portal.archive("deals", ids[0])
    connection.portal.merge("deals", ids[1], ids[2])
    connection.sync(archived_interval_minutes=0, associations_interval_minutes=0)
    live = connection.portal.truth("deal_contacts")["live"]
    assert set(connection.consumer.rows["deal_contacts"]) == set(live)  # type: ignore[call-overload]  # JSON
    assert differences(connection.consumer, connection.portal, loose=True) == []


@pytest.mark.parametrize("lines", [2, 20, 60, 110, 180, 250, 300, 330, 390])
def test_a_run_cut_off_anywhere_is_made_good_by_the_next(
    connection: Connection, lines: int
) -> None:
    """The consumer keeps what it got; state and version lead the next run to the same end."""
    connection.consumer.apply(connection.sync_partly(lines))
    connection.portal.edit("contacts", next(iter(connection.portal.stores["contacts"].ids())), {})
    connection.sync()
    assert differences(connection.consumer, connection.portal) == []


def test_an_unfinished_full_pass_goes_on_with_its_version_and_open_range(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tap_hubspot_crm.streams.Contacts.STATE_MSG_FREQUENCY", 100)
    first = connection.sync_partly(190)
    connection.consumer.apply(first)
    assert connection.consumer.state is not None
    bookmark = connection.consumer.state["bookmarks"]["contacts"]
    assert bookmark["full_pass"]["open_ranges"] != [[None, None]]
    ids = sorted(map(int, connection.portal.stores["contacts"].ids()))
    connection.portal.edit("contacts", ids[0], {"firstname": "Changed"})
    second = connection.sync()
    versions = {
        m["version"]
        for m in (*first, *second)
        if m["type"] == "RECORD" and m["stream"] == "contacts"
    }
    assert len(versions) == 1
    again = set(sent(first, "contacts")) & set(sent(second, "contacts"))
    # The edited row, and what was sent after the last state that came out.
    assert len(again) < 100
    assert differences(connection.consumer, connection.portal) == []


def test_a_later_full_pass_has_a_greater_version(connection: Connection) -> None:
    first = connection.sync()
    second = connection.sync(**FULL)
    versions = [
        [m["version"] for m in messages if m["type"] == "ACTIVATE_VERSION"]
        for messages in (first, second)
    ]
    assert all(before < after for before, after in zip(*versions, strict=True))


def test_long_lists_of_properties_are_read_by_id(connection: Connection) -> None:
    """HubSpot answers 414 to long addresses, so the properties go into a body."""
    portal = connection.portal
    definition = next(iter(portal.properties["contacts"].values()))
    for number in range(1600):
        portal.add_property(
            "contacts", replace(definition, name=f"made_up_property_{number}", type="string")
        )
    ids = list(portal.stores["contacts"].ids())
    portal.edit("contacts", ids[3], {"made_up_property_1599": "here"})
    portal.archive("contacts", ids[4])
    connection.sync()
    assert connection.requests("contacts/batch/read") >= 3
    assert connection.consumer.rows["contacts"][str(ids[3])]["made_up_property_1599"] == "here"
    assert differences(connection.consumer, portal) == []


@pytest.mark.parametrize("api_version", ["2026-03", "v3"])
def test_older_path_families_serve_as_well(connection: Connection, api_version: str) -> None:
    connection.sync(api_version=api_version)
    assert differences(connection.consumer, connection.portal) == []


def test_start_date_leaves_out_what_did_not_change_since(connection: Connection) -> None:
    times = sorted(
        row["updatedAt"]
        for row in connection.portal.truth("contacts")["live"].values()  # type: ignore[attr-defined]  # JSON
    )
    connection.sync(start_date=times[100])
    held = connection.consumer.rows["contacts"].values()
    assert sorted(row["updatedAt"] for row in held) == times[100:]


def test_a_deal_that_start_date_leaves_out_has_no_links_when_it_is_restored(
    connection: Connection,
) -> None:
    portal = connection.portal
    live = cast("dict[str, dict[str, Any]]", portal.truth("deals")["live"])
    start_date = sorted(row["updatedAt"] for row in live.values())[30]
    deal = next(
        deal
        for deal, row in live.items()
        if row["updatedAt"] < start_date and portal.linked("deals", int(deal))
    )
    settings = {"start_date": start_date, "archived_interval_minutes": 0}
    portal.habits = Habits(restore_bumps_modified=False)
    portal.archive("deals", int(deal))
    connection.sync(**settings)
    portal.restore("deals", int(deal))
    messages = connection.sync(**settings)
    assert deal not in sent(messages, "deals")
    assert deal not in sent(messages, "deal_contacts")
