"""A key that is changed while syncs run: `python -m benchmarks.keys_in_use`, tests/ on the path.

Seals secrets with an old key in a PostgreSQL of its own, has a worker sync some of their
connections again and again, and lets `crmhub keys rotate` seal all of them anew meanwhile. Prints
what became of both as Markdown; ends with status 1 if a sync failed or a secret was left.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg
from benchmarks.keys import SECRETS, fill
from benchmarks.markdown import table
from benchmarks.reading import say
from benchmarks.synced_fleet import synced_fleet
from end_to_end.workers import running_worker, wait_until

from crmhub.database import connect
from crmhub.engine.queue import request_sync
from crmhub.vault.keyring import generate_key, read_keyring
from crmhub.vault.store import rows_by_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.synced_fleet import SyncedFleet

_CONNECTIONS: Final = 6
_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)
#: Between two wishes for a sync, seconds.
_PAUSE: Final = 0.05
#: Every other connection has Meltano run each time; the others' portals are asked only.
_ALWAYS_RUN: Final = (
    """update crmhub.source_connections set config = '{"archived_interval_minutes": 0}' """
    "where id = any(%s)"
)
_ENDED: Final = (
    "select status, count(*), count(*) filter (where records <> '{}') "
    "from crmhub.sync_runs where requested_at >= %s group by status"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill, sync and rotate, print; 1 if anything failed."""
    parser = argparse.ArgumentParser(prog="benchmarks.keys_in_use", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2,000 secrets")
    parser.add_argument("--secrets", type=int, help="how many; 100,000 by default")
    chosen = parser.parse_args(arguments)
    secrets = chosen.secrets or (2_000 if chosen.quick else SECRETS)
    # The server waits for the disk, as where it matters.
    with synced_fleet(_CONNECTIONS, durable=True) as fleet:
        say(f"keys_in_use: sealing {secrets:,} secrets")
        fill(fleet.urls.orchestrator, secrets, read_keyring(fleet.key))
        key = generate_key().reveal()
        environment = {**fleet.environment(), "SECRETS_ENCRYPTION_KEY": f"{key},{fleet.key}"}
        with running_worker(environment, "--concurrency=2"):
            say("keys_in_use: the first syncs")
            began = _first_syncs(fleet)
            say("keys_in_use: rotating")
            rotation = _rotated(fleet, environment)
            wait_until(lambda: not _runs(fleet, began)["open"], "the last syncs have ended")
            runs = _runs(fleet, began)
        with connect(fleet.urls.orchestrator) as database:
            under = rows_by_key(database)
    print(_table(rotation, runs))  # noqa: T201 - the program's output
    is_whole = under == {rotation["key"]: secrets + _CONNECTIONS}
    return int(not is_whole or bool(runs["failed"]) or not runs["succeeded"])


def _first_syncs(fleet: SyncedFleet) -> datetime:
    """Wait for one sync of each connection; returns the database's time after them."""
    with psycopg.connect(fleet.admin_url) as database:
        wait_until(
            lambda: _runs(fleet, _LONG_AGO)["succeeded"] == _CONNECTIONS,
            "every connection has run",
        )
        database.execute(_ALWAYS_RUN, [list(fleet.connections[::2])])
        now: datetime = database.execute("select clock_timestamp()").fetchall()[0][0]
    return now


def _rotated(fleet: SyncedFleet, environment: Mapping[str, str]) -> dict[str, Any]:
    """Rotate with the command while syncs are asked for; returns what it says."""
    turns = cycle(fleet.connections)
    with subprocess.Popen(
        [str(Path(sys.executable).with_name("crmhub")), "keys", "rotate", "--json"],
        env=dict(environment),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        while process.poll() is None:
            with connect(fleet.urls.orchestrator) as database:
                request_sync(database, next(turns), trigger="manual")
            time.sleep(_PAUSE)
        assert process.stdout is not None
        rotation: dict[str, Any] = json.load(process.stdout)
        return rotation


def _runs(fleet: SyncedFleet, since: datetime) -> Counter[str]:
    """How the runs ended that were asked for since then, and how many moved anything."""
    found: Counter[str] = Counter()
    with psycopg.connect(fleet.admin_url) as database:
        for status, runs, moving in database.execute(_ENDED, [since]):
            name = "open" if status in {"pending", "running"} else status
            found[name if name in {"open", "succeeded"} else "failed"] += runs
            found["meltano"] += moving
    return found


def _table(rotation: Mapping[str, Any], runs: Mapping[str, int]) -> str:
    return table(
        "Rotation of stored secrets while a worker syncs, batches of 500, fsync on",
        ["secrets", "seconds", "secrets/s", "syncs meanwhile", "of them by Meltano", "failed"],
        [
            [
                f"{rotation['resealed']:,}",
                f"{rotation['seconds']:.1f}",
                f"{rotation['per_second']:,.0f}",
                runs["succeeded"],
                runs["meltano"],
                runs["failed"],
            ]
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
