"""Serve the web application at a socket, alone or beside something else.

What serves it is imported when it is needed: FastAPI takes half a second, which commands that serve
nothing do not have to wait for.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

from crmhub.errors import InvalidSettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmhub.web.http_server import WebServer
    from crmhub.web.settings import WebSettings


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises InvalidSettingsError."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, backlog=1024)
        # Every answer is sent in two parts; without it the second waits for the client's receipt of
        # the first, 40 ms. asyncio sees to it only for sockets it has made itself.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError as error:
        raise InvalidSettingsError(
            f"cannot listen at {host}, port {port} ({error.strerror}): choose another with "
            "--host and --port, or end what listens there"
        ) from None
    return listening


@contextlib.contextmanager
def serving_in_a_thread(settings: WebSettings, listening: socket.socket) -> Iterator[WebServer]:
    """Serve beside something else until the block ends."""
    server = _server(settings)
    thread = threading.Thread(target=server.run, args=([listening],), name="crmhub web")
    thread.start()
    try:
        yield server
    finally:
        server.should_exit = True
        thread.join()


def serve(settings: WebSettings, listening: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT."""
    _server(settings).run([listening])


def _server(settings: WebSettings) -> WebServer:
    from crmhub.web.http_server import web_server  # noqa: PLC0415 - as said above

    return web_server(settings)
