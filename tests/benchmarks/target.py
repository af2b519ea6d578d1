"""The target's benchmarks: `python -m benchmarks.target`, with tests/ on the path.

Prints its tables as Markdown; tells on stderr how far it is. `--quick` does everything once at
reduced counts. The peers are installed from the package index into .cache/peers.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from benchmarks.markdown import table
from benchmarks.reading import say
from benchmarks.target_growth import growth, unchanged_wal
from benchmarks.target_input import LoadInput
from benchmarks.target_loaders import Alone, Ours, Peer, meltanolabs, pipelinewise
from benchmarks.target_server import SETTINGS, bench_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.target_server import BenchServer, Load

OURS: Final = "this target"
ALONE: Final = "PostgreSQL alone"
_MELTANOLABS: Final = "meltanolabs-target-postgres==0.8.1"
_PIPELINEWISE: Final = "pipelinewise-target-postgres==2.1.2"
DEFAULTS: Final = "meltanolabs, defaults"
BEST: Final = "meltanolabs, best settings"


@dataclass(frozen=True, kw_only=True)
class TargetScale:
    """The counts of one run."""

    contacts: int
    deals: int
    #: How often what is compared closely is measured, in turns.
    rounds: int
    #: Rows of a load whose time is compared, and rows that are there already, few and many.
    step: int
    few: int
    many: int


FULL: Final = TargetScale(
    contacts=200_000, deals=50_000, rounds=3, step=100_000, few=100_000, many=5_000_000
)
QUICK: Final = TargetScale(contacts=1_500, deals=500, rounds=2, step=1_000, few=1_000, many=5_000)


#: What a round loads, in this order.
_PHASES: Final = ("first load", "10 % changed", "unchanged")
#: The loads of one round: each of `_PHASES`.
Round: TypeAlias = "tuple[Load, ...]"


class Loader(Protocol):
    """Whoever loads files."""

    def load(self, path: Path, records: int) -> Load:
        """Load a file of so many records."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmarks that were named, all by default, and print their tables."""
    parser = argparse.ArgumentParser(prog="benchmarks.target", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="everything, at reduced counts")
    parser.add_argument("--only", choices=["loads", "growth"], help="one half of it")
    options = parser.parse_args(arguments)
    scale = QUICK if options.quick else FULL
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        directory = Path(name)
        # The server's own account goes through it.
        directory.chmod(0o711)
        with bench_server(directory / "server") as server:
            for each in tables(server, directory, scale, options.only):
                print(each, flush=True)  # noqa: T201 - the program's output


def tables(
    server: BenchServer, directory: Path, scale: TargetScale, only: str | None
) -> Iterator[str]:
    """Yield the tables."""
    if only != "growth":
        loads = all_loads(server, directory, scale)
        yield loads_table(loads, scale)
        yield comparison_table(loads)
    if only != "loads":
        yield unchanged_wal(server, directory, scale.step)
        yield growth(
            server,
            directory,
            step=scale.step,
            sizes=(scale.few, scale.many),
            rounds=scale.rounds,
        )


def all_loads(server: BenchServer, directory: Path, scale: TargetScale) -> dict[str, list[Round]]:
    """Return loader → its rounds: one for those that are far behind, several for the others."""
    sizes = {"contacts": scale.contacts, "deals": scale.deals}
    inputs = (
        LoadInput(**sizes),
        LoadInput(**sizes, changed=0.1, read_after=3_600),
        LoadInput(**sizes, changed=0.1, read_after=7_200),
    )
    paths = [directory / f"{name}.singer" for name in ("first", "changed", "unchanged")]
    for each, path in zip(inputs, paths, strict=True):
        say(f"writing {path.name}: {each.records} records")
        each.write(path)
    loads: dict[str, list[Round]] = {}
    for name, opened in _loaders(server, directory, scale.rounds):
        with opened as loader:
            found = []
            for path in paths:
                say(f"{name}: {path.stem}")
                found.append(loader.load(path, inputs[0].records))
            loads.setdefault(name, []).append(tuple(found))
    for path in paths:
        path.unlink()
    return loads


