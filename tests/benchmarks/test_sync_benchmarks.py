"""The benchmarks of syncs run from end to end at reduced counts."""

from __future__ import annotations

import pytest
from benchmarks.quick_run import quick_run


@pytest.mark.long
def test_the_cost_of_a_sync_is_least_where_nothing_is_started(
    python_environment: dict[str, str],
) -> None:
    costs, capacity = quick_run("benchmarks.sync_cost", python_environment).rows
    started, forked, probed = (float(row[1]) for row in costs)
    assert probed < forked / 2 < started
    assert len(capacity) == 3


@pytest.mark.long
def test_the_wait_for_a_sync_that_was_asked_for_is_told(
    python_environment: dict[str, str],
) -> None:
    [[row]] = quick_run("benchmarks.sync_now", python_environment).rows
    asked, p50, _, p99, most = map(int, row)
    assert asked == 20
    assert 0 < p50 <= p99 <= most


@pytest.mark.long
def test_a_rotation_while_a_worker_syncs_leaves_nothing_and_fails_nothing(
    python_environment: dict[str, str],
) -> None:
    [[row]] = quick_run("benchmarks.keys_in_use", python_environment).rows
    # The connections that are synced have a secret each, too.
    assert row[0] == "2,006"
    assert row[5] == "0"
