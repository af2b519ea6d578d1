"""What can go wrong in the orchestrator, named for the remedy.

A message says what failed, where, and what to do. It never holds a secret, a token or a
value of somebody's data.
"""

from __future__ import annotations


class CrmHubError(Exception):
    """Something failed; the message says what to do about it."""

    #: Exit status of the command that ends with it.
    exit_status = 1


class InvalidSettingsError(CrmHubError):
    """A setting is missing or malformed: fix it and start again."""

    exit_status = 2


class DatabaseUnreachableError(CrmHubError):
    """PostgreSQL does not answer: start it or correct the address."""


class DatabaseNotPreparedError(CrmHubError):
    """The database lacks a migration, a role or a right: run the command that is named."""


class MigrationRefusedError(CrmHubError):
    """A migration file does not fit what the database has recorded."""


class EmbeddedPostgresError(CrmHubError):
    """The embedded PostgreSQL did not start."""


class UnknownConnectionError(CrmHubError):
    """No connection has this id."""


class UnknownRunError(CrmHubError):
    """No run has this id."""


class ConnectionNotReadyError(CrmHubError):
    """The connection is paused or disconnected: resume or reconnect it."""


class LeaseTakenError(CrmHubError):
    """Another run holds the connection's lease: wait for its end or release it."""


class SyncFailedError(CrmHubError):
    """A run ended without success; its error class says what comes next."""
