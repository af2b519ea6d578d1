"""The HTTP server: keeps connections open, sends an answer in one packet, ends at once."""

import io
import select
import socket
import struct
import threading
from typing import Final

from typing_extensions import override
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.wrappers import Request

from hubspot_sandbox.app import SandboxApp

_JOIN_SECONDS: Final = 2.0
#: How soon a server notices that it is to stop.
_POLL_SECONDS: Final = 0.02


class KeepAliveHandler(WSGIRequestHandler):
    """Answers one request after another on a connection.

    Werkzeug's own handler closes after each; a client would then measure handshakes.
    """

    server: "SandboxServer"
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @override
    def run_wsgi(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        environ = self.make_environ()
        environ["wsgi.input"] = io.BytesIO(body)
        delivery = self.server.sandbox_app.deliver(Request(environ))
        if delivery.stall_seconds and self._is_left_within(delivery.stall_seconds):
            self.close_connection = True
            return
        if delivery.is_reset:
            self._reset()
            return
        if delivery.is_cut:
            self.close_connection = True
        headers = [f"{name}: {value}" for name, value in delivery.headers.items()]
        lines = [f"HTTP/1.1 {delivery.status_line}", *headers]
        if self.close_connection and not delivery.is_cut:
            lines.append("Connection: close")
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1") + delivery.content)

    def _is_left_within(self, seconds: float) -> bool:
        """Wait, and return whether the client or the server closed the connection meanwhile."""
        readable, _, _ = select.select([self.connection], [], [], seconds)
        return bool(readable)

    def _reset(self) -> None:
        """Drop the connection so that the client sees a reset, not an orderly end."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    @override
    def log(self, type: str, message: str, *args: object) -> None:  # werkzeug's name
        """Log nothing: the sandbox keeps its own log of requests."""


class SandboxServer(ThreadedWSGIServer):
    """A threaded server that can close the connections clients keep open."""

    daemon_threads = True

    def __init__(self, host: str, port: int, app: SandboxApp) -> None:
        self.sandbox_app = app
        self._open: set[socket.socket] = set()
        self._threads_alive: set[threading.Thread] = set()
        self._serving = threading.Thread(
            target=self.serve_forever, args=(_POLL_SECONDS,), name="hubspot-sandbox", daemon=True
        )
        super().__init__(host, port, app, handler=KeepAliveHandler)

    @property
    def url(self) -> str:
        """The address clients use."""
        return f"http://{self.host}:{self.port}"

    def start(self) -> None:
        """Serve in a thread."""
        self._serving.start()

    def stop(self) -> None:
        """Stop serving and cut every connection; no thread is left when this returns."""
        self.shutdown()
        self._serving.join(_JOIN_SECONDS)
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        for thread in list(self._threads_alive):
            thread.join(_JOIN_SECONDS)
        self.server_close()

    @override
    def process_request_thread(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        connection = request if isinstance(request, socket.socket) else request[1]
        self._open.add(connection)
        self._threads_alive.add(threading.current_thread())
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._open.discard(connection)
            self._threads_alive.discard(threading.current_thread())
