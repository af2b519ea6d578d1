"""The lease of a connection: who holds it may write its state and rows, nobody else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from crmhub.connections import find_connection
from crmhub.errors import LeaseTakenError
from crmhub.queries import read_queries

if TYPE_CHECKING:
    import psycopg

_QUERIES = read_queries(Path(__file__).with_name("lease.sql"))

#: How long a lease lasts without renewal, seconds.
LEASE_SECONDS = 120


def take_lease(
    database: psycopg.Connection, connection_id: UUID, *, seconds: int = LEASE_SECONDS
) -> UUID:
    """Take the lease of a connection; returns its token.

    Raises LeaseTakenError while another run holds it, UnknownConnectionError.
    """
    token = uuid4()
    cursor = database.execute(
        _QUERIES["take_lease"],
        {"connection_id": connection_id, "token": token, "seconds": seconds},
    )
    if cursor.rowcount != 1:
        find_connection(database, connection_id)
        raise LeaseTakenError(
            f"another run holds the lease of connection {connection_id}: wait for its end, "
            f"or take it away with `crmhub env {connection_id} --release`"
        )
    return token


def renew_lease(
    database: psycopg.Connection, connection_id: UUID, token: UUID, *, seconds: int = LEASE_SECONDS
) -> bool:
    """Prolong the lease; False when it is no longer ours."""
    cursor = database.execute(
        _QUERIES["renew_lease"],
        {"connection_id": connection_id, "token": token, "seconds": seconds},
    )
    return cursor.rowcount == 1


def release_lease(
    database: psycopg.Connection, connection_id: UUID, token: UUID | None = None
) -> None:
    """Give the lease back; without a token, take it from whoever holds it."""
    database.execute(_QUERIES["release_lease"], {"connection_id": connection_id, "token": token})
