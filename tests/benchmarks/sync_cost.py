"""What a sync costs that finds nothing new: `python -m benchmarks.sync_cost`, tests/ on the path.

Three ways: Meltano started for it, forked from a process that has Meltano loaded, and HubSpot asked
first. Prints the CPU of all processes but PostgreSQL and the sandbox, and how many connections one
core keeps fresh, as Markdown. `--quick` takes fewer of each.
"""

from __future__ import annotations

import argparse
import logging
import os
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import structlog
from benchmarks.markdown import table
from benchmarks.reading import say
from benchmarks.synced_fleet import synced_fleet

from crmhub.connections import find_connection
from crmhub.database import connect
from crmhub.sync.control import RunControl
from crmhub.sync.environment import connection_environment
from crmhub.sync.launching import ColdLauncher, WarmLauncher
from crmhub.sync.lease import release_lease, take_lease
from crmhub.sync.meltano_run import RunOutcome, run_meltano
from crmhub.sync.runs import request_run
from crmhub.sync.sync import sync_pending
from crmhub.sync.token_file import TokenFile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from uuid import UUID

    from benchmarks.synced_fleet import SyncedFleet

    from crmhub.sync.launching import Launcher

#: Of the connections, how many have changed when their turn comes.
_CHANGED: Final = 0.05
_TICKS: Final = os.sysconf("SC_CLK_TCK")
#: Contacts and deals of the portal.
_PORTAL: Final = (500, 100)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one sync took, on average."""

    #: Of all processes that take part, seconds.
    cpu: float
    #: Of it, this process's own: what a worker does, seconds.
    own: float
    #: By the clock, the least of all, seconds.
    wall: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.sync_cost", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="everything, at reduced counts")
    quick = parser.parse_args(arguments).quick
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    contacts, deals = _PORTAL
    with synced_fleet(1, contacts=contacts, deals=deals) as fleet:
        print(measured(fleet, runs=2 if quick else 20))  # noqa: T201 - the program's output


def measured(fleet: SyncedFleet, *, runs: int) -> str:
    """Return both tables."""
    [connection_id] = fleet.connections
    cold, warm = ColdLauncher(), WarmLauncher()
    say("sync_cost: the first sync")
    _probed(fleet, connection_id, warm)
    costs = {}
    ways: list[tuple[str, Launcher]] = [
        ("`meltano run`, started", cold),
        ("`meltano run`, forked from a loaded process", warm),
    ]
    for name, launcher in ways:
        say(f"sync_cost: {name}")
        costs[name] = _cost(partial(_run, fleet, connection_id, launcher), runs, warm)
    say("sync_cost: probed")
    costs["probed, nothing started"] = _cost(
        partial(_probed, fleet, connection_id, warm), 5 * runs, warm
    )
    warm.close()
    return "\n".join([_table_of_costs(costs, runs), _table_of_capacity(costs)])


def _table_of_costs(costs: Mapping[str, Cost], runs: int) -> str:
    return table(
        f"A sync that finds nothing new, mean of {runs} and more",
        ["way", "CPU s", "of it the worker's", "wall s, least"],
        [[name, f"{c.cpu:.3f}", f"{c.own:.3f}", f"{c.wall:.2f}"] for name, c in costs.items()],
    )


def _table_of_capacity(costs: Mapping[str, Cost]) -> str:
    started, forked, probed = (cost.cpu for cost in costs.values())
    # Where something has changed, the probe was in vain and the run comes on top.
    rows = [
        ("every sync starts `meltano run`", started),
        ("every sync is forked", forked),
        ("probed first, then forked if need be", probed + _CHANGED * forked),
    ]
    return table(
        f"Connections that one core keeps fresh, {1 - _CHANGED:.0%} of them unchanged",
        ["way", "CPU s a connection", "connections an hour"],
        [[name, f"{cpu:.3f}", f"{3600 / cpu:,.0f}"] for name, cpu in rows],
    )


def _cost(sync: Callable[[], RunOutcome], runs: int, warm: WarmLauncher) -> Cost:
    sync()
    walls = []
    all_before, own_before = _family_cpu(warm), time.process_time()
    for _ in range(runs):
        began = time.monotonic()
        outcome = sync()
        walls.append(time.monotonic() - began)
        if outcome.failure is not None or outcome.records.get("contacts"):
            raise SystemExit(f"the sync was to find nothing: {outcome}")
    return Cost(
        cpu=(_family_cpu(warm) - all_before) / runs,
        own=(time.process_time() - own_before) / runs,
        wall=min(walls),
    )


def _run(fleet: SyncedFleet, connection_id: UUID, launcher: Launcher) -> RunOutcome:
    """Run Meltano, whether anything has changed or not."""
    plan = fleet.plan(launcher)
    with connect(fleet.urls.orchestrator) as database:
        connection = find_connection(database, connection_id)
        lease_token = take_lease(database, connection_id)
        outcome = run_meltano(
            run_id=uuid4(),
            connection_id=connection_id,
            variables=connection_environment(
                connection,
                urls=plan.urls,
                salt=plan.salt,
                lease_token=lease_token,
                api_url=plan.api_url,
            ),
            token=TokenFile(plan.tokens, connection_id),
            timeout_seconds=plan.run_seconds,
            control=RunControl(),
            launcher=launcher,
        )
        release_lease(database, connection_id, lease_token)
    return outcome


def _probed(fleet: SyncedFleet, connection_id: UUID, launcher: Launcher) -> RunOutcome:
    """Do all that a worker does for a run that somebody asked for."""
    with connect(fleet.urls.orchestrator) as database:
        request_run(database, connection_id, trigger="manual")
    outcome = sync_pending(connection_id, fleet.plan(launcher), RunControl())
    if not isinstance(outcome, RunOutcome):
        raise SystemExit(f"no run began: {outcome}")
    return outcome


def _family_cpu(warm: WarmLauncher) -> float:
    """CPU seconds so far of this process, its ended children, and the one that forks runs."""
    so_far = sum(os.times()[:4])
    if warm._process is None:
        return so_far
    stat = Path(f"/proc/{warm._process.pid}/stat").read_text()
    return so_far + sum(map(int, stat.rpartition(")")[2].split()[11:15])) / _TICKS


if __name__ == "__main__":
    main()
