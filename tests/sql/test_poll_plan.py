"""The poll looks at what is due, and at nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from sql.fleet_rows import Fleet, polled, remember_all_as_due

if TYPE_CHECKING:
    from databases import TestDatabase

FLEET = Fleet(connections=20_000, orgs=2_000, due=200)
LIMIT = 100


def assert_looks_at_what_is_due(database: TestDatabase) -> None:
    with psycopg.connect(database.url_as("crmhub_orchestrator")) as connection:
        plan = polled(connection, limit=LIMIT)
    assert plan.sequential_scans() == set(), plan.lines()
    indexes = {name for name, _ in plan.index_conditions()}
    assert "source_connections_due" in indexes, plan.lines()
    # Of what is due a twentieth is running and a tenth is pending: rows that were found in vain.
    assert plan.rows_in_vain() <= FLEET.due / 5, plan.lines()
    assert plan.rows_inserted() == LIMIT, plan.lines()


def test_a_poll_costs_what_is_due_and_not_what_there_is(database: TestDatabase) -> None:
    FLEET.fill(database.url)
    assert_looks_at_what_is_due(database)


def test_a_poll_does_not_rely_on_statistics_of_the_hour(database: TestDatabase) -> None:
    """A fleet moves faster than its statistics: at their time all may have been due."""
    FLEET.fill(database.url)
    remember_all_as_due(database.url)
    assert_looks_at_what_is_due(database)
