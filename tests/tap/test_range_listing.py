"""Listings in several ranges against the sandbox: complete, once, resumable, at every cursor."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tap.conftest import FREE, Connection
from tap.replay import differences, sent

from tap_hubspot_crm.timekeeping import parse_moment

if TYPE_CHECKING:
    from tap.conftest import TapProgram

    from hubspot_sandbox.dialect import CursorStyle
    from hubspot_sandbox.server import RunningSandbox

SLIM = {"properties": {"contacts": ["firstname"], "deals": ["dealname"]}}


@pytest.fixture
def large(running: RunningSandbox, tap_program: TapProgram) -> Connection:
    """A portal whose contacts fill some thirty pages of very uneven ids."""
    portal = running.sandbox.add_portal(contacts=3_000, deals=900, limits=FREE)
    return Connection(url=running.url, portal=portal, running=running, program=tap_program)


def _speak(connection: Connection, style: CursorStyle) -> None:
    sandbox = connection.running.sandbox
    sandbox.dialect = replace(sandbox.dialect, list_cursor=style)


def _until_ranges_are_open(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what a run printed before a kill, right after a state with several open ranges."""
    for number, message in enumerate(messages):
        if message["type"] == "STATE":
            bookmark = message["value"]["bookmarks"].get("contacts", {})
            if len(bookmark.get("full_pass", {}).get("open_ranges", ())) >= 3:
                return messages[: number + 1]
    raise AssertionError("no state has several open ranges")


def _threads() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith("tap-hubspot-crm")]


@pytest.mark.parametrize("style", ["id", "restart", "rounded", "refused", "opaque"])
def test_everything_comes_once_whatever_hubspot_makes_of_a_cursor(
    large: Connection, style: CursorStyle
) -> None:
    _speak(large, style)
    messages = large.sync(**SLIM)
    for stream in ("contacts", "deals", "deal_contacts"):
        assert set(sent(messages, stream).values()) == {1}
    assert differences(large.consumer, large.portal) == []


def test_pages_in_no_order_are_read_all_the_same(large: Connection) -> None:
    sandbox = large.running.sandbox
    sandbox.dialect = replace(sandbox.dialect, shuffles_list_pages=True)
    messages = large.sync(**SLIM)
    assert set(sent(messages, "contacts").values()) == {1}
    assert differences(large.consumer, large.portal) == []


def test_pages_are_read_side_by_side_and_no_thread_is_left(large: Connection) -> None:
    large.running.sandbox.latency_ms = 30
    large.sync(**SLIM)
    calls = [
        call.at
        for call in large.running.sandbox.requests()
        if call.path.endswith("objects/2026-09/contacts")
    ]
    # Where to cut is a guess: of so short a listing, each page may be cut once too often.
    assert len(calls) <= 30 * 2
    # One after another, each would come at least 30 ms after the one before.
    assert max(sum(0 <= later - moment < 30 for later in calls) for moment in calls) >= 3
    assert _threads() == []


def test_several_open_ranges_are_gone_on_with_and_hardly_anything_comes_again(
    large: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tap_hubspot_crm.streams.Contacts.STATE_MSG_FREQUENCY", 100)
    first = _until_ranges_are_open(large.sync_partly(None, **SLIM))
    large.consumer.apply(first)
    second = large.sync(**SLIM)
    again = set(sent(first, "contacts")) & set(sent(second, "contacts"))
    assert again == set()
    versions = {
        m["version"]
        for m in (*first, *second)
        if m["type"] == "RECORD" and m["stream"] == "contacts"
    }
    assert len(versions) == 1
    assert differences(large.consumer, large.portal) == []


@pytest.mark.parametrize("style", ["restart", "opaque"])
def test_open_ranges_are_made_good_when_hubspot_no_longer_heeds_them(
    large: Connection, monkeypatch: pytest.MonkeyPatch, style: CursorStyle
) -> None:
    monkeypatch.setattr("tap_hubspot_crm.streams.Contacts.STATE_MSG_FREQUENCY", 100)
    large.consumer.apply(_until_ranges_are_open(large.sync_partly(None, **SLIM)))
    _speak(large, style)
    large.sync(**SLIM)
    assert differences(large.consumer, large.portal) == []


def test_rows_read_by_id_come_once_too_and_in_several_ranges(large: Connection) -> None:
    definition = next(iter(large.portal.properties["contacts"].values()))
    # Names so long that a few make an address longer than HubSpot takes.
    for number in range(60):
        large.portal.add_property(
            "contacts", replace(definition, name=f"made_up_{number}_{80 * 'x'}", type="string")
        )
    ids = sorted(map(int, large.portal.stores["contacts"].ids()))
    large.portal.merge("contacts", ids[1000], ids[2000])
    messages = large.sync()
    assert large.requests("contacts/batch/read") >= 30
    assert set(sent(messages, "contacts").values()) == {1}
    assert differences(large.consumer, large.portal) == []


def test_a_row_never_comes_older_after_newer(large: Connection) -> None:
    large.running.sandbox.latency_ms = 20
    stop = threading.Event()
    ids = sorted(map(int, large.portal.stores["contacts"].ids()))

    def edit() -> None:
        number = 0
        while not stop.wait(0.005):
            number += 1
            large.portal.edit("contacts", ids[number * 37 % len(ids)], {"firstname": f"N{number}"})

    editor = threading.Thread(target=edit)
    editor.start()
    try:
        messages = large.sync(**SLIM)
    finally:
        stop.set()
        editor.join()
    latest: dict[str, Any] = {}
    for message in messages:
        if message["type"] == "RECORD" and message["stream"] == "contacts":
            record = message["record"]
            order = (parse_moment(record["updatedAt"]), parse_moment(message["time_extracted"]))
            assert latest.get(record["id"], order) <= order
            latest[record["id"]] = order
    large.running.sandbox.latency_ms = 0
    large.sync(**SLIM)
    assert differences(large.consumer, large.portal) == []
