"""What to do about an answer that is no success: a decision without any input or output.

HubSpot: error handling and usage guidelines pages.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

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
    from tap_hubspot_crm.endpoints import Endpoint
    from tap_hubspot_crm.refusals import Refusal

#: A wait that HubSpot asks for beyond this ends the run; the next run comes after it.
LONGEST_WAIT: Final = 300.0
_LONGEST_BACKOFF: Final = 30.0
_TRIES_LIMITED: Final = 12
_TRIES_UNREADABLE: Final = 4
#: HubSpot's edge answers with HTML now and then; three times in a row it is taken at its word.
_TRIES_BEFORE_BELIEVED: Final = 3
_FORBIDDEN: Final = 403
_LOCKED: Final = 423
_MIGRATING: Final = 477
_TOO_MANY: Final = 429
#: What the edge answers by itself, for one request and in HTML.
_OF_THE_EDGE: Final = frozenset({400, 403, 404, 408})
_TIMED_OUT: Final = 408
#: The category of an error that the same request meets again.
_INVALID: Final = "VALIDATION_ERROR"
#: Client errors that may be about how much was asked for.
_ABOUT_SIZE: Final = frozenset({400, 413, 414})


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How often a request is tried that may succeed later."""

    tries: int


#: Waits 92 seconds in all: a 477 has been seen to last for 30 seconds, a 503 for a minute.
PATIENT: Final = RetryPolicy(tries=9)
#: Waits 16 seconds: for a request that can be made smaller, which is tried next.
STEADY: Final = RetryPolicy(tries=6)
#: For parts of a request that was tried before as a whole.
BRIEF: Final = RetryPolicy(tries=2)


@dataclass(frozen=True, kw_only=True)
class Wait:
    """Try again after so many seconds."""

    seconds: float
    #: Whether everybody who shares the limit must wait with it.
    limit_reached: bool = False


