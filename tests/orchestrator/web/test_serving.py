"""The socket that the web process listens at."""

from __future__ import annotations

import socket

from crmhub.web.serving import listen


def test_an_answer_in_two_parts_does_not_wait_between_them() -> None:
    with listen("127.0.0.1", 0) as listening:
        with socket.create_connection(listening.getsockname()):
            served, _ = listening.accept()
        with served:
            assert served.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
