"""A fleet under fire comes to equal its portals; at full size: `make soak`."""

from __future__ import annotations

import pytest
from end_to_end.fleet import fleet
from end_to_end.fleet_report import FleetPlan


@pytest.mark.long
def test_a_fleet_whose_workers_are_killed_and_whose_database_restarts_loses_nothing() -> None:
    plan = FleetPlan(connections=20, orgs=5, workers=2, concurrency=2, kills=5, restarts=1, seed=1)
    with fleet(plan) as living:
        report = living.play(lambda _: None)
    assert report.compared == 20
    assert report.is_clean, report.line()
    assert report.runs["succeeded"] >= 20