class Tries:
    """How often a request was tried in vain, by kind of failure.

    A limit that others use up is no failure of the request, and a broken connection none of what
    is asked for.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._ended: Counter[str] = Counter()

    def note(self, refusal: Refusal) -> int:
        """Note a try that ended so, and return how many of its kind did."""
        kind = "broken" if refusal.status is None else "answered"
        kind = "limited" if refusal.status == _TOO_MANY else kind
        self._ended[kind] += 1
        return self._ended[kind]


def decide(
    refusal: Refusal,
    *,
    tries: int,
    endpoint: Endpoint,
    request: str,
    policy: RetryPolicy = PATIENT,
    jitter: float = 0.0,
) -> Wait:
    """Return how long to wait before the next try.

    Args:
        refusal: What happened.
        tries: How often the request was tried in vain so far; reached limits count by themselves.
        endpoint: What was called.
        request: Method and path, for the message.
        policy: How often it is tried.
        jitter: From 0 to 1; a back-off of our own choice becomes longer by up to half, so that
            requests that failed together are not tried again together.

    Raises:
        TapError: The class that ends the request: no further try can help now.
    """
    if refusal.status == _TOO_MANY:
        return _limited(refusal, tries=tries, search=endpoint.search, request=request)
    backoff = min(0.5 * 2 ** (tries - 1), _LONGEST_BACKOFF) * (1 + jitter / 2)
    if _is_doubtful(refusal) and tries < _TRIES_BEFORE_BELIEVED:
        return Wait(seconds=backoff)
    if refusal.status == _FORBIDDEN and not refusal.unreadable:
        raise _forbidden(refusal, endpoint, request)
    is_success = refusal.status is not None and refusal.status < 300  # noqa: PLR2004 - a 2xx
    if is_success and refusal.unreadable and tries < _TRIES_UNREADABLE:
        return Wait(seconds=backoff)
    # Only an answer of HubSpot's may be about what is asked for; a broken connection never is.
    most = STEADY.tries if refusal.status is None else policy.tries
    if not _may_pass(refusal) or tries >= most:
        raise _failure(refusal, tries=tries, request=request)
    # Not less than our own wait: a short one, said again and again, would use up the tries.
    wait = max(backoff, refusal.retry_after or 0.0)
    if refusal.status == _LOCKED:
        # HubSpot: wait at least two seconds after a 423.
        wait = max(wait, 2.0)
    if wait > LONGEST_WAIT:
        raise _failure(refusal, tries=tries, request=request)
    return Wait(seconds=wait)


def _is_doubtful(refusal: Refusal) -> bool:
    """Say whether a refusal is one of the edge, or says too little to be believed at once."""
    if refusal.status == _FORBIDDEN and not refusal.category:
        return True
    return refusal.unreadable and refusal.status in _OF_THE_EDGE


def _limited(refusal: Refusal, *, tries: int, search: bool, request: str) -> Wait:
    if "DAILY" in refusal.policy:
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
    elif "TEN_SECONDLY" in refusal.policy or (not refusal.policy and not search):
        seconds = 10.0
    else:
        seconds = 1.0
    return Wait(seconds=min(seconds, LONGEST_WAIT), limit_reached=True)


def _may_pass(refusal: Refusal) -> bool:
    """Say whether the same request may succeed later."""
    status = refusal.status
    if refusal.in_part:
        return refusal.category != _INVALID
    if status is None or status in {_TIMED_OUT, _LOCKED, _MIGRATING}:
        return True
    # 522, 525 and 526 mean a broken set-up at HubSpot's edge, but pass like the others.
    return status >= 500  # noqa: PLR2004 - the server's own errors begin here


def _forbidden(
    refusal: Refusal, endpoint: Endpoint, request: str
) -> AccessDeniedError | MissingScopesError:
    """Return the error that an answer with status 403 is."""
    if refusal.category == "MISSING_SCOPES" or refusal.scopes or refusal.is_about_scopes:
        # HubSpot lists scopes of which each may be enough; the endpoint's own is the usual one.
        named = sorted(
            refusal.scopes or endpoint.scopes, key=lambda scope: scope not in endpoint.scopes
        )
        lacks = "the scope" if len(named) == 1 else "one or more of the scopes"
        return MissingScopesError(
            f"HubSpot refuses {request}: the token lacks {lacks} {', '.join(named)}",
            status=refusal.status,
            category=refusal.category,
            scopes=refusal.scopes,
        )
    return AccessDeniedError(
        f"HubSpot refuses {request} (status 403) to this token",
        status=refusal.status,
        category=refusal.category,
    )


def _failure(refusal: Refusal, *, tries: int, request: str) -> TapError:
    status, category = refusal.status, refusal.category
    said = "".join(
        f", {name} {value}"
        for name, value in (("category", category), ("correlation id", refusal.correlation_id))
        if value
    )
    if status is None:
        return NetworkFailedError(
            f"no complete answer from HubSpot to {request} in {tries} tries; the last time, "
            f"{refusal.failure}"
        )
    if _may_pass(refusal):
        wait = _whole(refusal.retry_after)
        return HubSpotUnavailableError(
            f"HubSpot answered {status} to {request} ({tries} tries{said})",
            retry_after_seconds=wait,
            status=status,
            category=category,
            # A wait of hours is about the account; what is asked makes no difference.
            is_divisible=wait is None or wait <= LONGEST_WAIT,
        )
    is_divisible = refusal.in_part or status in _ABOUT_SIZE
    if refusal.unreadable:
        return UnexpectedResponseError(
            f"HubSpot's answer to {request} is no JSON object (status {status}, {tries} tries); "
            "check api_url and any proxy",
            status=status,
            is_divisible=is_divisible,
        )
    return UnexpectedResponseError(
        f"HubSpot answered {status} to {request}{said}",
        status=status,
        category=category,
        is_divisible=is_divisible,
    )


def describe(refusal: Refusal) -> str:
    """Return what happened to a try, for the log: never a body, an address or a value."""
    status = refusal.status
    if status is None:
        return refusal.failure
    if status == _TOO_MANY:
        limit = refusal.policy.lower() or "unnamed"
        return f"HubSpot's limit is reached ({limit})"
    if refusal.unreadable and not _may_pass(refusal):
        return f"the answer ({status}) was no JSON object"
    if refusal.in_part:
        return f"HubSpot answered a part only ({refusal.category.lower() or 'unnamed'})"
    names = {_LOCKED: ", locked", _MIGRATING: ", migrating"}
    asked = "" if refusal.retry_after is None else f", retry after {refusal.retry_after:g} s"
    return f"HubSpot answered {status}{names.get(status, '')}{asked}"


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else max(1, round(seconds))
