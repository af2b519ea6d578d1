"""Headers by which a browser keeps to what the pages need, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class SecurityHeaders:
    """Puts the headers on every answer."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        frame_ancestors: Sequence[str],
        is_secure: bool,
        form_targets: Sequence[str],
    ) -> None:
        """Wrap an application.

        Args:
            app: What answers.
            frame_ancestors: Origins that may show a page in a frame; empty: none.
            is_secure: Whether browsers come by HTTPS.
            form_targets: Origins beside our own that a form may end up at, as HubSpot's.
        """
        self._app = app
        self._headers = {
            "Content-Security-Policy": content_security_policy(frame_ancestors, form_targets),
            "X-Content-Type-Options": "nosniff",
            # A path can name a connection; nobody else is to learn it.
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        }
        if not frame_ancestors:
            # For browsers that do not know frame-ancestors; it cannot name an origin.
            self._headers["X-Frame-Options"] = "DENY"
        if is_secure:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def content_security_policy(frame_ancestors: Sequence[str], form_targets: Sequence[str]) -> str:
    """Everything from here, nothing inline (W3C: Content Security Policy Level 3)."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "font-src 'self'",
            "connect-src 'self'",
            " ".join(("form-action 'self'", *form_targets)),
            "base-uri 'none'",
            f"frame-ancestors {' '.join(frame_ancestors) or chr(39) + 'none' + chr(39)}",
        )
    )
