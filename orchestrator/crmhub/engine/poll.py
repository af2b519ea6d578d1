"""Puts what is due into the queue, a little ahead of the workers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from crmhub.engine.queue import enqueue, queue_length
from crmhub.queries import read_queries

if TYPE_CHECKING:
    from uuid import UUID

    import psycopg

_QUERIES = read_queries(Path(__file__).with_name("poll.sql"))

#: Jobs that may wait. Few: whose turn it is, is decided when a run is asked for, and a queue in
#: which thousands wait would keep an order that is no longer fair.
QUEUE_AHEAD: Final = 100


def enqueue_due(database: psycopg.Connection, *, ahead: int = QUEUE_AHEAD) -> list[UUID]:
    """Ask for runs of connections that are due, each with its job, in one transaction.

    Returns:
        Their ids, at most as many as keep `ahead` jobs waiting.
    """
    with database.transaction():
        free = ahead - queue_length(database)
        if free <= 0:
            return []
        rows = database.execute(_QUERIES["request_due"], {"limit": free}).fetchall()
        for (connection_id,) in rows:
            enqueue(database, connection_id)
    return [connection_id for (connection_id,) in rows]
