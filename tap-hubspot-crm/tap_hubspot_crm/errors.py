"""What can end a run, each class named for the remedy.

A message says what failed, where and what to do. It never holds a token, a body or a value of a
record: it is printed, stored and shown to people.
"""

from __future__ import annotations

from typing import ClassVar


class TapError(Exception):
    """An expected end of a run, told by class.

    `error_class` is what other programs act on, `remedy` what a person does about it.
    """

    error_class: ClassVar[str] = "internal"
    remedy: ClassVar[str] = "Report the log line above it: this is a fault of the tap."
    exit_status: ClassVar[int] = 1

    def __init__(self, message: str, *, retry_after_seconds: int | None = None) -> None:
        """Keep the message and, where HubSpot said it, the seconds until a retry makes sense."""
        super().__init__(message)
        self.message = message
        self.retry_after_seconds = retry_after_seconds


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


class Terminated(BaseException):
    """A signal asked the run to end; no `Exception`, so that nothing on the way swallows it."""

    def __init__(self, signal_number: int) -> None:
        """Keep the number of the signal: the exit status is 128 more."""
        super().__init__(signal_number)
        self.signal_number = signal_number


class Abandoned(BaseException):
    """The run ended while a request waited; no `Exception`, so that nothing tries it again."""
