"""Plays histories: `PYTHONPATH=tests python -m tap.model SEED [COUNT] [--log]`."""

from __future__ import annotations

import argparse
import logging
import sys

from tap.model.history import play
from tap.model.summary import total


def main() -> int:
    """Play, print what was counted and found, and return whether all was well."""
    parser = argparse.ArgumentParser(prog="python -m tap.model", description=__doc__)
    parser.add_argument("seed", type=int, help="the first seed")
    parser.add_argument("count", type=int, nargs="?", default=1, help="how many seeds")
    parser.add_argument("--log", action="store_true", help="print all that happened")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    counts, failed = [], []
    for seed in range(options.seed, options.seed + options.count):
        outcome = play(seed)
        counts.append(outcome.counts)
        if options.log:
            sys.stdout.writelines(f"{line}\n" for line in outcome.log)
        if outcome.differences:
            failed.append(seed)
            sys.stdout.write(f"seed {seed}:\n")
            sys.stdout.writelines(f"  {line}\n" for line in outcome.differences[:10])
    sys.stdout.write(f"{total(counts)}\nfailed seeds: {failed}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
