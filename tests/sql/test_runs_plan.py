"""The newest runs are listed without looking at the others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from sql.plans import carried_out

import crmhub.sync.runs
from crmhub.queries import read_queries

if TYPE_CHECKING:
    from databases import TestDatabase

QUERIES = read_queries(Path(crmhub.sync.runs.__file__).with_suffix(".sql"))
#: A few connections with a long history each.
HISTORY = (
    "with made as (insert into crmhub.source_connections (org_id) "
    "select gen_random_uuid() from generate_series(1, 20) returning id, org_id) "
    "insert into crmhub.sync_runs "
    "(connection_id, org_id, trigger, status, requested_at, finished_at) "
    "select id, org_id, 'schedule', 'succeeded', now() - n * interval '1 hour', now() "
    "from made, generate_series(1, 500) as n"
)


@pytest.mark.parametrize(
    ("query", "index"),
    [("list_runs", "sync_runs_newest"), ("list_runs_of_connection", "sync_runs_history")],
)
def test_the_newest_runs_are_found_by_an_index(
    database: TestDatabase, query: str, index: str
) -> None:
    database.rows(HISTORY)
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("vacuum analyze crmhub.sync_runs, crmhub.source_connections")
    [row] = database.rows("select id from crmhub.source_connections limit 1")
    with psycopg.connect(database.url_as("crmhub_orchestrator")) as connection:
        plan = carried_out(connection, QUERIES[query], {"connection_id": row["id"], "limit": 20})
    assert index in {name for name, _ in plan.index_conditions()}, plan.lines()
    assert "sync_runs" not in plan.sequential_scans(), plan.lines()
    assert plan.rows_in_vain() <= 20, plan.lines()
    assert plan.rows_answered() == 20
