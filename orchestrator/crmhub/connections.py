"""The connections of organisations to their CRM accounts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from crmhub.errors import InvalidSettingsError, UnknownConnectionError
from crmhub.queries import read_queries

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

_QUERIES = read_queries(Path(__file__).with_name("connections.sql"))


@dataclass(frozen=True, kw_only=True)
class Connection:
    """One organisation's connection to one account."""

    id: UUID
    org_id: UUID
    #: The CRM, as "hubspot".
    provider: str
    #: HubSpot's portal id.
    external_account_id: str | None
    display_name: str | None
    #: connected, needs_reconnect, paused or disconnected.
    status: str
    #: What the organisation chose; keys as in the design, checked by the database.
    config: dict[str, Any]
    #: End of the last successful run.
    last_sync_at: datetime | None
    #: Everything the provider had up to then is in.
    synced_through: datetime | None
    next_sync_at: datetime
    last_error_class: str | None
    last_error_message: str | None


def add_connection(
    database: psycopg.Connection,
    *,
    org_id: UUID,
    external_account_id: str | None = None,
    display_name: str | None = None,
    config: dict[str, Any] | None = None,
) -> Connection:
    """A new connection, due at once. Raises InvalidSettingsError naming the config key at fault."""
    config = config or {}
    try:
        row = database.execute(_QUERIES["config_problem"], {"config": Jsonb(config)}).fetchone()
    except psycopg.DataError:
        # NUL, half a character, a number that is none: JSON for Python alone.
        raise InvalidSettingsError(
            "config holds what no database keeps, as NUL or NaN: take it out"
        ) from None
    if row is not None and row[0] is not None:
        raise InvalidSettingsError(str(row[0]))
    try:
        with database.cursor(row_factory=class_row(Connection)) as cursor:
            added = cursor.execute(
                _QUERIES["add_connection"],
                {
                    "org_id": org_id,
                    "external_account_id": external_account_id,
                    "display_name": display_name,
                    "config": Jsonb(config),
                },
            ).fetchone()
    except psycopg.errors.UniqueViolation:
        raise connected_already(org_id, external_account_id) from None
    if added is None:
        raise UnknownConnectionError(f"the connection of organisation {org_id} was not stored")
    return added


def connected_already(org_id: UUID, external_account_id: str | None) -> InvalidSettingsError:
    """The error for an account that another connection of the organisation has."""
    return InvalidSettingsError(
        f"organisation {org_id} has a connection to account {external_account_id} already: "
        "`crmhub connections list` shows it"
    )


def list_connections(database: psycopg.Connection) -> list[Connection]:
    """All connections, by organisation."""
    with database.cursor(row_factory=class_row(Connection)) as cursor:
        return cursor.execute(_QUERIES["list_connections"]).fetchall()


def find_connection(database: psycopg.Connection, connection_id: UUID) -> Connection:
    """The connection of this id; raises UnknownConnectionError."""
    with database.cursor(row_factory=class_row(Connection)) as cursor:
        found = cursor.execute(
            _QUERIES["find_connection"], {"connection_id": connection_id}
        ).fetchone()
    if found is None:
        raise UnknownConnectionError(
            f"there is no connection {connection_id}: `crmhub connections list` shows those known"
        )
    return found


def reset_connection(database: psycopg.Connection, connection_id: UUID) -> None:
    """Forget the connection's state: its next run is a full pass. A run in flight is fenced off.

    Raises UnknownConnectionError.
    """
    cursor = database.execute(_QUERIES["reset_connection"], {"connection_id": connection_id})
    if cursor.rowcount != 1:
        find_connection(database, connection_id)
