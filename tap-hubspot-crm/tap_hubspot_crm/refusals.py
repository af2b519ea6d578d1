"""What an answer that is no success says, read without printing any of it.

HubSpot: error handling and usage guidelines pages. Where scopes stand in a 403, and that an edge in
front of HubSpot answers with HTML, comes from public recordings and bug reports.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: A Retry-After beyond a day is not one that HubSpot documents (error handling: up to 24 hours).
_LONGEST_RETRY_AFTER = 86_400.0
_MOST_SCOPES: Final = 8
_SCOPE: Final = re.compile(r"[a-z][a-z0-9_]*([.-][a-z0-9_]+){0,9}", re.ASCII)
_LONGEST_SCOPE: Final = 100
#: Where a context names scopes: as recorded, and as HubSpot's specification has it. What it calls
#: `requiredScopes` is left out: those are of a former kind, and have been seen to be wrong.
_KEYS_OF_SCOPES: Final = ("requiredGranularScopes", "missingScopes")
#: Words in the message of a 403 that is about scopes, some without a category (Estuary's tests).
_ABOUT_SCOPES: Final = ("scope", "permission")
#: Words in the message of a 429 without a policy's name, the more special before the more general.
_POLICIES: Final = ("TEN_SECONDLY_ROLLING", "SECONDLY", "DAILY")


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """What went wrong with one try of a request."""

    #: HTTP status; None where no complete answer came.
    status: int | None
    #: What happened to a try without a complete answer, in words of our own.
    failure: str = "no complete answer came"
    #: Whether the body is not a JSON object: it need not be HubSpot's own answer.
    unreadable: bool = False
    #: Whether an answer came that is a success for some of what was asked for only.
    in_part: bool = False
    #: The policy of a 429: its `policyName`, else the one that its message is about.
    policy: str = ""
    #: Seconds of a Retry-After header.
    retry_after: float | None = None
    #: `category` and `correlationId`, where the body had well-formed ones.
    category: str = ""
    correlation_id: str = ""
    #: The scopes that a 403 asks for, where the body names well-formed ones.
    scopes: tuple[str, ...] = ()
    #: Whether the message of a 403 is about scopes.
    is_about_scopes: bool = False


def read_refusal(
    status: int, headers: Mapping[str, str], body: Mapping[str, object] | None
) -> Refusal:
    """Return what an unsuccessful answer says, taking from the body only well-formed names."""
    unreadable = body is None
    body = body or {}
    message = body.get("message")
    words = message.lower() if isinstance(message, str) else ""
    policy = next((name for name in _POLICIES if name.lower() in words), "")
    return Refusal(
        status=status,
        unreadable=unreadable,
        policy=_name(body.get("policyName")) or policy,
        retry_after=_seconds(headers.get("Retry-After", "")),
        category=_name(body.get("category")),
        correlation_id=_name(body.get("correlationId")),
        scopes=tuple(dict.fromkeys(_scopes(body)))[:_MOST_SCOPES],
        is_about_scopes=any(word in words for word in _ABOUT_SCOPES),
    )


def read_shortfall(status: int, body: Mapping[str, object]) -> Refusal | None:
    """Return what kept HubSpot from answering for all that a successful answer was asked for.

    What it answers for several records at once holds an error for each without a result (using
    object APIs). That a record, or a link of it, is not there is an answer; anything else says
    nothing about the record. None where there is nothing of that kind.
    """
    errors = body.get("errors")
    for error in errors if isinstance(errors, list) else ():
        category = error.get("category") if isinstance(error, dict) else None
        if isinstance(category, str) and category and "NOT_FOUND" not in category:
            return Refusal(status=status, in_part=True, category=_name(category))
    return None


def _scopes(body: Mapping[str, object]) -> Iterator[str]:
    """Yield the well-formed scopes that a 403 names, wherever they stand."""
    errors = body.get("errors")
    for part in (*(errors if isinstance(errors, list) else ()), body):
        context = part.get("context") if isinstance(part, dict) else None
        if not isinstance(context, dict):
            continue
        for name in _KEYS_OF_SCOPES:
            named = context.get(name)
            for scope in named[: 10 * _MOST_SCOPES] if isinstance(named, list) else ():
                if isinstance(scope, str) and len(scope) <= _LONGEST_SCOPE:
                    # Anything else may be markup, or a value.
                    yield from (scope,) if _SCOPE.fullmatch(scope) else ()


def _name(value: object) -> str:
    """Return a text that can only be a name of HubSpot's, else nothing: bodies stay unprinted."""
    if isinstance(value, str) and re.fullmatch(r"[A-Z_]{1,40}|[0-9a-f-]{36}", value):
        return value
    return ""


def _seconds(text: str) -> float | None:
    """Return the seconds of a Retry-After, None where it says none that can be meant."""
    if not re.fullmatch(r"\d{1,7}(\.\d+)?", text.strip(), re.ASCII):
        return None
    seconds = float(text)
    return seconds if 0 < seconds <= _LONGEST_RETRY_AFTER else None