def _loaders(
    server: BenchServer, directory: Path, rounds: int
) -> Iterator[tuple[str, contextlib.AbstractContextManager[Loader]]]:
    # In turns: what else the machine does meets all of them.
    for _ in range(rounds):
        yield OURS, _own(server, Ours)
        yield ALONE, _own(server, Alone)
        yield BEST, _peer(server, directory, BEST, _MELTANOLABS)
    name = "pipelinewise, defaults"
    yield name, _peer(server, directory, name, _PIPELINEWISE)
    yield DEFAULTS, _peer(server, directory, DEFAULTS, _MELTANOLABS)


@contextlib.contextmanager
def _own(server: BenchServer, kind: type[Ours | Alone]) -> Iterator[Loader]:
    with server.hub() as (database, org_id, connection_id):
        yield kind(server=server, database=database, org_id=org_id, connection_id=connection_id)


@contextlib.contextmanager
def _peer(server: BenchServer, directory: Path, name: str, requirement: str) -> Iterator[Loader]:
    with server.empty() as database:
        url = database.url
        settings = (
            pipelinewise(url)
            if requirement == _PIPELINEWISE
            else meltanolabs(url, best=name == BEST)
        )
        yield Peer(
            server=server,
            database=database,
            requirement=requirement,
            settings=settings,
            directory=directory,
        )


def loads_table(loads: dict[str, list[Round]], scale: TargetScale) -> str:
    """Return what every load cost: of several, the one with the median time."""
    rows = [
        [
            name, phase, f"{load.seconds:.1f}", f"{load.rate:,.0f}", f"{load.client_cpu:.1f}",
            f"{load.server_cpu:.1f}", f"{load.peak_mib:.0f}" if load.peak_mib else "-",
            f"{load.wal / 1e6:,.1f}", ", ".join(f"{each.seconds:.1f}" for each in of_phase),
        ]
        for name, rounds in loads.items()
        for phase, of_phase in zip(_PHASES, zip(*rounds, strict=True), strict=True)
        for load in [_median(of_phase)]
    ]  # fmt: skip
    return table(
        f"Loading {scale.contacts:,} contacts and {scale.deals:,} deals, 27 properties filled; "
        f"PostgreSQL with {', '.join(f'{name} {value}' for name, value in SETTINGS.items())}",
        ["loader", "load", "seconds", "rec/s", "client CPU s", "server CPU s", "peak MiB",
         "WAL MB", "seconds of each round"],
        rows,
    )  # fmt: skip


def comparison_table(loads: dict[str, list[Round]]) -> str:
    """Return how this target compares, by the clock and by all CPU seconds spent: the medians."""
    medians = {
        name: [_median(of_phase) for of_phase in zip(*rounds, strict=True)]
        for name, rounds in loads.items()
    }
    first, _, unchanged = medians[OURS]
    rows = [
        [f"first load, times {name}", f"at least {bar}", _ratio(first, medians[name][0]),
         _cpu_ratio(first, medians[name][0])]
        for name, bar in ((DEFAULTS, "15"), (BEST, "3"), (ALONE, "0.60"))
    ]  # fmt: skip
    rows.append(["unchanged, times the first load", "at least 1", _ratio(unchanged, first),
                 _cpu_ratio(unchanged, first)])  # fmt: skip
    peak = max(load.peak_mib for each in loads[OURS] for load in each)
    rows.append(["peak MiB", "at most 100", f"{peak:.0f}", "-"])
    return table("This target and the others", ["what", "bar", "by the clock", "by CPU"], rows)


def _median(loads: Sequence[Load]) -> Load:
    """Return the load whose time is the median; the quicker one of two in the middle."""
    return sorted(loads, key=lambda load: load.seconds)[(len(loads) - 1) // 2]


def _ratio(ours: Load, other: Load) -> str:
    return f"{ours.rate / other.rate:.2f}"


def _cpu_ratio(ours: Load, other: Load) -> str:
    return f"{(other.client_cpu + other.server_cpu) / (ours.client_cpu + ours.server_cpu):.2f}"


if __name__ == "__main__":
    main()
