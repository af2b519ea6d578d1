"""How soon a sync begins that was asked for: `python -m benchmarks.sync_now`, tests/ on the path.

Idle workers and thousands of connections that are not due. Asks for one run after the other, as
`crmhub sync` does, and prints as Markdown how long each took from asking to `running`, by the
database's clock. `--quick` asks less often.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

import psycopg
from benchmarks.markdown import table
from benchmarks.reading import say
from benchmarks.synced_fleet import synced_fleet
from end_to_end.workers import running_worker

from crmhub.database import connect
from crmhub.engine.queue import request_sync
from crmhub.sync.runs import find_run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from benchmarks.synced_fleet import SyncedFleet

    from crmhub.sync.runs import Run

_FUTURE: Final = 10_000
_WORKERS: Final = 2
_CONNECTIONS: Final = 5
#: Nothing here takes so long, seconds.
_PATIENCE: Final = 120.0
_ADD_FUTURE: Final = (
    "insert into crmhub.source_connections (org_id, next_sync_at) "
    "select gen_random_uuid(), now() + '1 day'::interval * random() + '1 hour'::interval "
    "from generate_series(1, %s)"
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.sync_now", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="everything, at reduced counts")
    parser.add_argument("--requests", type=int, help="how often to ask; 300 by default")
    chosen = parser.parse_args(arguments)
    requests = chosen.requests or (20 if chosen.quick else 300)
    with synced_fleet(_CONNECTIONS) as fleet, ExitStack() as workers:
        with psycopg.connect(fleet.admin_url) as database:
            database.execute(_ADD_FUTURE, [_FUTURE])
        for _ in range(_WORKERS):
            workers.enter_context(running_worker(fleet.environment(), "--concurrency=4"))
        say("sync_now: the first syncs")
        for connection_id in fleet.connections:
            _ended(fleet, _asked(fleet, connection_id))
        say(f"sync_now: asking {requests} times")
        waits = [_wait(fleet, fleet.connections[n % _CONNECTIONS]) for n in range(requests)]
    print(_table(waits))  # noqa: T201 - the program's output


def _wait(fleet: SyncedFleet, connection_id: UUID) -> float:
    """Ask at any moment between two polls; seconds until the run was `running`."""
    time.sleep(random.uniform(0.0, 0.3))
    run = _ended(fleet, _asked(fleet, connection_id))
    if run.started_at is None or run.status != "succeeded":
        raise SystemExit(f"the run ended {run.status}, {run.error_class}: {run.error_message}")
    return (run.started_at - run.requested_at).total_seconds()


def _asked(fleet: SyncedFleet, connection_id: UUID) -> UUID:
    with connect(fleet.urls.orchestrator) as database:
        return request_sync(database, connection_id, trigger="manual").id


def _ended(fleet: SyncedFleet, run_id: UUID) -> Run:
    until = time.monotonic() + _PATIENCE
    with connect(fleet.urls.orchestrator) as database:
        while not (run := find_run(database, run_id)).has_ended:
            if time.monotonic() > until:
                raise SystemExit("a run that was asked for did not end")
            time.sleep(0.02)
    return run


def _table(waits: Sequence[float]) -> str:
    percentiles = statistics.quantiles(waits, n=100, method="inclusive")
    return table(
        f"Sync Now with {_WORKERS} idle workers and {_FUTURE:,} connections that are not due",
        ["asked", "p50 ms", "p90 ms", "p99 ms", "most ms"],
        [
            [
                len(waits),
                *(f"{percentiles[p - 1] * 1000:.0f}" for p in (50, 90, 99)),
                f"{max(waits) * 1000:.0f}",
            ]
        ],
    )


if __name__ == "__main__":
    main()
