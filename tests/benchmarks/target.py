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
from typing import TYPE_CHECKING, Final, Protocol

from benchmarks.markdown import table
from benchmarks.reading import say
from benchmarks.target_growth import growth, unchanged_wal
from benchmarks.target_input import LoadInput
from benchmarks.target_loaders import Alone, Ours, Peer, meltanolabs, pipelinewise
from benchmarks.target_server import bench_server

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
    #: Rows of a load whose time is compared, and rows that are there already, few and many.
    step: int
    few: int
    many: int


FULL: Final = TargetScale(contacts=200_000, deals=50_000, step=100_000, few=100_000, many=5_000_000)
QUICK: Final = TargetScale(contacts=1_500, deals=500, step=1_000, few=1_000, many=5_000)


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
        yield growth(server, directory, step=scale.step, sizes=(scale.few, scale.many))


def all_loads(server: BenchServer, directory: Path, scale: TargetScale) -> dict[str, list[Load]]:
    """Return loader → its loads: the first, with 10 % changed, and with nothing changed."""
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
    loads: dict[str, list[Load]] = {}
    for name, opened in _loaders(server, directory):
        with opened as loader:
            loads[name] = []
            for path in paths:
                say(f"{name}: {path.stem}")
                loads[name].append(loader.load(path, inputs[0].records))
    for path in paths:
        path.unlink()
    return loads


def _loaders(
    server: BenchServer, directory: Path
) -> Iterator[tuple[str, contextlib.AbstractContextManager[Loader]]]:
    yield OURS, _own(server, Ours)
    yield ALONE, _own(server, Alone)
    for name, requirement in ((BEST, _MELTANOLABS), ("pipelinewise, defaults", _PIPELINEWISE)):
        yield name, _peer(server, directory, name, requirement)
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


def loads_table(loads: dict[str, list[Load]], scale: TargetScale) -> str:
    """Return what every load cost."""
    rows = [
        [
            name, phase, f"{load.seconds:.1f}", f"{load.rate:,.0f}", f"{load.client_cpu:.1f}",
            f"{load.server_cpu:.1f}", f"{load.peak_mib:.0f}" if load.peak_mib else "-",
            f"{load.wal / 1e6:,.1f}",
        ]
        for name, each in loads.items()
        for phase, load in zip(("first load", "10 % changed", "unchanged"), each, strict=True)
    ]  # fmt: skip
    return table(
        f"Loading {scale.contacts:,} contacts and {scale.deals:,} deals, 27 properties filled",
        ["loader", "load", "seconds", "rec/s", "client CPU s", "server CPU s", "peak MiB",
         "WAL MB"],
        rows,
    )  # fmt: skip


def comparison_table(loads: dict[str, list[Load]]) -> str:
    """Return how this target compares, by the clock and by all CPU seconds spent."""
    first, _, unchanged = loads[OURS]
    rows = [
        [f"first load, times {name}", f"at least {bar}", _ratio(first, loads[name][0]),
         _cpu_ratio(first, loads[name][0])]
        for name, bar in ((DEFAULTS, "15"), (BEST, "3"), (ALONE, "0.60"))
    ]  # fmt: skip
    rows.append(["unchanged, times the first load", "at least 1", _ratio(unchanged, first),
                 _cpu_ratio(unchanged, first)])  # fmt: skip
    rows.append(["peak MiB", "at most 100", f"{max(load.peak_mib for load in loads[OURS]):.0f}",
                 "-"])  # fmt: skip
    return table("This target and the others", ["what", "bar", "by the clock", "by CPU"], rows)


def _ratio(ours: Load, other: Load) -> str:
    return f"{ours.rate / other.rate:.2f}"


def _cpu_ratio(ours: Load, other: Load) -> str:
    return f"{(other.client_cpu + other.server_cpu) / (ours.client_cpu + ours.server_cpu):.2f}"


if __name__ == "__main__":
    main()
