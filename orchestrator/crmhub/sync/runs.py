"""The life of a run, as the database records it: requested, claimed under a lease, ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from crmhub.connections import find_connection
from crmhub.errors import ConnectionNotReadyError, UnknownRunError
from crmhub.queries import read_queries
from crmhub.sync.lease import LEASE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import psycopg

    from crmhub.sync.next_step import NextStep

_QUERIES = read_queries(Path(__file__).with_name("runs.sql"))

#: Said of a run that its worker never ended.
_LOST: Final = "the worker of this run went away: the connection is due again"
_TAKEN_AWAY: Final = "a reset, or a state written by hand, has taken the lease of this run away"
_NOT_CONNECTED: Final = "the connection was paused or disconnected before the run began"


@dataclass(frozen=True, kw_only=True)
class Run:
    """One attempt to bring a connection up to date."""

    id: UUID
    connection_id: UUID
    org_id: UUID
    #: schedule, manual or reset.
    trigger: str
    #: pending, running, succeeded, failed or cancelled.
    status: str
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    #: Rows the tap sent so far, by stream.
    records: dict[str, int]
    error_class: str | None
    error_message: str | None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.finished_at is not None


@dataclass(frozen=True, kw_only=True)
class ClaimLimits:
    """How many runs may go on at the same time."""

    #: Of one HubSpot portal, whose rate limit they share.
    runs_per_portal: int = 1
    #: Of all workers together; None: as many as the workers take.
    runs: int | None = None


class Unclaimed(Enum):
    """Why a connection's run does not begin now."""

    NOTHING_PENDING = "nothing is pending"
    LEASED = "another run of the connection goes on"
    PORTAL_BUSY = "as many runs of the portal go on as may"
    ALL_BUSY = "as many runs go on as may"
    NOT_CONNECTED = "the connection is not connected"
    GONE = "there is no such connection"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A run that began, and the lease it writes under."""

    run: Run
    lease_token: UUID


def request_run(database: psycopg.Connection, connection_id: UUID, *, trigger: str) -> Run:
    """Ask for a run; one that is pending already is returned instead of a second.

    Raises ConnectionNotReadyError for one that is not connected, UnknownConnectionError.
    """
    with database.cursor(row_factory=class_row(Run)) as cursor:
        run = cursor.execute(
            _QUERIES["request_run"], {"connection_id": connection_id, "trigger": trigger}
        ).fetchone()
    if run is None:
        status = find_connection(database, connection_id).status
        raise ConnectionNotReadyError(
            f"connection {connection_id} is {status}: "
            + ("reconnect it first" if status != "paused" else "resume it first")
        )
    return run


def find_run(database: psycopg.Connection, run_id: UUID) -> Run:
    """The run of this id; raises UnknownRunError."""
    with database.cursor(row_factory=class_row(Run)) as cursor:
        run = cursor.execute(_QUERIES["find_run"], {"run_id": run_id}).fetchone()
    if run is None:
        raise UnknownRunError(f"there is no run {run_id}: `crmhub runs` shows those known")
    return run


def list_runs(
    database: psycopg.Connection, *, connection_id: UUID | None = None, limit: int = 50
) -> list[Run]:
    """The newest runs first, of one connection or of all."""
    query = _QUERIES["list_runs" if connection_id is None else "list_runs_of_connection"]
    with database.cursor(row_factory=class_row(Run)) as cursor:
        return cursor.execute(query, {"connection_id": connection_id, "limit": limit}).fetchall()


def claim_run(
    database: psycopg.Connection,
    connection_id: UUID,
    *,
    limits: ClaimLimits,
    lease_seconds: int = LEASE_SECONDS,
) -> Claim | Unclaimed:
    """Begin the connection's pending run and take the lease for it, in one transaction.

    What a worker that went away left running is ended first. A run of a connection that is no
    longer connected is cancelled.
    """
    named = {"connection_id": connection_id}
    with database.transaction(), database.cursor(row_factory=dict_row) as cursor:
        if limits.runs is not None:
            cursor.execute(_QUERIES["serialise_all_claims"])
        cursor.execute(_QUERIES["serialise_claims_of_portal"], named)
        row = cursor.execute(
            _QUERIES["view_claim"], {**named, "count_all": limits.runs is not None}
        ).fetchone()
        if (reason := _reason_against(row, limits)) is not None:
            if reason is Unclaimed.NOT_CONNECTED:
                cursor.execute(_QUERIES["cancel_pending"], {**named, "message": _NOT_CONNECTED})
            return reason
        token = uuid4()
        end_lost_run(cursor, connection_id)
        cursor.execute(_QUERIES["take_lease"], {**named, "token": token, "seconds": lease_seconds})
        started = cursor.execute(
            _QUERIES["start_run"], {"run_id": row["pending"] if row else None}
        ).fetchone()
    if started is None:
        raise RuntimeError("a pending run was gone while its connection was held")
    return Claim(run=Run(**started), lease_token=token)


def end_lost_run(cursor: psycopg.Cursor[Any], connection_id: UUID) -> None:
    """End a run that its worker left behind; the connection's lease must not be live."""
    cursor.execute(
        _QUERIES["end_lost_run"],
        {"connection_id": connection_id, "lost": _LOST, "taken_away": _TAKEN_AWAY},
    )


