"""Pause a connection and let it go on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from crmhub.connections import find_connection
from crmhub.errors import ConnectionNotReadyError
from crmhub.queries import read_queries

if TYPE_CHECKING:
    from uuid import UUID

    import psycopg

_QUERIES = read_queries(Path(__file__).with_name("connection_status.sql"))


def pause_connection(database: psycopg.Connection, connection_id: UUID) -> None:
    """Run the connection no more until it is resumed; a run in flight is cancelled.

    Raises ConnectionNotReadyError for one that waits to be reconnected, UnknownConnectionError.
    """
    _change(database, connection_id, "pause")


def resume_connection(database: psycopg.Connection, connection_id: UUID) -> None:
    """Let a paused connection go on from where it was; it is due at once. Raises as pausing."""
    _change(database, connection_id, "resume")


def _change(database: psycopg.Connection, connection_id: UUID, name: str) -> None:
    if database.execute(_QUERIES[name], {"connection_id": connection_id}).rowcount == 0:
        status = find_connection(database, connection_id).status
        raise ConnectionNotReadyError(
            f"connection {connection_id} is {status}: reconnect its account first"
        )
