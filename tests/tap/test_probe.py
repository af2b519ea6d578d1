"""What a probe asks, and how it ends."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tap_hubspot_crm.probe import Abandoned, probe

if TYPE_CHECKING:
    from tap.conftest import Connection

PATIENCE_SECONDS = 20.0


def test_a_probe_searches_each_object_type_once(connection: Connection) -> None:
    """Though deals and their contacts are looked at by two streams."""
    connection.sync()
    connection.running.sandbox.forget_requests()
    assert not probe(connection.settings(), connection.consumer.state).changed
    assert connection.requests("/contacts/search") == connection.requests("/deals/search") == 1
    listings = ("/pipelines/2026-09/deals", 1), ("/owners/2026-09", 3)
    assert [(path, connection.requests(path)) for path, _ in listings] == list(listings)


def test_a_row_that_is_counted_and_not_shown_is_news(connection: Connection) -> None:
    connection.sync()
    sandbox = connection.running.sandbox
    sandbox.dialect = replace(sandbox.dialect, search_total="high")
    assert probe(connection.settings(), connection.consumer.state).stream == "contacts"


@pytest.mark.parametrize("stream", ["contacts", "deal_contacts"])
def test_of_streams_that_look_at_one_type_the_one_behind_is_found(
    connection: Connection, stream: str
) -> None:
    """As after a run that was cut off between the two."""
    connection.sync()
    before = _bookmarks(connection)[stream]
    contact = connection.portal.stores["contacts"].ids()[0]
    connection.portal.edit("contacts", contact, {"jobtitle": "Changed"})
    connection.sync()
    bookmarks = _bookmarks(connection)
    assert not probe(connection.settings(), {"bookmarks": bookmarks}).changed
    behind = {"bookmarks": {**bookmarks, stream: before}}
    assert probe(connection.settings(), behind).stream == stream


def _bookmarks(connection: Connection) -> dict[str, Any]:
    assert connection.consumer.state is not None
    bookmarks: dict[str, Any] = connection.consumer.state["bookmarks"]
    return bookmarks


def test_a_probe_that_hears_nothing_ends_when_it_is_told_to(connection: Connection) -> None:
    """HubSpot may take minutes for each try; whoever stops a worker does not wait for them."""
    connection.sync()
    state = connection.consumer.state
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = connection.settings(api_url=f"http://127.0.0.1:{silent.getsockname()[1]}")

        def asking() -> None:
            with pytest.raises(Abandoned):
                probe(settings, state, attach=ends.append)
            ended.set()

        ends: list[object] = []
        threading.Thread(target=asking, daemon=True).start()
        heard, _ = silent.accept()
        with heard:
            heard.recv(1)
            [end] = ends
            assert callable(end)
            end()
            assert ended.wait(PATIENCE_SECONDS)
