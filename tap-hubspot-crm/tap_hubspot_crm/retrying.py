"""What to do about an answer that is no success: a decision without any input or output.

HubSpot: error handling and usage guidelines pages.
"""

from __future__ import annotations

import re
import ssl
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from requests import exceptions

from tap_hubspot_crm.errors import (
    AccessDeniedError,
    HubSpotUnavailableError,
    MissingScopesError,
    NetworkFailedError,
    RateLimitedError,
    TapError,
    UnexpectedResponseError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_hubspot_crm.endpoints import Endpoint

#: A wait that HubSpot asks for beyond this ends the run; the next run comes after it.
LONGEST_WAIT = 300.0
_LONGEST_BACKOFF = 30.0
_TRIES = 6
_TRIES_LIMITED = 12
_TRIES_UNREADABLE = 4
_LOCKED = 423
_MIGRATING = 477
_TOO_MANY = 429


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """What went wrong with one try of a request."""

    #: HTTP status; None where no complete answer came.
    status: int | None
    #: What happened to a try without a complete answer, in words of our own.
    failure: str = "no complete answer came"
    #: Whether an answer came that is no JSON object.
    unreadable: bool = False
    #: Whether an answer came that is a success for some of what was asked for only.
    in_part: bool = False
    #: `policyName` of a 429.
    policy: str = ""
    #: Seconds of a Retry-After header.
    retry_after: float | None = None
    #: `category` and `correlationId`, where the body had well-formed ones.
    category: str = ""
    correlation_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Wait:
    """Try again after so many seconds."""

    seconds: float
    #: Whether everybody who shares the limit must wait with it.
    limit_reached: bool = False


class Tries:
    """How often a request was tried in vain; a limit that others use up is no failure of it."""

    def __init__(self) -> None:
        """Begin with none."""
        self._ended: Counter[bool] = Counter()

    def note(self, refusal: Refusal) -> int:
        """Note a try that ended so, and return how many did."""
        is_limited = refusal.status == _TOO_MANY
        self._ended[is_limited] += 1
        return self._ended[is_limited]


def decide(
    refusal: Refusal, *, tries: int, search: bool, request: str, jitter: float = 0.0
) -> Wait:
    """Return how long to wait before the next try.

    Args:
        refusal: What happened.
        tries: How often the request was tried in vain so far; reached limits count by themselves.
        search: Whether it was a search.
        request: Method and path, for the message.
        jitter: From 0 to 1; a back-off of our own choice becomes longer by up to half, so that
            requests that failed together are not tried again together.

    Raises:
        TapError: The class that ends the run: no further try can help now.
    """
    if refusal.status == _TOO_MANY:
        return _limited(refusal, tries=tries, search=search, request=request)
    backoff = min(0.5 * 2 ** (tries - 1), _LONGEST_BACKOFF) * (1 + jitter / 2)
    if refusal.unreadable and tries < _TRIES_UNREADABLE:
        return Wait(seconds=backoff)
    if not _may_pass(refusal) or tries >= _TRIES:
        raise _failure(refusal, tries=tries, request=request)
    wait = backoff if refusal.retry_after is None else refusal.retry_after
    if refusal.status == _LOCKED:
        # HubSpot: wait at least two seconds after a 423.
        wait = max(wait, 2.0)
    if wait > LONGEST_WAIT:
        raise _failure(refusal, tries=tries, request=request)
    return Wait(seconds=wait)


def _limited(refusal: Refusal, *, tries: int, search: bool, request: str) -> Wait:
    if "DAILY" in refusal.policy.upper():
        raise RateLimitedError(
            f"HubSpot's daily limit is reached ({request}); it resets at midnight in the portal's "
            "time zone",
            retry_after_seconds=_whole(refusal.retry_after),
        )
    if tries >= _TRIES_LIMITED:
        raise RateLimitedError(
            f"HubSpot still reports a reached limit after {tries} tries ({request}); another "
            "program uses up the account's calls",
            retry_after_seconds=_whole(refusal.retry_after) or 60,
        )
    if refusal.retry_after is not None:
        seconds = refusal.retry_after
    elif "TEN_SECONDLY" in refusal.policy.upper() or (not refusal.policy and not search):
        seconds = 10.0
    else:
        seconds = 1.0
    return Wait(seconds=min(seconds, LONGEST_WAIT), limit_reached=True)


def _may_pass(refusal: Refusal) -> bool:
    """Say whether the same request may succeed later."""
    status = refusal.status
    if status is None or status in {_LOCKED, _MIGRATING} or refusal.in_part:
        return True
    # 522, 525 and 526 tell of a broken set-up at HubSpot's edge, but pass like the others.
    return status >= 500  # noqa: PLR2004 - the server's own errors begin here


def _failure(refusal: Refusal, *, tries: int, request: str) -> TapError:
    said = "".join(
        f", {name} {value}"
        for name, value in (
            ("category", refusal.category),
            ("correlation id", refusal.correlation_id),
        )
        if value
    )
    if refusal.unreadable:
        return UnexpectedResponseError(
            f"HubSpot's answer to {request} is no JSON object (status {refusal.status}, {tries} "
            "tries); check api_url and any proxy"
        )
    if refusal.status is None:
        return NetworkFailedError(
            f"no complete answer from HubSpot to {request} in {tries} tries; the last time, "
            f"{refusal.failure}"
        )
    if _may_pass(refusal):
        return HubSpotUnavailableError(
            f"HubSpot answered {refusal.status} to {request} ({tries} tries{said})",
            retry_after_seconds=_whole(refusal.retry_after),
        )
    return UnexpectedResponseError(f"HubSpot answered {refusal.status} to {request}{said}")


def in_words(refusal: Refusal) -> str:
    """Return what happened to a try, for the log: never a body, an address or a value."""
    if refusal.unreadable:
        return f"the answer ({refusal.status}) was no JSON object"
    if refusal.status is None:
        return refusal.failure
    if refusal.status == _TOO_MANY:
        limit = refusal.policy.lower() or "unnamed"
        return f"HubSpot's limit is reached ({limit})"
    if refusal.in_part:
        return f"HubSpot answered a part only ({refusal.category.lower() or 'unnamed'})"
    names = {_LOCKED: ", locked", _MIGRATING: ", migrating"}
    asked = "" if refusal.retry_after is None else f", retry after {refusal.retry_after:g} s"
    return f"HubSpot answered {refusal.status}{names.get(refusal.status, '')}{asked}"


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else max(1, round(seconds))


def read_failure(error: OSError, request: str) -> Refusal:
    """Name what broke; the exception's own text may quote the address with its ids.

    Raises:
        NetworkFailedError: Whoever answers is not to be trusted with the request.
    """
    match error:
        case exceptions.SSLError() if _tells_of_certificate(error):
            raise NetworkFailedError(
                f"no trusted connection to HubSpot ({request}): the certificate or a proxy is in "
                "the way"
            ) from None
        case exceptions.SSLError():
            failure = "no encrypted connection came about, or it broke"
        case exceptions.ConnectTimeout():
            failure = "HubSpot could not be reached in time"
        case exceptions.Timeout():
            failure = "HubSpot did not answer in time"
        case exceptions.ChunkedEncodingError():
            failure = "the answer broke off"
        case exceptions.ContentDecodingError():
            failure = "the answer was not packed as it said"
        case exceptions.ConnectionError():
            failure = "there was no connection, or it broke"
        case _:
            failure = "the request could not be sent"
    return Refusal(status=None, failure=failure)


def _tells_of_certificate(error: BaseException) -> bool:
    """Say whether a certificate was refused, which `requests` tells three exceptions deep."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return True
    reason = getattr(error, "reason", None)
    return any(
        _tells_of_certificate(cause)
        for cause in (reason, *error.args)
        if isinstance(cause, BaseException)
    )


def read_shortfall(status: int, body: Mapping[str, object]) -> Refusal | None:
    """Return what kept HubSpot from answering for all that a successful answer was asked for.

    What it answers for several records at once holds an error for each without a result (using
    object APIs). That a record, or a link of it, is not there is an answer; anything else tells
    nothing of the record. None where there is nothing of that kind.
    """
    errors = body.get("errors")
    for error in errors if isinstance(errors, list) else ():
        category = error.get("category") if isinstance(error, dict) else None
        if isinstance(category, str) and category and "NOT_FOUND" not in category:
            return Refusal(status=status, in_part=True, category=_name(category))
    return None


def read_refusal(
    status: int, headers: Mapping[str, str], body: Mapping[str, object] | None
) -> Refusal:
    """Return what an unsuccessful answer says, taking from the body only well-formed names."""
    body = body or {}
    return Refusal(
        status=status,
        policy=_name(body.get("policyName")),
        retry_after=_seconds(headers.get("Retry-After", "")),
        category=_name(body.get("category")),
        correlation_id=_name(body.get("correlationId")),
    )


def forbidden(
    refusal: Refusal, endpoint: Endpoint, request: str
) -> AccessDeniedError | MissingScopesError:
    """Return the error that an answer with status 403 is."""
    if refusal.category == "MISSING_SCOPES":
        scopes = " and ".join(endpoint.scopes)
        return MissingScopesError(f"HubSpot refuses {request}: the token lacks the scope {scopes}")
    return AccessDeniedError(f"HubSpot refuses {request} (status 403) to this token")


def _name(value: object) -> str:
    """Return a text that can only be a name of HubSpot's, else nothing: bodies stay unprinted."""
    if isinstance(value, str) and re.fullmatch(r"[A-Z_]{1,40}|[0-9a-f-]{36}", value):
        return value
    return ""


def _seconds(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d{1,7}(\.\d+)?", text.strip()) else None
