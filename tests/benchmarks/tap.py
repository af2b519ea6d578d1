"""The tap's benchmarks: `python -m benchmarks.tap`, with tests/ on the path.

Prints its tables as Markdown; tells on stderr how far it is. `--quick` does everything once at
reduced counts.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.emission import measure_emission
from benchmarks.markdown import table
from benchmarks.reading import Reading, say
from benchmarks.sandbox_process import sandbox_process
from benchmarks.scale import FULL, QUICK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from benchmarks.scale import Scale

_WAYS = {
    "tap-bytes": "this tap",
    "tap": "this tap, with requests' own work",
    "sdk": "the SDK's default path, untyped",
}

_PARTS: dict[str, Callable[[Reading], str]] = {
    "full-pass": Reading.full_passes,
    "incremental": Reading.incremental,
    "quiet": Reading.quiet,
    "same-millisecond": Reading.same_millisecond,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmarks that were named, all by default, and print their tables."""
    parser = argparse.ArgumentParser(prog="benchmarks.tap", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="everything, at reduced counts")
    parser.add_argument(
        "--only",
        choices=["emission", "reading", *_PARTS],
        help="emission, everything that is read from the sandbox, or one table of that",
    )
    options = parser.parse_args(arguments)
    scale = QUICK if options.quick else FULL
    if options.only in {None, "emission"}:
        print(emission(scale), flush=True)  # noqa: T201 - the program's output
    if options.only != "emission":
        for each in reading(scale, _PARTS if options.only in {None, "reading"} else [options.only]):
            print(each, flush=True)  # noqa: T201 - the program's output


def emission(scale: Scale) -> str:
    """Return the table of emission without a network."""
    counts = [("tap-bytes", count) for count in scale.emission]
    middle = scale.emission[len(scale.emission) // 2]
    counts += [("tap", middle), ("sdk", scale.emission_sdk)]
    rows = []
    for way, count in counts:
        say(f"emission: {_WAYS[way]}, {count} records")
        best = min(
            (measure_emission(way, count) for _ in range(scale.repeats)),
            key=lambda emission: emission.cpu_seconds,
        )
        rates = (f"{best.core_rate:,.0f}", f"{best.rate:,.0f}")
        rows.append([_WAYS[way], f"{count:,}", *rates, f"{best.peak_mib:.0f}"])
    return table(
        "Emission: HubSpot's JSON in memory to Singer lines, 25 properties, one process, "
        f"best of {scale.repeats}",
        ["way", "records", "rec/s of one core", "rec/s by the clock", "peak MiB"],
        rows,
    )


def reading(scale: Scale, parts: Iterable[str]) -> Iterator[str]:
    """Yield tables of reading against the sandbox, in its own process."""
    with sandbox_process() as sandbox, tempfile.TemporaryDirectory() as directory:
        bench = Reading(sandbox, Path(directory), scale)
        for part in parts:
            yield _PARTS[part](bench)


if __name__ == "__main__":
    main()
