"""Every benchmark into one report: `python -m benchmarks`, with tests/ on the path.

Runs the parts one after another, each in a process of its own, writes REPORT.json and REPORT.md
beside this file after each of them, and ends with the figures that matter. The exit status is 1
where a ratio is much worse than in the report before. `--quick` writes nothing.
"""

from __future__ import annotations

import argparse
import datetime as dt
import subprocess
import sys
from typing import TYPE_CHECKING

from benchmarks.figures import lost
from benchmarks.report import (
    PARTS,
    Part,
    figures_table,
    read_report,
    read_tables,
    revision,
    this_machine,
    write_report,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, report, and return the exit status."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="everything, at reduced counts")
    parser.add_argument(
        "--only", action="append", choices=list(PARTS), help="this part; may be given repeatedly"
    )
    options = parser.parse_args(arguments)
    before = read_report()
    parts = dict(before)
    for name in options.only or PARTS:
        part = _measured(name, quick=options.quick)
        if not options.quick:
            parts[name] = part
            write_report(parts)
    if options.quick:
        return 0
    sys.stdout.write(f"\n{figures_table(parts)}\n")
    worse = lost(before, parts)
    for line in worse:
        sys.stderr.write(f"much worse than before: {line}\n")
    return int(bool(worse))


def _measured(name: str, *, quick: bool) -> Part:
    """Run one part, its output shown as it comes, and return what it said."""
    machine, code = this_machine(), revision()
    command = [sys.executable, "-m", f"benchmarks.{name}", *(["--quick"] if quick else [])]
    said = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            said.append(line)
    if process.returncode:
        raise SystemExit(f"benchmarks.{name} failed with exit status {process.returncode}")
    return Part(
        measured_on=f"{dt.datetime.now(dt.UTC):%Y-%m-%d}",
        revision=code,
        machine=machine,
        tables=read_tables("".join(said)),
    )


if __name__ == "__main__":
    sys.exit(main())
