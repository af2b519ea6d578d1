"""The benchmarks of the database run from end to end at reduced counts."""

from __future__ import annotations

import pytest
from benchmarks.quick_run import quick_run


@pytest.mark.long
def test_the_readers_benchmark_prints_every_query_and_index(
    python_environment: dict[str, str],
) -> None:
    queries, costs = quick_run("benchmarks.readers", python_environment).rows
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
    polls = [poll for [poll] in quick_run("benchmarks.poll", python_environment).rows]
    assert [[poll[2], poll[4]] for poll in polls] == [["100", "none"]] * 2
