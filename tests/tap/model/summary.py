"""What the histories of a test run counted, for its last lines."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pytest

#: Under this name a test reports what a history counted.
COUNTS = "history counts"
#: In the order of the line.
_SHOWN = (
    "histories",
    "operations",
    "syncs",
    "kills",
    "faults",
    "silences",
    "lapses",
    "refusals",
    "halvings",
    "wrong searches",
    "shortfalls",
    "requests",
    "records",
    "rows compared",
    "differences",
)


def total(counts: Iterable[Mapping[str, int]]) -> str:
    """Return the sums of what histories counted, as words."""
    sums: Counter[str] = Counter()
    for each in counts:
        sums.update(each)
    return ", ".join(f"{sums[name]:,} {name}" for name in _SHOWN)


def write_counts(reporter: pytest.TerminalReporter) -> None:
    """Write what the histories of this test run counted, if it played any."""
    counts = [
        value
        for reports in reporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, value in getattr(report, "user_properties", ())
        if name == COUNTS
    ]
    if counts:
        reporter.section("histories of the tap")
        reporter.line(total(counts))
