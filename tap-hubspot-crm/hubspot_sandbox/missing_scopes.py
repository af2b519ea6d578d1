"""The 403 for a scope that a token lacks, in the forms it was seen in."""

from collections.abc import Sequence
from typing import Final

from hubspot_sandbox.dialect import Dialect
from hubspot_sandbox.errors import ApiError

_MARKUP: Final = "<script>alert('scope')</script><b>crm.objects</b>"
_MEGABYTE: Final = 1_048_576
_MESSAGE: Final = (
    "This app hasn't been granted all required scopes to make this call. "
    "Read more about required scopes here: https://developers.hubspot.com/scopes."
)


def missing_scopes(scopes: Sequence[str], dialect: Dialect) -> ApiError:
    """Return the 403 for a token that lacks these scopes."""
    body: dict[str, object] = {"status": "error", "message": _MESSAGE}
    context = {"requiredGranularScopes": _named(scopes, dialect)}
    if dialect.scopes_in == "errors":
        details = "One or more of the following scopes are required."
        body["errors"] = [{"message": details, "context": context}]
    elif dialect.scopes_in == "context":
        body["context"] = context
    if dialect.scopes_category:
        body["category"] = "MISSING_SCOPES"
    return ApiError(403, body)


def _named(scopes: Sequence[str], dialect: Dialect) -> list[str]:
    match dialect.scopes_named:
        case "alternatives":
            return [*scopes, *(scope.replace(".read", ".write") for scope in scopes)]
        case "markup":
            return [_MARKUP]
        case "megabyte":
            return ["x" * _MEGABYTE]
        case _:
            return list(scopes)
