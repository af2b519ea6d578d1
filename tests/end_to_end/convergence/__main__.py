"""Plays histories: `python -m end_to_end.convergence --histories 50`, or `--hours 2`."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import time
from itertools import count, islice, takewhile
from typing import TYPE_CHECKING

from end_to_end.convergence.report import line, story, table
from end_to_end.convergence.side_by_side import played

if TYPE_CHECKING:
    from collections.abc import Iterator

    from end_to_end.convergence.history import Outcome

_HOUR = 3600.0


def main() -> int:
    """Play, say how it goes, and print what came of it; the exit status is 1 for a difference."""
    parser = argparse.ArgumentParser(prog="make soak HOURS=…", description=__doc__)
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--histories", type=int, help="so many")
    length.add_argument("--hours", type=float, help="as many as begin within this time")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time")
    parser.add_argument("--log", action="store_true", help="print all that happened")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    began = time.monotonic()
    seeds: Iterator[int] = count(options.first)
    if options.histories is not None:
        seeds = islice(seeds, options.histories)
    else:
        until = began + options.hours * _HOUR
        seeds = takewhile(lambda _: time.monotonic() < until, seeds)
    outcomes: list[Outcome] = []
    with contextlib.closing(played(seeds, jobs=options.jobs)) as playing:
        for outcome in playing:
            outcomes.append(outcome)
            seconds = time.monotonic() - began
            sys.stderr.write(f"{seconds:6.0f} s  seed {outcome.seed}; {line(outcomes)}\n")
            if outcome.differences or options.log:
                sys.stderr.write(f"{story(outcome)}\n")
    sys.stdout.write(f"{table(outcomes)}\n\n{line(outcomes)}\n")
    return int(any(outcome.differences for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
