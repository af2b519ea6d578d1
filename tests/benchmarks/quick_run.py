"""A benchmark run from end to end at reduced counts, for the tests of the benchmarks."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.report import read_tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.report import Table

_TESTS = Path(__file__).parents[1]
#: None of them takes so long, seconds; one that hangs fails instead.
_PATIENCE = 280


@dataclass(frozen=True, kw_only=True)
class QuickRun:
    """What a benchmark printed."""

    tables: Sequence[Table]
    #: How far it was, on stderr.
    progress: str

    @property
    def rows(self) -> list[Sequence[Sequence[str]]]:
        """The rows of each table."""
        return [table.rows for table in self.tables]


def quick_run(module: str, environment: Mapping[str, str], *options: str) -> QuickRun:
    """Run a benchmark with `--quick`, which must succeed."""
    result = subprocess.run(
        [sys.executable, "-m", module, "--quick", *options],
        capture_output=True,
        text=True,
        check=False,
        env={**environment, "PYTHONPATH": str(_TESTS)},
        timeout=_PATIENCE,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    return QuickRun(tables=read_tables(result.stdout), progress=result.stderr)
