"""The poll's benchmark: `python -m benchmarks.poll`, with tests/ on the path.

Prints how long a poll takes that finds a thousand due connections among a million, and its plan;
then the same with statistics of a time when all were due. `--quick` does it at reduced counts.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from benchmarks.markdown import table
from benchmarks.reading import say
from sql.fleet_rows import Fleet, polled, remember_all_as_due

from crmhub.embedded_postgres import embedded_postgres
from crmhub.engine.poll import QUEUE_AHEAD
from crmhub.migrate import migrate
from crmhub.roles import create_logins

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sql.plans import Plan

_REPEATS = 5
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
    """Yield the table of polls with good and with old statistics, then the plan of the first."""
    with embedded_postgres(settings=_SERVER) as server:
        migrate(server.url)
        orchestrator = create_logins(server.url)["crmhub_orchestrator"]
        say(f"poll: {fleet.connections:,} connections, {fleet.due:,} of them due")
        fleet.fill(server.url)
        fresh = _best(orchestrator)
        remember_all_as_due(server.url)
        old = _best(orchestrator)
    yield table(
        f"A poll among {fleet.connections:,} connections of {fleet.orgs:,} organisations, "
        f"{fleet.due:,} due, and as many runs; best of {_REPEATS}",
        ["statistics", "ms", "runs asked for", "rows in vain", "tables scanned"],
        [_row("of now", fresh), _row("of when all were due", old)],
    )
    yield "\n".join(["Its plan, rows x loops:", "", "```", *fresh.lines(), "```", ""])


def _best(url: str) -> Plan:
    plans = [polled(url, limit=QUEUE_AHEAD) for _ in range(_REPEATS)]
    return min(plans, key=lambda plan: plan.milliseconds)


def _row(statistics: str, plan: Plan) -> list[str]:
    return [
        statistics,
        f"{plan.milliseconds:.1f}",
        f"{plan.rows_inserted():,.0f}",
        f"{plan.rows_in_vain():,.0f}",
        ", ".join(sorted(plan.sequential_scans())) or "none",
    ]


if __name__ == "__main__":
    main()
