"""The poll's benchmark: `python -m benchmarks.poll`, with tests/ on the path.

Prints what a poll takes that finds a thousand due connections among a million, and its plan; then
the same with statistics of a time when all were due. `--quick` does it at reduced counts.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import psycopg
from benchmarks.markdown import table
from benchmarks.reading import say
from benchmarks.server_cpu import server_cpu_seconds
from sql.fleet_rows import Fleet, polled, remember_all_as_due

from crmhub.embedded_postgres import embedded_postgres
from crmhub.engine.poll import QUEUE_AHEAD
from crmhub.migrate import migrate
from crmhub.roles import create_logins

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_REPEATS = 50
_SERVER = {"shared_buffers": "512MB", "autovacuum": "off", "max_wal_size": "8GB"}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its table and the plan."""
    parser = argparse.ArgumentParser(prog="benchmarks.poll", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="everything, at reduced counts")
    quick = parser.parse_args(arguments).quick
    fleet = (
        Fleet(connections=20_000, orgs=2_000, due=200)
        if quick
        else Fleet(connections=1_000_000, orgs=50_000, due=1_000)
    )
    for each in measure(fleet):
        print(each, flush=True)  # noqa: T201 - the program's output


def measure(fleet: Fleet) -> Iterator[str]:
    """Yield the table of polls and the plan, with statistics of now and then with old ones."""
    with embedded_postgres(settings=_SERVER) as server:
        migrate(server.url)
        orchestrator = create_logins(server.url)["crmhub_orchestrator"]
        say(f"poll: {fleet.connections:,} connections, {fleet.due:,} of them due")
        fleet.fill(server.url)
        yield _polls(orchestrator, f"{_counts(fleet)}, statistics of now")
        say("poll: statistics of a time when all were due")
        remember_all_as_due(server.url)
        yield _polls(orchestrator, f"{_counts(fleet)}, statistics of when all were due")


def _counts(fleet: Fleet) -> str:
    return f"{fleet.connections:,} connections of {fleet.orgs:,} organisations, {fleet.due:,} due"


def _polls(url: str, title: str) -> str:
    with psycopg.connect(url) as connection:
        polled(connection, limit=QUEUE_AHEAD)  # opens the tables' caches
        cpu = server_cpu_seconds(connection)
        plans = [polled(connection, limit=QUEUE_AHEAD) for _ in range(_REPEATS)]
        cpu = server_cpu_seconds(connection) - cpu
    best = min(plans, key=lambda plan: plan.milliseconds)
    row = [
        f"{cpu / _REPEATS * 1000:.1f}",
        f"{best.milliseconds:.1f}",
        f"{best.rows_inserted():,.0f}",
        f"{best.rows_in_vain():,.0f}",
        ", ".join(sorted(best.sequential_scans())) or "none",
    ]
    head = ["ms of CPU, mean", "ms, best", "runs asked for", "rows in vain", "tables scanned"]
    plan = "\n".join(["```", *best.lines(), "```", ""])
    return f"{table(f'A poll among {title}', head, [row])}\nIts plan, rows x loops:\n\n{plan}"


if __name__ == "__main__":
    main()
