"""Connections that can be cut from another thread, so that no request outlives the run."""

from __future__ import annotations

import contextlib
import socket
import weakref
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from typing_extensions import override
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

if TYPE_CHECKING:
    from urllib3 import PoolManager


class Connections:
    """Makes sessions, one for each thread, and knows every connection that they opened."""

    def __init__(self, headers: dict[str, str]) -> None:
        """Keep the headers that every request carries."""
        self._headers = headers
        self._open: weakref.WeakSet[HTTPConnection] = weakref.WeakSet()

    def session(self) -> requests.Session:
        """Return a new session."""
        session = _Session()
        session.headers.update(self._headers)
        adapter = _CuttableAdapter(self._open)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        return session

    def cut(self) -> None:
        """Break every open connection: whoever waits for an answer fails at once."""
        for connection in list(self._open):
            wire = connection.sock
            if wire is not None:
                with contextlib.suppress(OSError):
                    wire.shutdown(socket.SHUT_RDWR)


class _Session(requests.Session):
    """A session that looks for proxies and certificates in the environment once for each site.

    `requests` looks for every request, which takes as long as reading fifty rows.
    """

    def __init__(self) -> None:
        super().__init__()
        self._found: dict[tuple[str, str], Any] = {}

    @override
    def merge_environment_settings(self, url: Any, *arguments: Any) -> Any:
        parts = urlsplit(url)
        site = (parts.scheme, parts.netloc)
        if site not in self._found:
            self._found[site] = super().merge_environment_settings(url, *arguments)
        return dict(self._found[site])


class _CuttableAdapter(HTTPAdapter):
    """An adapter whose connections are known."""

    def __init__(self, opened: weakref.WeakSet[HTTPConnection]) -> None:
        class Plain(HTTPConnection):
            @override
            def connect(self) -> None:
                super().connect()
                opened.add(self)

        class Secure(HTTPSConnection):
            @override
            def connect(self) -> None:
                super().connect()
                opened.add(self)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        self._pools: dict[str, Any] = {"http": PlainPool, "https": SecurePool}
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
        manager.pool_classes_by_scheme = self._pools
