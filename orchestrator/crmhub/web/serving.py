"""The web server around the application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import uvicorn

from crmhub.web.app import create_app

if TYPE_CHECKING:
    from crmhub.web.settings import WebSettings

#: Open event streams end no earlier by themselves, seconds.
_GRACE_SECONDS: Final = 3


def web_server(settings: WebSettings, *, host: str, port: int) -> uvicorn.Server:
    """A server that has not begun to listen."""
    return uvicorn.Server(
        uvicorn.Config(
            create_app(settings),
            host=host,
            port=port,
            http="h11",
            ws="none",
            # Addresses hold login tokens and codes; a proxy's log is made with more care.
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    )
