"""The benchmarks of the target run from end to end at reduced counts, on the input they say."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from benchmarks.quick_run import quick_run
from benchmarks.target_input import LoadInput

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def quick(environment: dict[str, str], *options: str) -> list[Sequence[Sequence[str]]]:
    """Run the quick benchmarks; return the rows of each table."""
    # The peers come from the package index, which is where this machine's settings say.
    return quick_run("benchmarks.target", {**os.environ, **environment}, *options).rows


@pytest.mark.long
def test_the_quick_benchmarks_of_growth_print_every_row(
    python_environment: dict[str, str],
) -> None:
    written, growth = quick(python_environment, "--only", "growth")
    assert [row[0] for row in written] == [
        "first load",
        "unchanged",
        "unchanged, noted as seen by a full pass",
    ]
    assert [row[:2] for row in growth] == [
        ["1,000", "new, right after a checkpoint"],
        ["1,000", "new"],
        ["1,000", "unchanged"],
        ["5,000", "new, right after a checkpoint"],
        ["5,000", "new"],
        ["5,000", "unchanged"],
    ]
    assert all(float(cell) > 0 for row in growth for cell in row[2:6])
    assert all(len(row[7].split(", ")) == 2 for row in growth)


@pytest.mark.long
def test_the_quick_benchmarks_of_loads_name_every_loader(
    python_environment: dict[str, str],
) -> None:
    loads, comparison = quick(python_environment, "--only", "loads")
    assert [row[0] for row in loads[::3]] == [
        "this target",
        "PostgreSQL alone",
        "meltanolabs, best settings",
        "pipelinewise, defaults",
        "meltanolabs, defaults",
    ]
    assert len(loads) == 15
    assert len(comparison) == 5


def records(path: Path, **options: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - as LoadInput's
    LoadInput(**options).write(path)
    messages = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [message for message in messages if message["type"] == "RECORD"]


def test_an_input_has_the_changes_that_it_says(tmp_path: Path) -> None:
    path = tmp_path / "input.singer"
    first = records(path, contacts=100, deals=20)
    changed = records(path, contacts=100, deals=20, changed=0.1, read_after=60, version=7)
    assert len(first) == len(changed) == 120
    both = list(zip(first, changed, strict=True))
    assert sum(one["record"] != other["record"] for one, other in both) == 12
    assert all(one["record"]["id"] == other["record"]["id"] for one, other in both)
    assert all(one["time_extracted"] < other["time_extracted"] for one, other in both)
    assert {message["version"] for message in changed} == {7}
    assert sum(value is not None for value in first[0]["record"].values()) == 31
