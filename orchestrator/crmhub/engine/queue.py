"""The queue of runs: one job at most waits for a connection, and it holds nothing but an id.

procrastinate distributes and wakes workers by NOTIFY. What is due, who may run and when to try
again stays in `source_connections`: a job that is lost costs a moment, never a run.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import procrastinate
from procrastinate.exceptions import AlreadyEnqueued

from crmhub.database import watched
from crmhub.queries import read_queries
from crmhub.sync.runs import request_run

if TYPE_CHECKING:
    from uuid import UUID

    import psycopg

    from crmhub.sync.runs import Run

_QUERIES = read_queries(Path(__file__).with_name("queue.sql"))

#: Jobs that run a connection.
SYNC_QUEUE: Final = "sync"
#: Jobs that keep the others going: the poll, the rescue, the pruning.
CONTROL_QUEUE: Final = "control"
SYNC_TASK: Final = "crmhub.sync"
#: Of a run that somebody waits for; the timer's have 0.
_URGENT: Final = 10


def engine_app(url: str) -> procrastinate.App:
    """Procrastinate on the database of `url`, with no task yet; it connects when opened."""
    return procrastinate.App(
        connector=procrastinate.PsycopgConnector(
            conninfo=watched(url),
            kwargs={
                "options": "-c search_path=procrastinate",
                "application_name": "crmhub engine",
            },
            min_size=1,
            max_size=4,
        )
    )


def request_sync(database: psycopg.Connection, connection_id: UUID, *, trigger: str) -> Run:
    """Ask for a run and wake a worker, in one transaction.

    A run that is pending already is returned and, if a person asks, moved to the front.

    Raises ConnectionNotReadyError for one that is not connected, UnknownConnectionError.
    """
    with database.transaction():
        run = request_run(database, connection_id, trigger=trigger)
        enqueue(database, connection_id, urgent=trigger != "schedule")
    return run


def enqueue(database: psycopg.Connection, connection_id: UUID, *, urgent: bool = False) -> bool:
    """Put a connection's job into the queue; False if one waits already.

    Inside a transaction, of which the job is then a part.
    """
    lock = str(connection_id)
    priority = _URGENT if urgent else 0
    with database.transaction():
        database.execute(_QUERIES["enter"])
        try:
            with database.transaction():
                _enqueuing.configure_task(
                    SYNC_TASK,
                    queue=SYNC_QUEUE,
                    lock=lock,
                    queueing_lock=lock,
                    priority=priority,
                    connection=database,
                ).defer(connection_id=lock)
        except AlreadyEnqueued:
            database.execute(_QUERIES["hurry"], {"queueing_lock": lock, "priority": priority})
            return False
    return True


def queue_length(database: psycopg.Connection) -> int:
    """How many jobs of connections wait."""
    [(length,)] = database.execute(_QUERIES["queue_length"]).fetchall()
    return int(length)


#: Never opened: it only writes through the connection it is given.
_enqueuing = engine_app("")
