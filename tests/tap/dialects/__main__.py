"""Runs the tap against the dialects: `cd tests && python -m tap.dialects [WORD] [--pass NAME]`."""

from __future__ import annotations

import argparse
import logging
import sys
from typing import TYPE_CHECKING

from tap.dialects.cases import PASSES, Case, PassName
from tap.dialects.matrix import CASES
from tap.dialects.play import Cell, is_right, play

if TYPE_CHECKING:
    from collections.abc import Sequence

_LEGEND = """\
Each cell: what came of the pass, `!` where it must not; how many requests it took; how many
warnings it logged. `equal`: the consumer holds what the portal holds. `kept`: it does, but for what
HubSpot refuses, which is as it was. A class of error: the run ended by it and nothing was lost.
After each cell HubSpot answers as documented again, and one full pass makes all equal.
"""


def main() -> int:
    """Print the matrix as a Markdown table and return whether every cell is as it must be."""
    parser = argparse.ArgumentParser(prog="python -m tap.dialects", description=__doc__)
    parser.add_argument("word", nargs="?", default="", help="only dialects whose name holds this")
    parser.add_argument("--pass", dest="passes", choices=PASSES, action="append")
    parser.add_argument("--why", action="store_true", help="print what differs and was said")
    options = parser.parse_args()
    passes: Sequence[PassName] = options.passes or PASSES
    # Their warnings are counted, not printed.
    logging.getLogger("HubSpotConnector").propagate = False
    logging.getLogger("singer_sdk").propagate = False
    sys.stdout.write(f"| Dialect | {' | '.join(passes)} |\n|---{'|---' * len(passes)}|\n")
    wrong = 0
    for case in CASES:
        if options.word not in case.name:
            continue
        cells = {name: play(case, name) for name in passes}
        shown = [_show(case, name, cell) for name, cell in cells.items()]
        wrong += sum("!" in text for text in shown)
        sys.stdout.write(f"| {case.name} | {' | '.join(shown)} |\n")
        if options.why:
            for name, cell in cells.items():
                _explain(name, cell)
        sys.stdout.flush()
    sys.stdout.write(f"\n{_LEGEND}\n{wrong} cells are not as they must be\n")
    return 1 if wrong else 0


def _show(case: Case, name: PassName, cell: Cell) -> str:
    mark = "" if is_right(case, name, cell) else "!"
    warnings = f", {len(cell.warnings)} w" if cell.warnings else ""
    lasting = f", {len(cell.unrecovered)} stay" if cell.unrecovered else ""
    return f"{mark}{cell.verdict}, {cell.requests}{warnings}{lasting}"


def _explain(name: PassName, cell: Cell) -> None:
    sys.stdout.write(f"  {name}: played {dict(cell.played)} {cell.message}\n")
    for what in ("warnings", "differences", "unrecovered"):
        sys.stdout.writelines(f"    {what}: {line[:200]}\n" for line in getattr(cell, what)[:5])


if __name__ == "__main__":
    sys.exit(main())
