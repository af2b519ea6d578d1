"""The benchmarks of the database run from end to end at reduced counts."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


def tables(module: str, environment: dict[str, str]) -> list[list[list[str]]]:
    """The cells of each table that a benchmark prints."""
    result = subprocess.run(
        [sys.executable, "-m", module, "--quick"],
        capture_output=True,
        text=True,
        check=False,
        env={**environment, "PYTHONPATH": str(TESTS)},
        timeout=240,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    found = []
    for part in result.stdout.split("### ")[1:]:
        _, *rows = (line for line in part.splitlines() if line.startswith("| "))
        found.append([re.split(r"\s*\|\s*", row)[1:-1] for row in rows])
    return found


@pytest.mark.long
def test_the_readers_benchmark_prints_every_query_and_index(
    python_environment: dict[str, str],
) -> None:
    queries, costs = tables("benchmarks.readers", python_environment)
    assert len(queries) == 13
    assert all(int(row[2].replace(",", "")) > 0 for row in queries)
    whole = {row[0]: float(row[5]) for row in costs if row[2] == "nothing"}
    assert set(whole) == {"crm_contacts", "crm_deals", "crm_deal_contacts"}
    # A load writes less without an index.
    assert all(float(row[5]) < whole[row[0]] for row in costs if row[2] != "nothing")


@pytest.mark.long
def test_the_polls_benchmark_asks_for_a_queues_worth_of_runs(
    python_environment: dict[str, str],
) -> None:
    polls = [poll for [poll] in tables("benchmarks.poll", python_environment)]
    assert [[poll[2], poll[4]] for poll in polls] == [["100", "none"]] * 2
