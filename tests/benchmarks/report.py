"""What the benchmarks measured: read from their tables, kept as JSON, shown as Markdown."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
import subprocess
from dataclasses import asdict, dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.figures import FIGURES
from benchmarks.markdown import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

#: The part → what it is about, in the report's order.
PARTS: Final = {
    "tap": "The tap against HubSpot's limits",
    "target": "The target beside its peers and PostgreSQL alone",
    "sync_cost": "A sync that finds nothing",
    "sync_now": "From Sync Now to running",
    "poll": "The poll",
    "keys_in_use": "Key rotation while syncs run",
    "readers": "The readers' queries",
    "status_center": "The Status Center",
}
JSON_PATH: Final = Path(__file__).with_name("REPORT.json")
MARKDOWN_PATH: Final = Path(__file__).with_name("REPORT.md")
#: What the benchmarks measure.
_MEASURED: Final = ("tap-hubspot-crm", "target-crmhub-postgres", "orchestrator", "sql")
_DISTRIBUTIONS: Final = ("singer-sdk", "meltano", "msgspec", "psycopg", "requests", "fastapi")


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table that a benchmark printed."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    def markdown(self) -> str:
        """The table as it was printed."""
        return table(self.title, self.head, self.rows)


@dataclass(frozen=True, kw_only=True)
class Part:
    """What one benchmark said, and where and when."""

    measured_on: str
    #: Of the code, as git names it.
    revision: str
    #: What it ran on; the machine's load when it began shows what else went on.
    machine: Mapping[str, str]
    tables: Sequence[Table] = field(default_factory=list)


def read_tables(text: str) -> list[Table]:
    """Return the tables in a benchmark's output."""
    found = []
    for part in text.split("### ")[1:]:
        title, _, *lines = part.splitlines()
        cells = [
            re.split(r"\s*\|\s*", line)[1:-1]
            for line in takewhile(lambda line: line.startswith("|"), lines)
        ]
        if cells:
            found.append(Table(title=title, head=cells[0], rows=cells[2:]))
    return found


def this_machine() -> dict[str, str]:
    """Return what a measurement depends on: processor, memory, versions and load."""
    cpu = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = {name: importlib.metadata.version(name) for name in _DISTRIBUTIONS}
    return {
        "processor": f"{os.cpu_count()} cores, {cpu.group(1) if cpu else platform.machine()}",
        "memory": f"{memory:.0f} GiB",
        "load at the start": f"{os.getloadavg()[0]:.1f}",
        "Python": platform.python_version(),
        **versions,
    }


def revision() -> str:
    """Return the commit that last changed what is measured; with a plus if it changed since."""
    changed = _git("status", "--porcelain", "--", *_MEASURED)
    return _git("log", "-1", "--format=%h", "--", *_MEASURED) + ("+" if changed else "")


def _git(*arguments: str) -> str:
    told = subprocess.run(
        ["git", *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    return told.stdout.strip()


def read_report(path: Path = JSON_PATH) -> dict[str, Part]:
    """Return the parts of a report; none where there is none yet."""
    if not path.exists():
        return {}
    return {name: _part(told) for name, told in json.loads(path.read_text("utf-8")).items()}


def _part(told: Mapping[str, Any]) -> Part:
    return Part(**{**told, "tables": [Table(**each) for each in told["tables"]]})


def write_report(parts: Mapping[str, Part], directory: Path | None = None) -> None:
    """Write both files, beside this one by default."""
    folder = directory or JSON_PATH.parent
    told = {name: asdict(parts[name]) for name in PARTS if name in parts}
    (folder / JSON_PATH.name).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    (folder / MARKDOWN_PATH.name).write_text(markdown(parts), encoding="utf-8")


def markdown(parts: Mapping[str, Part]) -> str:
    """Return the report for reading."""
    sections = [
        "# Benchmarks",
        "",
        "Written by `make bench`, or part by part: `make bench ARGS='--only tap'`. Ratios compare",
        "what was measured in the same run; times and rates are of a machine that others use too.",
        "",
        figures_table(parts),
        *_chart(parts),
    ]
    for name, about in PARTS.items():
        if name in parts:
            part = parts[name]
            machine = ", ".join(f"{what} {value}" for what, value in part.machine.items())
            sections += [
                f"## {about}",
                "",
                f"`python -m benchmarks.{name}`, {part.measured_on}, code {part.revision}:",
                f"{machine}.",
                "",
                *(each.markdown() for each in part.tables),
            ]
    return "\n".join(sections)


def figures_table(parts: Mapping[str, Part]) -> str:
    """Return the table of what matters, with its bars."""
    rows = []
    for figure in FIGURES:
        if figure.part in parts:
            value = figure.value(parts[figure.part])
            verdict = "" if not figure.bar() else "yes" if figure.holds(value) else "**no**"
            rows.append([figure.name, f"{value:,g}", figure.bar(), verdict])
    return table("What matters", ["figure", "measured", "bar", "reached"], rows)


def _chart(parts: Mapping[str, Part]) -> Iterable[str]:
    """Yield a picture of how fast each loader is, where that was measured."""
    if "target" not in parts:
        return
    rates = {
        row[0]: int(row[3].replace(",", ""))
        for each in parts["target"].tables
        if each.title.startswith("Loading 200,000")
        for row in each.rows
        if row[1] == "first load"
    }
    names = ", ".join(f'"{name}"' for name in rates)
    yield from (
        "```mermaid",
        "xychart-beta horizontal",
        '    title "First load, records a second"',
        f"    x-axis [{names}]",
        '    y-axis "records a second"',
        f"    bar [{', '.join(map(str, rates.values()))}]",
        "```",
        "",
    )
