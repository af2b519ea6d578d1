"""A run's lease is renewed while it goes on, whatever the database does meanwhile."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from crmhub.sync.control import RunControl
from crmhub.sync.kept_lease import kept_lease

if TYPE_CHECKING:
    import uuid

    from databases import TestDatabase

#: Renewed every half second.
LEASE_SECONDS = 6
PATIENCE_SECONDS = 20.0


def test_a_lease_outlives_a_moment_in_which_the_database_takes_no_writes(
    database: TestDatabase,
) -> None:
    """A standby that takes over answers before it takes writes."""
    _, connection_id = database.add_connection()
    token = database.take_lease(connection_id, LEASE_SECONDS)
    control = RunControl()
    with kept_lease(
        database.url_as("crmhub_orchestrator"),
        connection_id,
        token,
        control,
        lease_seconds=LEASE_SECONDS,
    ):
        _take_writes(database, may_write=False)
        time.sleep(1.2)
        _take_writes(database, may_write=True)
        before = expires_at(database, connection_id)
        until = time.monotonic() + PATIENCE_SECONDS
        while expires_at(database, connection_id) == before:
            assert time.monotonic() < until, "the lease is not renewed any more"
            time.sleep(0.1)
    assert control.reason is None


def _take_writes(database: TestDatabase, *, may_write: bool) -> None:
    with psycopg.connect(
        database.url, autocommit=True, options="-c default_transaction_read_only=off"
    ) as connection:
        connection.execute(
            sql.SQL("alter database {} set default_transaction_read_only = {}").format(
                sql.Identifier(connection.info.dbname), sql.Literal(not may_write)
            )
        )


def expires_at(database: TestDatabase, connection_id: uuid.UUID) -> object:
    [row] = database.rows(
        "select lease_expires_at from crmhub.source_connections where id = %s", [connection_id]
    )
    return row["lease_expires_at"]
