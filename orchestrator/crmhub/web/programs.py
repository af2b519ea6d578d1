"""Who may call the internal API, and how often."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from crmhub.web.errors import BearerTokenError, TooManyCallsError
from crmhub.web.rate_limit import CallBucket

if TYPE_CHECKING:
    from crmhub.web.settings import WebSettings


class CallLimits:
    """Two buckets, so that whoever guesses tokens takes no calls from those who have one."""

    def __init__(self, calls_per_minute: int) -> None:
        """Begin with both full."""
        self.known = CallBucket(calls_per_minute=calls_per_minute)
        self.unknown = CallBucket(calls_per_minute=calls_per_minute)


_bearer = HTTPBearer(
    auto_error=False, scheme_name="internal token", description="CRMHUB_INTERNAL_TOKEN"
)


def known_program(
    request: Request,
    shown: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> None:
    """Let a program in that shows the token. Raises BearerTokenError, TooManyCallsError."""
    settings: WebSettings = request.app.state.settings
    limits: CallLimits = request.app.state.call_limits
    token = settings.internal_token
    is_known = (
        token is not None
        and shown is not None
        # In a time that does not tell how much of it is right.
        and hmac.compare_digest(shown.credentials.encode(), token.reveal().encode())
    )
    wait = (limits.known if is_known else limits.unknown).take()
    if wait:
        raise TooManyCallsError(
            "Call again after Retry-After; the limit is CRMHUB_INTERNAL_CALLS_PER_MINUTE.",
            retry_after_seconds=wait,
        )
    if not is_known:
        raise BearerTokenError(
            "Send `Authorization: Bearer` with CRMHUB_INTERNAL_TOKEN; while that is not set, the "
            "internal API is closed."
        )
