"""The web server around the application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import uvicorn
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from crmhub.web.app import create_app

if TYPE_CHECKING:
    import asyncio

    from crmhub.web.settings import WebSettings

#: Open event streams end no earlier by themselves, seconds.
_GRACE_SECONDS: Final = 3
#: A client that takes longer to say what it wants is let go, seconds.
HEAD_SECONDS: Final = 10.0
#: Connections of one process, event streams among them; whoever comes then is told 503.
_MOST_CONNECTIONS: Final = 2_000


class ImpatientProtocol(H11Protocol):
    """Lets go of a client that does not get its request's head out; uvicorn alone would wait."""

    head_seconds = HEAD_SECONDS
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
            self._deadline = self.loop.call_later(self.head_seconds, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def web_server(settings: WebSettings, *, host: str, port: int) -> uvicorn.Server:
    """A server that has not begun to listen."""
    return uvicorn.Server(
        uvicorn.Config(
            create_app(settings),
            host=host,
            port=port,
            http=ImpatientProtocol,
            ws="none",
            # Addresses hold login tokens and codes; a proxy's log is made with more care.
            access_log=False,
            log_config=None,
            server_header=False,
            limit_concurrency=_MOST_CONNECTIONS,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    )
