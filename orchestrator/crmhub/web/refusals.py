"""Errors as answers: a page for a person, a problem document for a program."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from crmhub.errors import CrmHubError, DatabaseNotPreparedError, DatabaseUnreachableError
from crmhub.web.errors import RefusedRequestError
from crmhub.web.pages import render

if TYPE_CHECKING:
    from fastapi import FastAPI, Request
    from fastapi.responses import Response

logger = logging.getLogger("HubSpotSyncWorker")

_AWAY: Final = (DatabaseUnreachableError, DatabaseNotPreparedError)
_NOT_FOUND: Final = 404


def answer_refusals(app: FastAPI) -> None:
    """Let the application answer every error by what it asks of its sender."""
    app.add_exception_handler(CrmHubError, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _unserved)
    app.add_exception_handler(Exception, _failed)


async def _refused(request: Request, error: Exception) -> Response:
    if isinstance(error, RefusedRequestError):
        return render(
            request,
            "message.html",
            error.status,
            title=error.title,
            message=str(error),
            link=error.link,
        )
    if isinstance(error, _AWAY):
        logger.warning("%s %s: %s", request.method, request.url.path, error)
        page = render(
            request,
            "message.html",
            503,
            title="The Status Center is not available just now",
            message="Its database does not answer. Try again in a minute.",
        )
        page.headers["Retry-After"] = "10"
        return page
    return await _failed(request, error)


async def _malformed(request: Request, error: Exception) -> Response:
    del error  # It quotes what was sent.
    return render(
        request,
        "message.html",
        400,
        title="This address or form is not complete",
        message="Go back to the page before and try again.",
    )


async def _unserved(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == _NOT_FOUND:
        return render(
            request,
            "message.html",
            404,
            title="There is no such page",
            message="The address may be wrong, or what it showed is gone.",
        )
    page = render(
        request,
        "message.html",
        status,
        title="This cannot be done",
        message="Go back to the page before and try again.",
    )
    page.headers.update((isinstance(error, HTTPException) and error.headers) or {})
    return page


async def _failed(request: Request, error: Exception) -> Response:
    # The type says what kind of fault it is; its text may quote somebody's data.
    logger.error("%s %s: %s", request.method, request.url.path, type(error).__name__)
    return render(
        request,
        "message.html",
        500,
        title="Something went wrong",
        message="It is our fault and has been noted. Try again in a minute.",
    )
