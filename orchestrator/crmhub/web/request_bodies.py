"""Bodies of a size and a time that a form or a call of the API needs, and no more."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from starlette.requests import Request

from crmhub.web.refusals import refuse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: The largest body; a login token is the largest that anybody needs.
LARGEST_BYTES: Final = 65_536


class BoundedBodies:
    """Takes a request's body before anybody works on it; refuses one too large or too slow."""

    def __init__(self, app: ASGIApp, *, longest_seconds: float) -> None:
        """Wrap an application; `longest_seconds` is what a body may take to come."""
        self._app = app
        self._longest_seconds = longest_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._longest_seconds):
                body = await _whole_body(scope, receive)
        except TimeoutError:
            await self._refuse(408, "It took too long: send it again.", scope, receive, send)
            return
        if body is None:
            await self._refuse(413, "The request is too large.", scope, receive, send)
            return
        first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return first.pop() if first else await receive()

        await self._app(scope, replay, send)

    async def _refuse(
        self, status: int, said: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        answer = refuse(Request(scope), status, said)
        # What is still coming is not read.
        answer.headers["Connection"] = "close"
        await answer(scope, receive, send)


def _has_body(scope: Scope) -> bool:
    names = {name for name, _ in scope["headers"]}
    return b"content-length" in names or b"transfer-encoding" in names


async def _whole_body(scope: Scope, receive: Receive) -> bytes | None:
    """The body; None if it is or says that it is too large, or if the client went away."""
    announced = dict(scope["headers"]).get(b"content-length", b"0")
    if int(announced) > LARGEST_BYTES:
        return None
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if len(body) > LARGEST_BYTES:
            return None
        if not message.get("more_body"):
            return bytes(body)
