"""What the pages show of connections and runs, as a reader of the organisation sees it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from psycopg.rows import class_row

from crmhub.queries import read_queries
from crmhub.sync.runs import Run
from crmhub.web.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta
    from uuid import UUID

    import psycopg

_QUERIES: Final = read_queries(Path(__file__).with_name("readings.sql"))


@dataclass(frozen=True, kw_only=True)
class ConnectionReading:
    """One connection as it stands."""

    id: UUID
    display_name: str | None
    external_account_id: str | None
    #: connected, needs_reconnect, paused or disconnected.
    status: str
    #: End of the last successful run.
    last_sync_at: datetime | None
    #: Everything HubSpot had up to then is in.
    synced_through: datetime | None
    next_sync_at: datetime
    last_error_class: str | None
    last_error_message: str | None
    last_error_at: datetime | None
    #: When the run that goes on began.
    running_since: datetime | None
    #: Rows it has read so far, by stream.
    running_records: dict[str, int]
    #: When the run that waits for a worker was asked for.
    waiting_since: datetime | None
    #: Live rows stored, by stream, as of the last run.
    live: dict[str, int]
    #: When HubSpot's counts were set beside ours; None: never so far.
    compared_at: datetime | None
    #: As of then, by stream, as `comparisons.keep_comparison` keeps them.
    counts: dict[str, dict[str, Any]]
    #: When the try after that failed, and why; None: none did.
    compare_failed_at: datetime | None
    compare_error_class: str | None
    #: Since when the next sync is to end with a comparison; None: none is asked for.
    compare_wanted_at: datetime | None

    @property
    def name(self) -> str:
        """What people call it."""
        return name_in_words(self.display_name, self.external_account_id)

    @property
    def account(self) -> str:
        """The account in words."""
        return name_in_words(None, self.external_account_id)


@dataclass(frozen=True, kw_only=True)
class RunReading(Run):
    """One run of a connection, as pages show it."""

    @property
    def rows(self) -> int:
        """Rows read of all streams."""
        return sum(self.records.values())

    @property
    def duration(self) -> timedelta | None:
        """From its begin to its end; None until it has both."""
        if self.started_at is None or self.finished_at is None:
            return None
        return self.finished_at - self.started_at


def name_in_words(display_name: str | None, external_account_id: str | None) -> str:
    """What people call a connection: its name, or its account where no name is to be seen."""
    if display_name and display_name.strip():
        return display_name
    return f"HubSpot account {external_account_id or ''}".rstrip()


def read_connections(
    database: psycopg.Connection, org_id: UUID, ids: Sequence[UUID] | None = None
) -> list[ConnectionReading]:
    """The organisation's connections, the oldest first; of these ids only, if any are given."""
    with database.cursor(row_factory=class_row(ConnectionReading)) as cursor:
        return cursor.execute(
            _QUERIES["connections"], {"org_id": org_id, "ids": None if ids is None else list(ids)}
        ).fetchall()


def read_connection(
    database: psycopg.Connection, org_id: UUID, connection_id: UUID
) -> ConnectionReading:
    """One connection of the organisation. Raises NotFoundError, also for another one's."""
    found = read_connections(database, org_id, [connection_id])
    if not found:
        raise NotFoundError("There is no such connection here: it may have been removed.")
    return found[0]


def read_runs(
    database: psycopg.Connection,
    org_id: UUID,
    connection_id: UUID,
    *,
    limit: int,
    before: datetime | None = None,
) -> list[RunReading]:
    """The connection's runs, the newest first; only those asked for before a moment, if given."""
    with database.cursor(row_factory=class_row(RunReading)) as cursor:
        return cursor.execute(
            _QUERIES["runs"],
            {"org_id": org_id, "connection_id": connection_id, "before": before, "limit": limit},
        ).fetchall()
