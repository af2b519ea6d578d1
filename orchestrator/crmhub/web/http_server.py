"""The HTTP server around the application: uvicorn, less patient."""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
from typing import TYPE_CHECKING, ClassVar, Final

import uvicorn
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from crmhub.web.app import create_app

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator

    from crmhub.web.settings import WebSettings

_ENDING: Final = (signal.SIGINT, signal.SIGTERM)
#: Open event streams end no earlier by themselves, seconds.
_GRACE_SECONDS: Final = 3
#: Connections of one process, event streams among them; whoever comes then is told 503.
_MOST_CONNECTIONS: Final = 2_000


class ImpatientProtocol(H11Protocol):
    """Lets go of a client that does not get its request's head out; uvicorn alone would wait."""

    #: Until then a head must be there.
    patience_seconds: ClassVar[float]
    _deadline: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        super().connection_made(transport)
        self._expect_a_head()

    @override
    def handle_events(self) -> None:
        super().handle_events()
        self._expect_a_head()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._stop_waiting()

    def _expect_a_head(self) -> None:
        """Begin to wait, unless a request is being answered or the wait goes on already."""
        # uvicorn's type does not know that there is none at first.
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            self._stop_waiting()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self.patience_seconds, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class WebServer(uvicorn.Server):
    """Ends with status 0 when it is told to end, as our other processes do."""

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Uvicorn's own raises the signal once more after an orderly end."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in _ENDING}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def web_server(settings: WebSettings) -> WebServer:
    """A server for a socket that listens already."""

    class Protocol(ImpatientProtocol):
        patience_seconds = settings.patience_seconds

    # Not even for who listens to every logger there is.
    logging.getLogger("uvicorn.access").disabled = True
    return WebServer(
        uvicorn.Config(
            create_app(settings),
            http=Protocol,
            ws="none",
            # Addresses hold login tokens and codes; a proxy's log is made with more care.
            access_log=False,
            log_config=None,
            server_header=False,
            # Nothing here depends on what a proxy says of a client.
            proxy_headers=False,
            limit_concurrency=_MOST_CONNECTIONS,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    )
