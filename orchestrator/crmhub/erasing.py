"""Erase the canonical rows of disconnected connections, in transactions of a bounded size."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from crmhub.queries import read_queries

if TYPE_CHECKING:
    from uuid import UUID

    import psycopg

_QUERIES = read_queries(Path(__file__).with_name("erasing.sql"))

#: Rows of one transaction.
PORTION: Final = 5_000
#: What one round of a worker erases at most; the next one goes on.
_PORTIONS_OF_A_ROUND: Final = 20
#: Whoever asked erases by itself; after so long it has stopped.
_FORGOTTEN_SECONDS: Final = 60


def erase_rows(
    database: psycopg.Connection,
    org_id: UUID,
    connection_id: UUID,
    *,
    portions: int | None = None,
    portion: int = PORTION,
) -> int:
    """Erase the rows of a connection that was disconnected so; returns how many.

    Stopped anywhere, it goes on when called again. A connection that is connected again keeps
    what is left; its full pass brings back the rest.

    Args:
        database: Role crmhub_orchestrator, each statement a transaction.
        org_id: Whose connection it is.
        connection_id: The connection.
        portions: Stop after so many transactions; None: at the end.
        portion: Rows of one transaction.
    """
    erased = done = 0
    while portions is None or done < portions:
        row = database.execute(
            _QUERIES["erase"], {"org_id": org_id, "connection_id": connection_id, "rows": portion}
        ).fetchone()
        if row is None or not row[0]:
            break
        erased += int(row[0])
        done += 1
    return erased


def erase_forgotten(database: psycopg.Connection) -> int:
    """Go on with what whoever asked for it has left; returns how many rows are erased."""
    rows = database.execute(_QUERIES["forgotten"], {"age_seconds": _FORGOTTEN_SECONDS}).fetchall()
    return sum(
        erase_rows(database, org_id, connection_id, portions=_PORTIONS_OF_A_ROUND)
        for org_id, connection_id in rows
    )
