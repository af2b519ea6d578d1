"""What can go wrong in the orchestrator, named for the remedy.

A message says what failed, where, and what to do. It never holds a secret, a token or a
value of somebody's data.
"""

from __future__ import annotations


class CrmHubError(Exception):
    """Something failed; the message says what to do about it."""

    #: Exit status of the command that ends with it.
    exit_status = 1
    #: What a run that ends with it is filed under (`last_error_class`).
    error_class: str = "internal"
    #: Seconds until trying again makes sense, where the source told.
    retry_after_seconds: float | None = None


class InvalidSettingsError(CrmHubError):
    """A setting is missing or malformed: fix it and start again."""

    exit_status = 2
    error_class = "invalid_settings"


class DatabaseUnreachableError(CrmHubError):
    """PostgreSQL does not answer: start it or correct the address."""

    error_class = "database"


class DatabaseNotPreparedError(CrmHubError):
    """The database lacks a migration, a role or a right: run the command that is named."""

    error_class = "database"


class MigrationRefusedError(CrmHubError):
    """A migration file does not fit what the database has recorded."""


class EmbeddedPostgresError(CrmHubError):
    """The embedded PostgreSQL did not start."""


class UnknownConnectionError(CrmHubError):
    """No connection has this id."""


class UnknownAccountError(CrmHubError):
    """HubSpot does not say which account a token reads: state it, or try again later."""


class UnknownOrganisationError(CrmHubError):
    """No connection is of this organisation."""


class UnknownRunError(CrmHubError):
    """No run has this id."""


class ConnectionNotReadyError(CrmHubError):
    """The connection is paused or disconnected: resume or reconnect it."""


class LeaseTakenError(CrmHubError):
    """Another run holds the connection's lease: wait for its end or release it."""


class SyncFailedError(CrmHubError):
    """A run ended without success; its error class says what comes next."""


class RunNotStartedError(CrmHubError):
    """This machine could not start a run: give it what the message says that it lacks."""


class SecretUnreadableError(CrmHubError):
    """A stored secret is lost: its key, its row, or what is in it. Connect the account again."""

    error_class = "secret_unreadable"


class SecretHeldError(CrmHubError):
    """Another process holds a connection's token for too long: try again later."""

    error_class = "timeout"


class InvalidGrantError(CrmHubError):
    """HubSpot takes the refresh token no more: connect the account again."""

    error_class = "invalid_grant"


class AccessDeniedError(CrmHubError):
    """HubSpot refuses the account or the token: connect the account again."""

    error_class = "access_denied"


class MissingScopesError(CrmHubError):
    """HubSpot does not let the token ask what has to be known: grant the scope."""

    error_class = "missing_scopes"


class RateLimitedError(CrmHubError):
    """HubSpot's limit is reached: try again when it says."""

    error_class = "rate_limit"

    def __init__(self, message: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class HubSpotUnavailableError(CrmHubError):
    """HubSpot fails for the moment: try again later."""

    error_class = "hubspot_unavailable"


class NetworkFailedError(CrmHubError):
    """No answer of HubSpot arrives: check the way to it, or try again later."""

    error_class = "network"


class UnexpectedResponseError(CrmHubError):
    """HubSpot's answer is not what its documentation says: report it."""

    error_class = "unexpected_response"


class HubSpotCountError(CrmHubError):
    """HubSpot did not tell how many records it has; class and message say why."""

    def __init__(self, message: str, *, error_class: str) -> None:
        super().__init__(message)
        self.error_class = error_class
