"""Errors for programs: problem documents (RFC 9457)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

if TYPE_CHECKING:
    from collections.abc import Mapping

MEDIA_TYPE: Final = "application/problem+json"
#: Addresses that programs ask, not people.
_PREFIXES: Final = ("/internal/", "/healthz", "/readyz", "/metrics")

_TITLES: Final = {
    400: "The request is malformed",
    401: "The bearer token is missing or wrong",
    404: "There is no such thing",
    405: "This method is not for this address",
    408: "The request took too long",
    409: "The connection cannot be synced now",
    413: "The request is too large",
    422: "A parameter is malformed",
    429: "Too many calls",
    500: "A fault of ours",
    503: "The database does not answer",
}


class Problem(BaseModel):
    """What went wrong, and what to do about it."""

    type: str = Field(description="Always about:blank: the status says what kind it is.")
    title: str
    status: int
    detail: str = Field(description="What to do; never a value that was sent.")


def is_for_programs(path: str) -> bool:
    """Whether whoever asks for this path reads problem documents rather than pages."""
    return path.startswith(_PREFIXES)


def problem(status: int, detail: str, *, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The answer that tells a program of an error."""
    return JSONResponse(
        Problem(
            type="about:blank", title=_TITLES.get(status, "An error"), status=status, detail=detail
        ).model_dump(),
        status_code=status,
        headers={"Cache-Control": "no-store", **(headers or {})},
        media_type=MEDIA_TYPE,
    )


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems an operation may answer with, for the OpenAPI document."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {
        status: {"description": _TITLES[status], "content": {MEDIA_TYPE: schema}}
        for status in statuses
    }
