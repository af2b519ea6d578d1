"""Brings back what a lost worker, a lost job or a busy portal left behind."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Final

from psycopg.rows import dict_row

from crmhub.engine.queue import enqueue
from crmhub.queries import read_queries
from crmhub.sync.next_step import next_step
from crmhub.sync.runs import end_lost_run

if TYPE_CHECKING:
    from uuid import UUID

    import psycopg

_QUERIES = read_queries(Path(__file__).with_name("rescue.sql"))

#: What one round looks at; the next one goes on.
_PORTION: Final = 500
#: A run asked for just now has its job in the same transaction; anything older has lost it.
_AGE_SECONDS: Final = 5.0
_LOST: Final = "the worker went away during the run; nothing it stored is lost"


def rescue_lost_runs(database: psycopg.Connection) -> list[UUID]:
    """End the runs whose lease ran out or was taken away; returns their connections.

    A lost worker counts as a failure of its connection: one that kills its workers backs off.
    """
    found: list[UUID] = []
    with database.transaction(), database.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(_QUERIES["lost_runs"], {"limit": _PORTION}).fetchall():
            end_lost_run(cursor, row["id"])
            found.append(row["id"])
            if row["expired"]:
                step = next_step(
                    "worker_lost",
                    failures_before=row["consecutive_failures"],
                    chance=random.random(),  # noqa: S311 - spreads load, hides nothing
                )
                cursor.execute(
                    _QUERIES["connection_lost_its_worker"],
                    {
                        "connection_id": row["id"],
                        "message": _LOST,
                        "wait_seconds": step.wait_seconds,
                    },
                )
    return found


def enqueue_forgotten_runs(database: psycopg.Connection) -> int:
    """Give pending runs that no job will start a job; returns how many."""
    rows = database.execute(
        _QUERIES["pending_without_job"], {"age_seconds": _AGE_SECONDS, "limit": _PORTION}
    ).fetchall()
    return sum(
        enqueue(database, connection_id, urgent=trigger != "schedule")
        for connection_id, trigger in rows
    )


def enqueue_next_of_portal(database: psycopg.Connection, connection_id: UUID) -> None:
    """Let the run that waited for this one's end begin."""
    row = database.execute(_QUERIES["next_of_portal"], {"connection_id": connection_id}).fetchone()
    if row is not None:
        enqueue(database, row[0], urgent=row[1] != "schedule")
