"""What can end a run, each class named for the remedy.

A message says what failed, where and what to do. It never holds a token, a body or a value of a
record: it is printed, stored and shown to people.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence


class TapError(Exception):
    """An expected end of a run, told by class.

    `error_class` is what other programs act on, `remedy` what a person does about it.
    """

    error_class: ClassVar[str] = "internal"
    remedy: ClassVar[str] = "Report the log line above it: this is a fault of the tap."
    exit_status: ClassVar[int] = 1

    def __init__(
        self,
        message: str,
        *,
        retry_after_seconds: int | None = None,
        status: int | None = None,
        category: str = "",
        scopes: tuple[str, ...] = (),
        is_divisible: bool = False,
    ) -> None:
        """Keep the message and what a caller can act on.

        Args:
            message: What failed, where, and what to do; never a value, a token or a body.
            retry_after_seconds: Until a retry makes sense, where HubSpot said it.
            status: HTTP status of the answer, if there was one.
            category: HubSpot's name for the failure, where it is well-formed.
            scopes: The scopes that HubSpot asks for; one of several may be enough.
            is_divisible: Whether a request for less may succeed where this one failed.
        """
        super().__init__(message)
        self.message = message
        self.retry_after_seconds = retry_after_seconds
        self.status = status
        self.category = category
        self.scopes = scopes
        self.is_divisible = is_divisible


class InternalError(TapError):
    """The tap itself is at fault."""


class InvalidGrantError(TapError):
    """HubSpot no longer accepts the refresh token: it was revoked, or the app was uninstalled."""

    error_class = "invalid_grant"
    remedy = "Connect the HubSpot account again and store the new refresh token."


class AccessDeniedError(TapError):
    """HubSpot refuses the access token, or the account is gone."""

    error_class = "access_denied"
    remedy = "Check the token and that the account still exists; connect it again."


class WrongAccountError(TapError):
    """The token reads another HubSpot account than `expected_account_id` names."""

    error_class = "wrong_account"
    remedy = "Use a token of the expected account, or correct `expected_account_id`."


class MissingScopesError(TapError):
    """The token is good but may not read what a selected stream needs."""

    error_class = "missing_scopes"
    remedy = "Grant the scope that the message names, or deselect the stream."


class RateLimitedError(TapError):
    """HubSpot's daily quota, or the share of it that this tap may use, is used up."""

    error_class = "rate_limit"
    remedy = "Wait for the reset (midnight in the portal's time zone), or raise `daily_share`."


class HubSpotUnavailableError(TapError):
    """HubSpot kept answering that it cannot serve the request now."""

    error_class = "hubspot_unavailable"
    remedy = "Run again later; the state printed so far is kept."


class NetworkFailedError(TapError):
    """HubSpot could not be reached, or the connection kept breaking."""

    error_class = "network"
    remedy = "Check the network, the proxy and `api_url`, then run again."


class InvalidSettingsError(TapError):
    """A setting, the catalog or the state is missing or malformed."""

    error_class = "invalid_settings"
    remedy = "Mend what the message names."
    exit_status = 2


class UnexpectedResponseError(TapError):
    """HubSpot's answer is not what its documentation says."""

    error_class = "unexpected_response"
    remedy = "Check `api_url` and `api_version`; if they are right, HubSpot changed: report it."


#: Every class a run can end with, in the order the documentation lists them.
ERRORS: tuple[type[TapError], ...] = (
    InvalidGrantError,
    AccessDeniedError,
    WrongAccountError,
    MissingScopesError,
    RateLimitedError,
    HubSpotUnavailableError,
    NetworkFailedError,
    InvalidSettingsError,
    UnexpectedResponseError,
    InternalError,
)


def concerns_one_stream(error: TapError) -> bool:
    """Say whether other streams may be readable although this error ended one."""
    match error:
        case MissingScopesError() | HubSpotUnavailableError() | UnexpectedResponseError():
            return True
        case AccessDeniedError():
            # A 401 is about the token, a 403 about what was asked for.
            return error.status is not None
        case _:
            return False


def in_stream(error: TapError, stream: str, others: Sequence[str] = ()) -> TapError:
    """Return an error of the same class that names its stream, and others that failed as well."""
    more = f"; these streams failed, too: {', '.join(others)}" if others else ""
    return type(error)(
        f"stream {stream}: {error.message}{more}",
        retry_after_seconds=error.retry_after_seconds,
        status=error.status,
        category=error.category,
        scopes=error.scopes,
    )


class Terminated(BaseException):
    """A signal asked the run to end; no `Exception`, so that nothing on the way swallows it."""

    def __init__(self, signal_number: int) -> None:
        """Keep the number of the signal: the exit status is 128 more."""
        super().__init__(signal_number)
        self.signal_number = signal_number


class Abandoned(BaseException):
    """The run ended while a request waited; no `Exception`, so that nothing tries it again."""
