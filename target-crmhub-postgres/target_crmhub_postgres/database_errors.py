"""Translates what PostgreSQL refuses into our errors, by SQLSTATE and names in the schema only.

The server's own message and its DETAIL may quote rows: they are neither printed nor kept.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import psycopg

from target_crmhub_postgres.errors import (
    DatabaseFailureError,
    InvalidSettingsError,
    LeaseLostError,
    PassingFailureError,
    TargetError,
    TenantMismatchError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_MIGRATE = "run `crmhub migrate` on this database"
_UNKNOWN_ACCOUNT = (
    "it is not known which account connection_id is of: `crmhub connections reconnect` learns it "
    "from a token; without one, set allow_unknown_account"
)

#: SQLSTATE → what to tell (PostgreSQL: appendix A; CH… are raised by our own functions).
_BY_STATE: dict[str, tuple[type[TargetError], str]] = {
    "CH001": (
        TenantMismatchError,
        "connection_id is not a connection of org_id: correct one of the two settings",
    ),
    "CH002": (
        LeaseLostError,
        "the connection's lease is lost, nothing more is written: let its holder finish",
    ),
    "CH003": (
        InvalidSettingsError,
        "pii_hash_salt is not the one of this organisation's pseudonyms: set the earlier one again",
    ),
    "CH004": (InvalidSettingsError, _UNKNOWN_ACCOUNT),
    "28000": (DatabaseFailureError, "the login in database_url is refused: check its rights"),
    "28P01": (DatabaseFailureError, "the login in database_url is refused: check its password"),
    "3F000": (DatabaseFailureError, f"a schema is missing: {_MIGRATE}"),
    # Only where somebody writes without our locks: what is there is found the next time.
    "23505": (PassingFailureError, "another writer was quicker with the same row"),
    "25P03": (PassingFailureError, "the server ended a transaction that waited for us too long"),
    "40001": (PassingFailureError, "a transaction met another one"),
    "40P01": (PassingFailureError, "a transaction was ended by a deadlock"),
    "42501": (
        DatabaseFailureError,
        "the login in database_url lacks a right: use a login of role crmhub_loader",
    ),
    "42703": (DatabaseFailureError, f"a column is missing: {_MIGRATE}"),
    "42883": (DatabaseFailureError, f"a function is missing: {_MIGRATE}"),
    "42P01": (DatabaseFailureError, f"a table is missing: {_MIGRATE}"),
    "53100": (DatabaseFailureError, "the database's disk is full: make room, run again"),
    "53200": (DatabaseFailureError, "the database is out of memory: lower batch_size_rows"),
    "53300": (PassingFailureError, "the database has no connection left"),
    "55P03": (PassingFailureError, "a lock was not free in time"),
    "57014": (DatabaseFailureError, "a statement was cancelled or took too long: run again"),
    "57P04": (DatabaseFailureError, "the database was dropped: correct database_url"),
}

_LOST = "the connection to the database was lost"


def translated(error: psycopg.Error) -> TargetError:
    """Return our error for the driver's, without a word of the server's text."""
    state = error.sqlstate
    if state in _BY_STATE:
        kind, message = _BY_STATE[state]
        return kind(message)
    if state is None or state.startswith(("08", "57P")):
        if isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)):
            return PassingFailureError(_LOST)
        return DatabaseFailureError(f"the database driver failed with {type(error).__name__}")
    place = error.diag.constraint_name or error.diag.table_name
    where = f" at {place}" if place else ""
    return DatabaseFailureError(f"the database refused a statement with SQLSTATE {state}{where}")


@contextlib.contextmanager
def translating_errors() -> Iterator[None]:
    """Raise our errors for the driver's within the block; the driver's are not chained."""
    try:
        yield
    except psycopg.Error as error:
        failure = translated(error)
    else:
        return
    raise failure
