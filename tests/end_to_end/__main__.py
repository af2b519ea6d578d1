"""Play the fleet at any size: `python -m end_to_end --connections 200 --orgs 40 --kills 30`."""

from __future__ import annotations

import argparse
import sys

from end_to_end.fleet import FleetPlan, FleetReport, fleet


def main() -> int:
    """Play, and print what happened as a table; the exit status is 1 if anything was amiss."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--orgs", type=int, default=40)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--concurrency", type=int, default=4)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--restarts", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    plan = FleetPlan(**vars(parser.parse_args()))
    with fleet(plan) as living:
        report = living.play(_say)
    sys.stdout.write(_table(plan, report))
    return int(bool(report.overlaps or report.orphans or report.left_over))


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _table(plan: FleetPlan, report: FleetReport) -> str:
    rows = {
        "connections, of organisations": f"{plan.connections}, {plan.orgs}",
        "workers, runs of each at once": f"{plan.workers}, {plan.concurrency}",
        "workers killed": report.kills,
        "restarts of the database": report.restarts,
        "changes in the portals meanwhile": report.edits,
        "seconds": f"{report.seconds:.0f}",
        **{f"runs that ended {how}": count for how, count in sorted(report.runs.items())},
        "connections compared with their portal, all equal": report.compared,
        "runs of one connection at the same time": report.overlaps,
        "processes left": report.orphans,
        "folders of runs left": report.left_over,
    }
    return "\n".join(["| what | |", "|---|---|", *(f"| {k} | {v} |" for k, v in rows.items()), ""])


if __name__ == "__main__":
    sys.exit(main())
