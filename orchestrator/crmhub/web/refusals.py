"""Errors as answers: a page for a person, a problem document for a program."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Final

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request

from crmhub.errors import (
    ConnectionNotReadyError,
    CrmHubError,
    DatabaseNotPreparedError,
    DatabaseUnreachableError,
    UnknownConnectionError,
    UnknownRunError,
)
from crmhub.web.errors import RefusedRequestError
from crmhub.web.pages import render
from crmhub.web.problems import is_for_programs, problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI
    from fastapi.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger("CrmHubWeb")

_UNKNOWN: Final = (UnknownConnectionError, UnknownRunError)
_AWAY: Final = (DatabaseUnreachableError, DatabaseNotPreparedError)
#: After so long a database that was away is worth another try, seconds.
_RETRY_SECONDS: Final = 10
#: Status → heading and what to do, where an error says no more of itself.
_SAID: Final[Mapping[int, tuple[str, str]]] = {
    404: ("There is no such page", "The address may be wrong, or what it showed is gone."),
    405: ("This cannot be done", "Go back to the page before and try again."),
    422: ("This address or form is not complete", "Go back to the page before and try again."),
    500: ("Something went wrong", "It is our fault and has been noted. Try again in a minute."),
    503: (
        "The Status Center is not available just now",
        "Its database does not answer. Try again in a minute.",
    ),
}
_OTHERWISE: Final = ("This cannot be done", "Go back to the page before and try again.")


def answer_refusals(app: FastAPI) -> None:
    """Let the application answer every error by what it asks of its sender."""
    app.add_exception_handler(CrmHubError, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _unserved)


def refuse(
    request: Request, status: int, said: str = "", *, headers: Mapping[str, str] | None = None
) -> Response:
    """The answer of a status, in the form that its reader understands."""
    title, remedy = _SAID.get(status, _OTHERWISE)
    if is_for_programs(request.url.path):
        return problem(status, said or remedy, headers=headers)
    page = render(request, "message.html", status, title=title, message=said or remedy)
    page.headers.update(headers or {})
    return page


class CaughtFaults:
    """Answers what nobody foresaw, and notes its kind: its text may quote somebody's data."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        has_begun = False

        async def watched(message: Message) -> None:
            nonlocal has_begun
            has_begun = has_begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            if scope["type"] != "http":
                raise
            request = Request(scope)
            logger.error("%s: %s", _place(request), _kind(error))  # noqa: TRY400 - see the class
            if not has_begun:
                await refuse(request, 500)(scope, receive, send)


async def _refused(request: Request, error: Exception) -> Response:
    if isinstance(error, RefusedRequestError):
        logger.info("%s: %s", _place(request), error)
        headers = dict(error.headers)
        if error.retry_after_seconds is not None:
            headers["Retry-After"] = str(math.ceil(error.retry_after_seconds))
        if is_for_programs(request.url.path):
            return problem(error.status, str(error), headers=headers)
        page = render(
            request,
            "message.html",
            error.status,
            title=error.title,
            message=str(error),
            link=error.link,
        )
        page.headers.update(headers)
        return page
    if isinstance(error, _UNKNOWN):
        return refuse(request, 404, _for_programs(request, error))
    if isinstance(error, ConnectionNotReadyError):
        return refuse(request, 409, str(error))
    if isinstance(error, _AWAY):
        logger.warning("%s: %s", _place(request), error)
        return refuse(request, 503, headers={"Retry-After": str(_RETRY_SECONDS)})
    logger.error("%s: %s", _place(request), _kind(error))
    return refuse(request, 500)


async def _malformed(request: Request, error: Exception) -> Response:
    # The error quotes what was sent; where it was is enough.
    places = (
        {str(place[-1]) for place in (each["loc"] for each in error.errors()) if place}
        if isinstance(error, RequestValidationError)
        else set()
    )
    known = sorted(place for place in places if place.isidentifier())
    return refuse(request, 422, _for_programs(request, f"Correct {', '.join(known)}."))


async def _unserved(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        return refuse(request, 500)
    return refuse(request, error.status_code, headers=error.headers)


def _for_programs(request: Request, said: object) -> str:
    """What only a program can use; a page has its own words."""
    return str(said) if is_for_programs(request.url.path) else ""


def _place(request: Request) -> str:
    """Method and route; an address as it came may hold anything, line breaks too."""
    route = getattr(request.scope.get("route"), "path", None)
    return f"{request.method} {route or 'of no route'}"


def _kind(error: Exception) -> str:
    return type(error).__name__
