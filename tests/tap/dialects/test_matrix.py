"""Every dialect in every pass: equal, kept, or ended by its class with nothing lost.

The quick run plays one pass of each dialect, the long one all of them.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from tap.dialects.cases import PASSES, Case, PassName
from tap.dialects.matrix import CASES
from tap.dialects.play import Cell, is_right, play

if TYPE_CHECKING:
    from collections.abc import Iterator

_QUICK = [
    pytest.param(case, PASSES[number % len(PASSES)], id=case.name)
    for number, case in enumerate(CASES)
]
_LOGGERS = ("HubSpotConnector", "singer_sdk")
_LONGEST_LINE = 1_500


@pytest.fixture(autouse=True)
def _silent_logs() -> Iterator[None]:
    """Hundreds of runs write no log; the tap's warnings are counted."""
    for name in _LOGGERS:
        logging.getLogger(name).propagate = False
    yield
    for name in _LOGGERS:
        logging.getLogger(name).propagate = True


def _check(case: Case, pass_name: PassName) -> Cell:
    cell = play(case, pass_name)
    assert is_right(case, pass_name, cell), (
        f"{pass_name}: {cell.verdict} instead of {' or '.join(case.may_become(pass_name))}: "
        f"{cell.message}, {cell.differences[:5]}, not recovered {cell.unrecovered[:5]}"
    )
    for line in (cell.message, *cell.warnings):
        assert len(line) < _LONGEST_LINE
        assert "<script>" not in line
    return cell


@pytest.mark.parametrize(("case", "pass_name"), _QUICK)
def test_a_dialect_costs_no_row_and_no_association(case: Case, pass_name: PassName) -> None:
    _check(case, pass_name)


@pytest.mark.long
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_dialect_costs_no_row_and_no_association_in_any_pass(case: Case) -> None:
    cells = {pass_name: _check(case, pass_name) for pass_name in PASSES}
    # A case that changes no answer would show nothing.
    is_met = any(cells[name].played for name in ("full", "incremental"))
    assert is_met == (case.name != "documented")
