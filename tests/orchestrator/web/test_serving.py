"""The socket that the web process listens at, and the files that it serves."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import requests

from crmhub.web.serving import listen

if TYPE_CHECKING:
    from orchestrator.web.served import ServedWeb


def test_an_answer_in_two_parts_does_not_wait_between_them() -> None:
    with listen("127.0.0.1", 0) as listening:
        with socket.create_connection(listening.getsockname()):
            served, _ = listening.accept()
        with served:
            assert served.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_page_never_has_an_older_style_than_there_is(web: ServedWeb) -> None:
    address = f"{web.url}/static/crmhub.css"
    first = requests.get(address, timeout=10)
    assert first.headers["Cache-Control"] == "no-cache"
    again = requests.get(address, headers={"If-None-Match": first.headers["ETag"]}, timeout=10)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["Cache-Control"] == "no-cache"
