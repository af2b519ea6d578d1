"""A PostgreSQL that a test may stop, and a relay before it that a test may cut.

The relay's port stays the same, so that a program finds the server again where it was.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from databases import TestDatabase
from prepared_cluster import CHEAP, copy_prepared_cluster

from crmhub.embedded_postgres import embedded_postgres
from crmhub.migrate import migrate
from crmhub.roles import create_logins

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crmhub.embedded_postgres import EmbeddedPostgres

#: What a lost answer's statement needs to be done, seconds.
_DONE_BY_THEN = 0.1


class Relay:
    """Hands bytes on between clients and a server until it is told to cut them off."""

    def __init__(self) -> None:
        #: Where the server is; None refuses.
        self.port_behind: int | None = None
        #: Bytes handed on in each direction, "up" to the server and "down" from it.
        self.passed = {"up": 0, "down": 0}
        #: Direction → how many more bytes pass before the connection is cut, once.
        self.left: dict[str, int] = {}
        #: Once the server has had so many more messages with this in them, the answer is lost.
        self.unanswered: tuple[bytes, int] | None = None
        #: Whether answers are thrown away, until the connection is cut.
        self.is_deaf = False
        self.cuts = 0
        self._is_closed = False
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Cut every connection."""
        while self._sockets:
            with contextlib.suppress(OSError):
                self._sockets.pop().shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._is_closed = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while not self._is_closed:
            # A client that is gone before it is served is no reason to serve no other.
            with contextlib.suppress(OSError):
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            if self.port_behind is None:
                return
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", self.port_behind)) as server,
            ):
                self._sockets += [client, server]
                back = threading.Thread(target=self._pump, args=["down", server, client])
                back.start()
                self._pump("up", client, server)
                back.join()

    def _pump(self, direction: str, source: socket.socket, sink: socket.socket) -> None:
        try:
            self._hand_on(direction, source, sink)
        except OSError:
            # A connection that is reset on one side is over on the other one, too.
            for end in (source, sink):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def _hand_on(self, direction: str, source: socket.socket, sink: socket.socket) -> None:
        while data := source.recv(65_536):
            if self.is_deaf and direction == "down":
                continue
            left = self.left.get(direction)
            # The server may answer before this thread goes on: it has to be deaf before.
            is_unanswered = direction == "up" and self._is_unanswered(data)
            sink.sendall(data[:left])
            self.passed[direction] += len(data)
            if left is not None and len(data) >= left:
                del self.left[direction]
                break
            if left is not None:
                self.left[direction] = left - len(data)
            if is_unanswered:
                time.sleep(_DONE_BY_THEN)
                break
        else:
            sink.shutdown(socket.SHUT_WR)
            return
        self.cuts += 1
        self.cut()
        self.is_deaf = False

    def _is_unanswered(self, data: bytes) -> bool:
        if self.unanswered is None or self.unanswered[0] not in data:
            return False
        message, left = self.unanswered
        self.unanswered = (message, left - 1) if left else None
        self.is_deaf = not left
        return self.is_deaf


class OwnServer:
    """A server of the test's own, its clients behind a relay.

    Args:
        settings: Further server settings.
    """

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        self._settings = {**CHEAP, "log_statement": "none", **(settings or {})}
        self.directory = Path(tempfile.mkdtemp(prefix="crmhub-own-server-"))
        self.directory.chmod(0o755)
        self.relay = Relay()
        self._running = contextlib.ExitStack()
        prepared = copy_prepared_cluster(self.directory / "server")
        self.start()
        if prepared is None:
            migrate(self.url)
            prepared = create_logins(self.url)
        self._logins = prepared

    @property
    def url(self) -> str:
        """The superuser's address, not through the relay; another one after each start."""
        return self._server.url

    @property
    def relayed_url(self) -> str:
        """The superuser's address through the relay, the same after each start."""
        return _at(self.url, self.relay.port)

    @property
    def log(self) -> Path:
        """What the server writes of what it does."""
        return self._server.directory / "postgres.log"

    @property
    def database(self) -> TestDatabase:
        """The migrated database; its logins lead through the relay."""
        return TestDatabase(
            url=self.url,
            logins={role: _at(url, self.relay.port) for role, url in self._logins.items()},
        )

    def start(self) -> None:
        self._server: EmbeddedPostgres = self._running.enter_context(
            # Without fsync: what reached the system's memory survives a server that is killed.
            embedded_postgres(self.directory / "server", settings=self._settings)
        )
        self.relay.port_behind = self._server.port

    def stop(self, *, immediate: bool = False) -> None:
        """Stop the server: fast, its connections told, or at once, as after a crash."""
        self.relay.port_behind = None
        if immediate:
            postmaster = self._server.directory / "data" / "postmaster.pid"
            os.kill(int(postmaster.read_text().split("\n")[0]), signal.SIGQUIT)
        self._running.close()

    def close(self) -> None:
        self.relay.close()
        self._running.close()
        shutil.rmtree(self.directory, ignore_errors=True)


@contextlib.contextmanager
def own_server(**settings: str) -> Iterator[OwnServer]:
    """Run a server with these settings until the block ends."""
    server = OwnServer(settings)
    try:
        yield server
    finally:
        server.close()


def wait_for(condition: Any, seconds: float = 30.0) -> None:  # noqa: ANN401 - truthy or not
    """Return once the condition, called again and again, is met."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.03)


def _at(url: str, port: int) -> str:
    parts = urlsplit(url)
    host = f"{(parts.netloc.rpartition('@')[0])}@127.0.0.1:{port}"
    return urlunsplit(parts._replace(netloc=host))
