"""The web process's two logins: one for control, one to read an organisation's rows."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from psycopg_pool import ConnectionPool, PoolTimeout, TooManyRequests

from crmhub.database import translating_errors, watched
from crmhub.errors import DatabaseUnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    import psycopg

    from crmhub.settings import WebUrls

#: After so long the pool asks anew only when somebody needs a connection: it comes back at once.
_RECONNECT_SECONDS: Final = 2.0
_MOST: Final = 10
_CONNECT_SECONDS: Final = 3
#: A statement of a page that takes longer is a fault, milliseconds.
_STATEMENT_MILLISECONDS: Final = 30_000


class Databases:
    """A pool for each of the two roles, open between `open` and `close`."""

    def __init__(self, urls: WebUrls, *, wait_seconds: float) -> None:
        """Connect to nothing yet; `wait_seconds` is how long one waits for a connection."""
        self._orchestrator = _pool(urls.orchestrator, "orchestrator", wait_seconds)
        self._reader = _pool(urls.reader, "reader", wait_seconds)

    def open(self) -> None:
        """Begin to connect; a database that is away is waited for by who needs it."""
        self._orchestrator.open()
        self._reader.open()

    def close(self) -> None:
        """End every connection."""
        self._orchestrator.close()
        self._reader.close()

    @contextlib.contextmanager
    def orchestrator(self) -> Iterator[psycopg.Connection]:
        """Role crmhub_orchestrator, each statement a transaction unless one is begun.

        Raises DatabaseUnreachableError, DatabaseNotPreparedError.
        """
        with _connection(self._orchestrator) as connection:
            yield connection

    @contextlib.contextmanager
    def reader(self, org_id: UUID) -> Iterator[psycopg.Connection]:
        """Role crmhub_reader for one organisation, in one transaction.

        Raises DatabaseUnreachableError, DatabaseNotPreparedError.
        """
        with _connection(self._reader) as connection, connection.transaction():
            connection.execute("select set_config('crmhub.org_id', %s, true)", [str(org_id)])
            yield connection


def _pool(url: str, name: str, wait_seconds: float) -> ConnectionPool:
    return ConnectionPool(
        watched(url),
        name=name,
        kwargs={
            "autocommit": True,
            "connect_timeout": _CONNECT_SECONDS,
            "application_name": f"crmhub web {name}",
            "options": f"-c statement_timeout={_STATEMENT_MILLISECONDS}",
        },
        min_size=1,
        max_size=_MOST,
        open=False,
        timeout=wait_seconds,
        reconnect_timeout=_RECONNECT_SECONDS,
        check=ConnectionPool.check_connection,
    )


@contextlib.contextmanager
def _connection(pool: ConnectionPool) -> Iterator[psycopg.Connection]:
    with translating_errors(f"the {pool.name}"):
        try:
            with pool.connection() as connection:
                yield connection
        except (PoolTimeout, TooManyRequests):
            raise DatabaseUnreachableError(
                f"no connection of the {pool.name} is free: check that PostgreSQL runs, try again"
            ) from None
