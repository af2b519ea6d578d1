"""Calling the sandbox from `requests` in the same process: no socket, time by its own clock."""

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import ReadTimeout
from typing_extensions import override
from urllib3.exceptions import ProtocolError
from urllib3.response import HTTPResponse
from werkzeug.wrappers import Request

from hubspot_sandbox.app import SandboxApp
from hubspot_sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

#: An address for sessions that reach the sandbox through the adapter; any other will do.
IN_PROCESS_URL: Final = "https://hubspot-sandbox.invalid"


class SandboxAdapter(HTTPAdapter):
    """Answers a session's requests from a sandbox: `session.mount(IN_PROCESS_URL, adapter)`.

    Safe between threads and sessions. What a network does to an answer is raised as `requests`
    would: a reset, a time-out, a body cut in the middle. Latency and stalls pass in the sandbox's
    clock, so with a `VirtualClock` they take no real time.
    """

    def __init__(self, app: SandboxApp) -> None:
        super().__init__()
        self._app = app

    @property
    def sandbox(self) -> Sandbox:
        """The sandbox that answers."""
        return self._app.sandbox

    @override
    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: object = None,
        verify: object = True,
        cert: object = None,
        proxies: Mapping[str, str] | None = None,
    ) -> Response:
        """Return the sandbox's answer to one request.

        Raises:
            requests.ConnectionError: the sandbox resets the connection.
            requests.ReadTimeout: the answer would come later than the session waits.
        """
        del stream, verify, cert, proxies
        delivery = self._app.deliver(Request(_environ(request)))
        self._wait(request, delivery.stall_seconds, _read_timeout(timeout))
        if delivery.is_reset:
            cause = ConnectionResetError(104, "Connection reset by peer")
            raise RequestsConnectionError(
                ProtocolError("Connection aborted.", cause), request=request
            )
        answer = HTTPResponse(
            body=io.BytesIO(delivery.content),
            headers=delivery.headers,
            status=delivery.status,
            reason=delivery.status_line.partition(" ")[2],
            preload_content=False,
            decode_content=False,
            request_method=request.method,
            request_url=request.url,
        )
        return self.build_response(request, answer)

    def _wait(self, request: PreparedRequest, stall: float, patience: float | None) -> None:
        waited = self.sandbox.latency_ms / 1000
        if patience is None or waited + stall <= patience:
            if stall:
                self.sandbox.clock.sleep(stall)
            return
        self.sandbox.clock.sleep(max(0.0, patience - waited))
        raise ReadTimeout("the sandbox answers later than the session waits", request=request)


def _environ(request: PreparedRequest) -> "WSGIEnvironment":
    """Return a prepared request as WSGI has it."""
    parts = urlsplit(request.url or "")
    body = _content(request.body)
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": request.method or "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(parts.path, "latin-1") or "/",
        "QUERY_STRING": parts.query,
        "SERVER_NAME": parts.hostname or "localhost",
        "SERVER_PORT": str(parts.port or (443 if parts.scheme == "https" else 80)),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": parts.netloc,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        if key == "CONTENT_TYPE":
            environ[key] = str(value)
        elif key not in {"CONTENT_LENGTH", "HOST"}:
            environ[f"HTTP_{key}"] = str(value)
    return environ


def _content(body: object) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes):
        return body
    raise TypeError("the adapter takes bodies of text or bytes: read files before sending them")


def _read_timeout(timeout: object) -> float | None:
    """Return how many seconds a session waits for an answer; None: for ever."""
    waits = timeout[1] if isinstance(timeout, tuple) else timeout
    return float(waits) if isinstance(waits, (int, float)) else None
