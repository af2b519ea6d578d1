"""Sessions that ask and answer in few steps, and connections that another thread can cut.

Each step of a request costs all other threads a turn, so that the whole run waits: `requests`
looks through the environment, builds the request from nothing and unpacks the answer in a dozen
pieces, every time anew.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import weakref
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import requests
from requests.adapters import HTTPAdapter
from typing_extensions import override
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from requests.auth import AuthBase
    from urllib3 import PoolManager

#: Bytes of a body that are unpacked at once: more than any page of rows has.
_WHOLE_BODY = 16 * 1024 * 1024


class Connections:
    """Makes sessions, one for each thread, and knows every connection that they opened."""

    def __init__(self, headers: dict[str, str]) -> None:
        """Keep the headers that every request carries."""
        self._headers = headers
        self._open: weakref.WeakSet[HTTPConnection] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._pools = _pools_telling(self._note)

    def session(self) -> Session:
        """Return a new session."""
        session = Session()
        session.headers.update(self._headers)
        adapter = _CuttableAdapter(self._pools)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        return session

    def cut(self) -> None:
        """Break every open connection: whoever waits for an answer fails at once."""
        with self._lock:
            opened = list(self._open)
        for connection in opened:
            wire = connection.sock
            if wire is not None:
                with contextlib.suppress(OSError):
                    wire.shutdown(socket.SHUT_RDWR)

    def _note(self, connection: HTTPConnection) -> None:
        with self._lock:
            self._open.add(connection)


class Session(requests.Session):
    """A session of one thread, for requests that differ in parameters and bodies only."""

    def __init__(self) -> None:
        """Begin without a connection."""
        super().__init__()
        self._environment: dict[tuple[str, str], Any] = {}
        self._bare: dict[tuple[str, str], requests.PreparedRequest] = {}

    def ask(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str],
        data: str | None,
        auth: AuthBase,
        timeout: tuple[float, float],
        heard: Callable[[], None],
    ) -> tuple[requests.Response, bytes]:
        """Send a request; return the answer and its body, unpacked.

        Args:
            method: GET or POST.
            url: Without a query.
            params: The query.
            data: JSON to send; None sends no body.
            auth: Adds the credentials.
            timeout: Seconds to connect, and to wait for bytes.
            heard: Called when the answer begins, before its body is read.

        Raises:
            requests.RequestException: No complete answer came.
        """
        bare = self._bare.get((method, url))
        if bare is None:
            # Any authentication of ours keeps `requests` from looking for one in a file.
            bare = self.prepare_request(requests.Request(method, url, auth=auth))
            self._bare[method, url] = bare
        request = bare.copy()
        if params:
            request.url = f"{bare.url}?{urlencode(params)}"
        if data is not None:
            request.headers["Content-Type"] = "application/json"
            request.prepare_body(data, None)
        request.prepare_auth(auth)
        settings = self.merge_environment_settings(request.url, {}, None, None, None)
        response = self.send(
            request, timeout=timeout, allow_redirects=False, **{**settings, "stream": True}
        )
        heard()
        return response, b"".join(response.iter_content(_WHOLE_BODY))

    @override
    def merge_environment_settings(self, url: Any, *arguments: Any) -> Any:
        parts = urlsplit(url)
        site = (parts.scheme, parts.netloc)
        if site not in self._environment:
            self._environment[site] = super().merge_environment_settings(url, *arguments)
        return dict(self._environment[site])


class _CuttableAdapter(HTTPAdapter):
    """An adapter whose connections are known."""

    def __init__(self, pools: Mapping[str, Any]) -> None:
        self._pools = pools
        super().__init__()

    @override
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self._know(self.poolmanager)

    @override
    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> PoolManager:
        found: PoolManager = super().proxy_manager_for(proxy, **kwargs)
        self._know(found)
        return found

    def _know(self, manager: PoolManager) -> None:
        manager.pool_classes_by_scheme = dict(self._pools)


def _pools_telling(opened: Callable[[HTTPConnection], None]) -> dict[str, Any]:
    """Return the pool class of each scheme, which tells of every connection as it opens."""

    class Plain(HTTPConnection):
        @override
        def connect(self) -> None:
            super().connect()
            opened(self)

    class Secure(HTTPSConnection):
        @override
        def connect(self) -> None:
            super().connect()
            opened(self)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
