"""Random histories: whatever happened, a replaying consumer ends with what the portal holds.

Fifty in the quick run, five hundred in the long one. How many there were, how often the tap failed
or was killed, and how many rows were compared is said at the end.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from tap.model.history import play
from tap.model.summary import COUNTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CHUNK = 10
_LAST_LINES = 40


@pytest.fixture(autouse=True)
def _silent_logs() -> Iterator[None]:
    """Thousands of runs write no log; a history has one of its own."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def _play_chunk(first: int, record_property: Callable[[str, object], None]) -> None:
    reports = []
    for seed in range(first, first + _CHUNK):
        outcome = play(seed)
        record_property(COUNTS, dict(outcome.counts))
        if outcome.differences:
            reports += [
                f"seed {seed} (PYTHONPATH=tests python -m tap.model {seed} --log):",
                *outcome.differences[:10],
                "its last operations:",
                *list(outcome.log)[-_LAST_LINES:],
            ]
    assert not reports, "\n".join(reports)


@pytest.mark.parametrize("first", range(0, 50, _CHUNK))
def test_after_any_history_the_consumer_holds_what_the_portal_holds(
    first: int, record_property: Callable[[str, object], None]
) -> None:
    _play_chunk(first, record_property)


@pytest.mark.long
@pytest.mark.parametrize("first", range(0, 500, _CHUNK))
def test_after_five_hundred_histories_the_consumer_holds_what_the_portal_holds(
    first: int, record_property: Callable[[str, object], None]
) -> None:
    _play_chunk(first, record_property)