def note_progress(database: psycopg.Connection, run_id: UUID, records: Mapping[str, int]) -> None:
    """Record how many rows came so far, by stream."""
    database.execute(_QUERIES["note_progress"], {"run_id": run_id, "records": Jsonb(dict(records))})


def record_success(
    database: psycopg.Connection,
    claim: Claim,
    *,
    records: Mapping[str, int],
    wait_seconds: float,
    synced_through: datetime | None = None,
) -> bool:
    """End a run with success and give the lease back, in one transaction.

    Args:
        database: Role crmhub_orchestrator.
        claim: The run.
        records: Rows the tap sent, by stream.
        wait_seconds: Until the connection is due again.
        synced_through: Everything HubSpot had up to then is in; None: as the bookmarks say.

    Returns:
        False if the lease was lost meanwhile: the run is then recorded as cancelled, for what it
        wrote last may have been refused.
    """
    with database.transaction():
        is_ours = database.execute(
            _QUERIES["connection_succeeded"],
            {
                "connection_id": claim.run.connection_id,
                "token": claim.lease_token,
                "synced_through": synced_through,
                "started_at": claim.run.started_at,
                "wait_seconds": wait_seconds,
            },
        ).rowcount
        if is_ours:
            _finish(database, claim, "succeeded", records, None, None)
        else:
            _finish(database, claim, "cancelled", records, "lease_lost", _TAKEN_AWAY)
    return bool(is_ours)


def record_failure(
    database: psycopg.Connection,
    claim: Claim,
    step: NextStep,
    *,
    records: Mapping[str, int],
    error_class: str,
    error_message: str,
) -> bool:
    """End a run without success, and say on its connection what comes next, in one transaction.

    Returns:
        False if the lease was lost meanwhile, which is then the reason: the run is recorded as
        cancelled and its connection is left as whoever took the lease wants it.
    """
    with database.transaction():
        is_ours = database.execute(
            _QUERIES["connection_failed"],
            {
                "connection_id": claim.run.connection_id,
                "token": claim.lease_token,
                "connection_status": step.connection_status,
                "is_failure": step.is_failure,
                "error_class": error_class,
                "error_message": error_message,
                "wait_seconds": step.wait_seconds,
            },
        ).rowcount
        if is_ours:
            _finish(database, claim, step.run_status, records, error_class, error_message)
        else:
            _finish(database, claim, "cancelled", records, "lease_lost", _TAKEN_AWAY)
    return bool(is_ours)


def failures_and_interval(
    database: psycopg.Connection, connection_id: UUID
) -> tuple[int, float | None]:
    """Failures in a row so far, and the connection's own interval in seconds, if it has one."""
    row = database.execute(_QUERIES["failures_before"], {"connection_id": connection_id}).fetchone()
    return (0, None) if row is None else (row[0], row[1])


def prune_runs(database: psycopg.Connection, *, days: int, portion: int = 10_000) -> int:
    """Delete runs that ended more than so many days ago; returns how many."""
    deleted = 0
    while True:
        found = database.execute(_QUERIES["prune_runs"], {"days": days, "limit": portion}).rowcount
        deleted += found
        if found < portion:
            return deleted


def _reason_against(row: Mapping[str, Any] | None, limits: ClaimLimits) -> Unclaimed | None:
    if row is None:
        return Unclaimed.GONE
    reasons = {
        Unclaimed.NOTHING_PENDING: row["pending"] is None,
        Unclaimed.NOT_CONNECTED: row["status"] != "connected",
        Unclaimed.LEASED: row["is_leased"],
        Unclaimed.PORTAL_BUSY: row["runs_of_portal"] >= limits.runs_per_portal,
        Unclaimed.ALL_BUSY: limits.runs is not None and row["runs_of_all"] >= limits.runs,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _finish(  # noqa: PLR0917 - the columns of one statement
    database: psycopg.Connection,
    claim: Claim,
    status: str,
    records: Mapping[str, int],
    error_class: str | None,
    error_message: str | None,
) -> None:
    database.execute(
        _QUERIES["finish_run"],
        {
            "run_id": claim.run.id,
            "status": status,
            "records": Jsonb(dict(records)),
            "error_class": error_class,
            "error_message": error_message,
        },
    )
