"""Histories by chance through the whole hub: whatever happened, every table equals its portal.

As many as you like, or for hours: `make soak HOURS=2`.
"""

from __future__ import annotations

import sys

import pytest
from end_to_end.convergence.history import play
from end_to_end.convergence.report import line, story


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")
@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_whatever_happens_the_tables_come_to_hold_what_the_portals_hold(seed: int) -> None:
    outcome = play(seed)
    sys.stdout.write(f"{line([outcome])}\n")
    assert not outcome.differences, story(outcome)
    assert outcome.counts["values compared"] > outcome.counts["rows compared"] > 300
