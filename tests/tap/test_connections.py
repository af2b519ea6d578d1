"""Connections that are cut while others open."""

from __future__ import annotations

import socket
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from tap_hubspot_crm.connections import Connections

if TYPE_CHECKING:
    from collections.abc import Iterator

    from urllib3.connection import HTTPConnection


@pytest.fixture
def _threads_take_turns_quickly() -> Iterator[None]:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("_threads_take_turns_quickly")
def test_connections_may_be_cut_while_others_open() -> None:
    connections = Connections({})
    adapter = connections.session().get_adapter("http://hub.example.com")
    pools = adapter.poolmanager.pool_classes_by_scheme  # type: ignore[attr-defined]  # of the only adapter

    class Connection(pools["http"].ConnectionCls):  # type: ignore[misc]  # a class made at run time
        """One that leads nowhere."""

        def _new_conn(self) -> socket.socket:
            return socket.socket()

    def opened() -> HTTPConnection:
        connection: HTTPConnection = Connection("hub.example.com")
        connection.connect()
        # Still known, and nothing is left of it to cut, which would take most of the time.
        connection.close()
        return connection

    kept = [opened() for _ in range(500)]
    has_cut = threading.Event()

    def open_more() -> None:
        while not has_cut.is_set():
            opened()

    opening = threading.Thread(target=open_more)
    opening.start()
    try:
        for _ in range(500):
            connections.cut()
    finally:
        has_cut.set()
        opening.join()
        del kept
