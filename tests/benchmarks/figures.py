"""The figures that matter, picked out of the benchmarks' tables, with the bars they are held to."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.report import Part

#: How much worse a ratio may be than the one in the report before it counts as lost.
_TOLERATED: Final = 0.2


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Where a figure stands, and what it is to be."""

    name: str
    part: str
    #: What the title of its table begins with.
    title: str
    column: str
    #: Column → cell of the row it stands in; the first such row.
    row: Mapping[str, str] = field(default_factory=dict)
    least: float | None = None
    most: float | None = None
    #: Whether it compares two things of the same run, so that other machines give the same.
    is_ratio: bool = False

    def value(self, part: Part) -> float:
        """Return the figure; LookupError where the part's tables do not hold it."""
        for table in part.tables:
            if table.title.startswith(self.title) and self.column in table.head:
                for cells in table.rows:
                    named = dict(zip(table.head, cells, strict=True))
                    if all(named.get(column) == cell for column, cell in self.row.items()):
                        return number(named[self.column])
        raise LookupError(f"{self.part} has no figure {self.name!r}")

    def holds(self, value: float) -> bool:
        """Say whether a value is within the bar."""
        return (self.least is None or value >= self.least) and (
            self.most is None or value <= self.most
        )

    def bar(self) -> str:
        """The bar in words."""
        if self.least is not None:
            return f"at least {self.least:,g}"
        return "" if self.most is None else f"at most {self.most:,g}"

    def is_lost(self, before: float, after: float) -> bool:
        """Say whether a ratio is much worse than before: less where much is good, or more."""
        if not self.is_ratio:
            return False
        if self.most is not None:
            return after > before * (1 + _TOLERATED)
        return after < before * (1 - _TOLERATED)


def number(cell: str) -> float:
    """Return the first number of a cell: `1,017`, `94.7%`, `40 (default)`."""
    found = re.search(r"-?[\d,]*\.?\d+", cell)
    if found is None:
        raise LookupError(f"no number in {cell!r}")
    # What was rounded to nothing has no sign.
    return float(found.group().replace(",", "")) or 0.0


def lost(before: Mapping[str, Part], after: Mapping[str, Part]) -> list[str]:
    """Return a line for each ratio that is much worse than in an earlier report."""
    lines = []
    for figure in FIGURES:
        if figure.part in before and figure.part in after:
            was, now = figure.value(before[figure.part]), figure.value(after[figure.part])
            if figure.is_lost(was, now):
                lines.append(f"{figure.name}: {now:,g}, in the report {was:,g}")
    return lines


def _full_pass(calls: int) -> Sequence[Figure]:
    row = {"calls per 10 s": str(calls)}
    return (
        Figure(
            name=f"full pass at {calls} calls per 10 s, % of HubSpot's ceiling",
            part="tap", title="Full pass", column="share of the ceiling", row=row, least=95,
            is_ratio=True,
        ),
        Figure(
            name=f"full pass at {calls} calls per 10 s, % of answers that are 429",
            part="tap", title="Full pass", column="429s", row=row, most=0.5,
        ),
    )  # fmt: skip


def _loads(name: str, row: str, least: float) -> Figure:
    return Figure(
        name=name, part="target", title="This target and the others", column="by the clock",
        row={"what": row}, least=least, is_ratio=True,
    )  # fmt: skip


def _grown(contacts: str) -> Figure:
    return Figure(
        name=f"100,000 {contacts} contacts beside 5,000,000 rows, times the seconds beside 100,000",
        part="target", title="Loading", column="times, by the clock",
        row={"rows there": "5,000,000", "contacts": contacts}, most=1.3, is_ratio=True,
    )  # fmt: skip


FIGURES: Final[Sequence[Figure]] = (
    *_full_pass(110),
    *_full_pass(190),
    Figure(
        name="incremental pass, % of the 1,000 ids a second that searches allow",
        part="tap", title="Incremental pass", column="share of 1,000 ids/s", least=90,
        is_ratio=True,
    ),
    Figure(
        name="nothing changed, CPU seconds beside the SDK's import",
        part="tap", title="Runs without", column="CPU s beside the SDK",
        row={"run": "nothing changed"}, most=1,
    ),
    Figure(
        name="emission, records a second of one core",
        part="tap", title="Emission", column="rec/s of one core",
        row={"way": "this tap", "records": "100,000"}, least=60_000,
    ),
    Figure(
        name="emission of 1,000,000 records, peak MiB",
        part="tap", title="Emission", column="peak MiB",
        row={"way": "this tap", "records": "1,000,000"}, most=120,
    ),
    _loads("first load, times meltanolabs with defaults",
           "first load, times meltanolabs, defaults", 15),
    _loads("first load, times meltanolabs with its best settings",
           "first load, times meltanolabs, best settings", 3),
    _loads("first load, times PostgreSQL alone", "first load, times PostgreSQL alone", 0.6),
    _loads("unchanged rows, times the first load", "unchanged, times the first load", 1),
    Figure(
        name="loading, peak MiB", part="target", title="This target and the others",
        column="by the clock", row={"what": "peak MiB"}, most=100,
    ),
    _grown("new"),
    _grown("unchanged"),
    Figure(
        name="a sync that finds nothing, probed, CPU seconds",
        part="sync_cost", title="A sync that finds nothing", column="CPU s",
        row={"way": "probed, nothing started"},
    ),
    Figure(
        name="connections an hour that one core keeps fresh, probed first",
        part="sync_cost", title="Connections that one core", column="connections an hour",
        row={"way": "probed first, then forked if need be"},
    ),
    Figure(
        name="Sync Now to running, p99 ms", part="sync_now", title="Sync Now", column="p99 ms",
        most=1_000,
    ),
    Figure(
        name="a poll among 1,000,000 connections, ms of CPU",
        part="poll", title="A poll among", column="ms of CPU, mean", most=50,
    ),
    Figure(
        name="/integrations with 200 connections, p95 ms",
        part="status_center", title="Pages", column="ms, p95",
        row={"page": "/integrations, 200 connections", "open streams": "0"}, most=150,
    ),
    Figure(
        name="the pipeline over 1,000,000 deals, p95 ms",
        part="status_center", title="Pages", column="ms, p95",
        row={"page": "/integrations/pipeline, 1,000,000 deals", "open streams": "0"}, most=150,
    ),
)  # fmt: skip
