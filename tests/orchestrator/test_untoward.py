"""What may happen at any moment: two resets at once, a pause during a run, a clock set back."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

import psycopg
import pytest
from orchestrator.claims import LIMITS, claimed, row_of

from crmhub.connections import reset_connection
from crmhub.engine.poll import enqueue_due
from crmhub.engine.queue import queue_length, request_sync
from crmhub.engine.rescue import rescue_lost_runs
from crmhub.engine.wall_clock import clock_set_back
from crmhub.engine.worker import WorkerPlan, run_worker
from crmhub.sync.runs import Unclaimed, claim_run, find_run, list_runs, record_success

if TYPE_CHECKING:
    from databases import TestDatabase


def test_two_resets_at_once_are_one(
    orchestrator: psycopg.Connection, database: TestDatabase
) -> None:
    _, connection_id = database.add_connection()
    first = claimed(orchestrator, connection_id)
    assert record_success(orchestrator, first, records={}, wait_seconds=3600)
    running = claimed(orchestrator, connection_id)
    both = threading.Barrier(2)

    def reset() -> None:
        with psycopg.connect(database.url_as("crmhub_orchestrator"), autocommit=True) as session:
            both.wait()
            reset_connection(session, connection_id)

    threads = [threading.Thread(target=reset) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    row = row_of(database, connection_id)
    assert (row["last_sync_at"], row["lease_token"], row["waits"]) == (None, None, False)
    # The run in flight can end with nothing but that it was taken away, and one full pass follows.
    assert not record_success(orchestrator, running, records={}, wait_seconds=3600)
    assert find_run(orchestrator, running.run.id).error_class == "lease_lost"
    assert enqueue_due(orchestrator) == [connection_id]
    assert enqueue_due(orchestrator) == []
    [pending] = [run for run in list_runs(orchestrator) if run.status == "pending"]
    assert pending.trigger == "reset"
    assert row_of(database, connection_id)["consecutive_failures"] == 0


def test_a_connection_that_is_paused_during_a_run_stays_so_after_it(
    orchestrator: psycopg.Connection, database: TestDatabase
) -> None:
    _, connection_id = database.add_connection()
    claim = claimed(orchestrator, connection_id)
    database.rows("update crmhub.source_connections set status = 'paused'")
    assert record_success(orchestrator, claim, records={"contacts": 1}, wait_seconds=0)
    assert row_of(database, connection_id)["status"] == "paused"
    assert find_run(orchestrator, claim.run.id).status == "succeeded"
    assert enqueue_due(orchestrator) == []


def test_a_run_whose_connection_was_deleted_ends_without_a_word(
    orchestrator: psycopg.Connection, database: TestDatabase
) -> None:
    _, connection_id = database.add_connection()
    claim = claimed(orchestrator, connection_id)
    database.rows("delete from crmhub.source_connections")
    assert not record_success(orchestrator, claim, records={}, wait_seconds=0)
    assert claim_run(orchestrator, connection_id, limits=LIMITS) is Unclaimed.GONE
    assert rescue_lost_runs(orchestrator) == []
    assert list_runs(orchestrator) == []


def test_what_a_clock_ahead_wrote_holds_nobody_up_who_asks(
    orchestrator: psycopg.Connection, database: TestDatabase
) -> None:
    """The database's clock was set back by an hour: all its rows are of the future."""
    _, connection_id = database.add_connection()
    before = claimed(orchestrator, connection_id)
    assert record_success(orchestrator, before, records={}, wait_seconds=60)
    database.rows(
        "update crmhub.source_connections set last_sync_at = last_sync_at + interval '1 hour', "
        "next_sync_at = next_sync_at + interval '1 hour'"
    )
    database.rows(
        "update crmhub.sync_runs set requested_at = requested_at + interval '1 hour', "
        "started_at = started_at + interval '1 hour', finished_at = finished_at + interval '1 hour'"
    )
    run = request_sync(orchestrator, connection_id, trigger="manual")
    assert queue_length(orchestrator) == 1
    claim = claim_run(orchestrator, connection_id, limits=LIMITS)
    assert not isinstance(claim, Unclaimed)
    assert claim.run.id == run.id
    assert record_success(orchestrator, claim, records={}, wait_seconds=0)
    # From now on the connection goes by the clock as it is.
    assert enqueue_due(orchestrator) == [connection_id]


def test_a_clock_that_was_set_back_is_noticed_and_one_that_is_slow_is_not() -> None:
    began = time.monotonic()
    behind = 0.0

    def clock() -> float:
        # A clock that loses a tenth of a second in each.
        return 1_000_000 + 0.9 * (time.monotonic() - began) - behind

    async def noticed() -> float | None:
        nonlocal behind
        watching = asyncio.create_task(clock_set_back(clock, look_seconds=0.01))
        done, _ = await asyncio.wait({watching}, timeout=0.2)
        assert not done
        behind = 3600.0
        return await asyncio.wait_for(watching, 30)

    seconds = asyncio.run(noticed())
    assert seconds is not None
    assert round(seconds) == 3600


def test_a_worker_that_meets_a_fault_of_ours_ends_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever watches over it starts it again, and can read why."""

    def fail(_url: str) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("crmhub.engine.worker.engine_app", fail)
    plan = WorkerPlan(url="postgresql://nowhere", concurrency=1, drain_seconds=0)
    with pytest.raises(RuntimeError, match="a fault of ours"):
        asyncio.run(run_worker(plan, lambda _connection_id, _control: None))
