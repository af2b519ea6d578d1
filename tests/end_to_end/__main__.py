"""Play the fleet at any size: `python -m end_to_end --connections 200 --orgs 40 --kills 30`."""

from __future__ import annotations

import argparse
import signal
import sys
import time

from end_to_end.fleet import fleet
from end_to_end.fleet_report import FleetPlan


def main() -> int:
    """Play, and print what happened; the exit status is 1 if anything was amiss."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--orgs", type=int, default=40)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--concurrency", type=int, default=4)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--restarts", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    plan = FleetPlan(**vars(parser.parse_args()))
    # Ended from outside, it takes its workers, its server and its folders along.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    began = time.monotonic()

    def say(line: str) -> None:
        sys.stderr.write(f"{time.monotonic() - began:5.0f} s  {line}\n")

    say(f"connecting {plan.connections} portals")
    with fleet(plan) as living:
        report = living.play(say)
    sys.stdout.write(f"{report.table(plan)}\n\n{report.line()}\n")
    return int(not report.is_clean)


if __name__ == "__main__":
    sys.exit(main())
