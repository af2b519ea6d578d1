"""Sync one connection: lease, run, outcome, in `sync_runs` and `source_connections`."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from crmhub.connections import find_connection
from crmhub.database import connect
from crmhub.queries import read_queries
from crmhub.sync.environment import connection_environment
from crmhub.sync.lease import LEASE_SECONDS, release_lease, renew_lease, take_lease
from crmhub.sync.meltano_run import RunOutcome, run_meltano

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg

    from crmhub.settings import DatabaseUrls
    from crmhub.sync.meltano_log import MeltanoLog

_QUERIES = read_queries(Path(__file__).with_name("sync.sql"))

#: HUBSPOT_SYNC_INTERVAL_MS where nobody says otherwise.
DEFAULT_INTERVAL_MS = 3_600_000
#: A run that takes longer is ended, seconds. A million contacts take 17 minutes (facts: speed).
RUN_SECONDS = 6 * 3600.0


def sync_connection(
    connection_id: UUID,
    *,
    urls: DatabaseUrls,
    salt: str,
    access_token: str,
    api_url: str | None = None,
    trigger: str = "manual",
    on_line: Callable[[MeltanoLog, str], None] = lambda _log, _line: None,
) -> RunOutcome:
    """Bring one connection up to date; the outcome is recorded before it is returned.

    Raises LeaseTakenError, UnknownConnectionError, and what `connect` raises.
    """
    run_id = uuid4()
    with connect(urls.orchestrator) as database:
        connection = find_connection(database, connection_id)
        token = take_lease(database, connection_id)
        try:
            database.execute(
                _QUERIES["start_run"],
                {
                    "run_id": run_id,
                    "connection_id": connection_id,
                    "org_id": connection.org_id,
                    "trigger": trigger,
                },
            )
            with _kept_lease(urls.orchestrator, connection_id, token):
                outcome = run_meltano(
                    run_id=run_id,
                    connection_id=connection_id,
                    variables=connection_environment(
                        connection, urls=urls, salt=salt, lease_token=token, api_url=api_url
                    ),
                    access_token=access_token,
                    timeout_seconds=RUN_SECONDS,
                    on_line=on_line,
                )
            _record(database, run_id, connection_id, token, outcome)
        finally:
            release_lease(database, connection_id, token)
    return outcome


def _record(
    database: psycopg.Connection,
    run_id: UUID,
    connection_id: UUID,
    lease_token: UUID,
    outcome: RunOutcome,
) -> None:
    """Write how the run ended, on the run and on its connection, in one transaction."""
    failure = outcome.failure
    cancelled = failure is not None and failure.error_class == "lease_lost"
    with database.transaction():
        database.execute(
            _QUERIES["finish_run"],
            {
                "run_id": run_id,
                "status": "cancelled" if cancelled else "failed" if failure else "succeeded",
                "records": Jsonb(outcome.records),
                "error_class": failure.error_class if failure else None,
                "error_message": failure.message if failure else None,
            },
        )
        if failure is None:
            database.execute(
                _QUERIES["connection_succeeded"],
                {
                    "connection_id": connection_id,
                    "run_id": run_id,
                    "token": lease_token,
                    "interval_ms": DEFAULT_INTERVAL_MS,
                },
            )
        elif not cancelled:
            database.execute(
                _QUERIES["connection_failed"],
                {
                    "connection_id": connection_id,
                    "token": lease_token,
                    "error_class": failure.error_class,
                    "error_message": failure.message,
                },
            )


@contextlib.contextmanager
def _kept_lease(url: str, connection_id: UUID, token: UUID) -> Iterator[None]:
    """Renew the lease in the background. A lost one needs no word: every write is fenced."""
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(LEASE_SECONDS / 4):
            with contextlib.suppress(Exception), connect(url) as database:
                if not renew_lease(database, connection_id, token):
                    return

    thread = threading.Thread(target=renew, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
