"""The Status Center's benchmark runs from end to end at reduced counts."""

from __future__ import annotations

import pytest
from benchmarks.quick_run import quick_run


@pytest.mark.long
def test_the_status_centers_benchmark_measures_pages_and_streams(
    python_environment: dict[str, str],
) -> None:
    pages, streams = quick_run("benchmarks.status_center", python_environment).rows
    assert [row[1] for row in pages] == ["0"] * 3 + ["40"] * 3
    costs = {row[0]: row[1:] for row in streams}
    assert costs["streams told of a change"][1:] == ["40", "40"]
    before, with_streams, _ = costs["database connections"]
    # One of each login, and one more for whoever came meanwhile.
    assert int(with_streams) - int(before) <= 2
    before, with_streams, _ = costs["memory, MiB"]
    assert int(with_streams) - int(before) < 100
