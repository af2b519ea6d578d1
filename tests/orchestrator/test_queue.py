"""Which runs are asked for and reach a worker, whatever becomes of jobs and workers."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg
from orchestrator.claims import LIMITS, claimed, let_lease_expire, row_of

from crmhub.engine.poll import enqueue_due
from crmhub.engine.queue import enqueue, queue_length, request_sync
from crmhub.engine.rescue import (
    enqueue_forgotten_runs,
    enqueue_next_of_portal,
    rescue_lost_runs,
)
from crmhub.sync.runs import (
    Claim,
    ClaimLimits,
    Unclaimed,
    claim_run,
    find_run,
    list_runs,
    prune_runs,
    record_success,
    request_run,
)

if TYPE_CHECKING:
    from databases import TestDatabase

MOMENT = datetime(2026, 11, 22, 10, tzinfo=UTC)


def test_a_second_request_returns_the_run_that_is_pending(
    orchestrator: psycopg.Connection, database: TestDatabase
) -> None:
    _, connection_id = database.add_connection()
    first = request_sync(orchestrator, connection_id, trigger="schedule")
    second = request_sync(orchestrator, connection_id, trigger="manual")
    assert second.id == first.id
    assert second.trigger == "manual"
    assert queue_length(orchestrator) == 1
    [job] = database.rows("select priority from procrastinate.procrastinate_jobs")
    assert job["priority"] > 0


def test_two_requests_at_once_make_one_run_and_one_job(database: TestDatabase) -> None:
    _, connection_id = database.add_connection()
    ids: list[uuid.UUID] = []

    def ask() -> None:
        with psycopg.connect(database.url_as("crmhub_orchestrator"), autocommit=True) as session:
            ids.append(request_sync(session, connection_id, trigger="manual").id)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 6
    assert len(set(ids)) == 1
    assert len(database.rows("select id from procrastinate.procrastinate_jobs")) == 1


def test_two_connections_of_one_portal_take_turns(
    orchestrator: psycopg.Connection, database: TestDatabase
) -> None:
    ids = [database.add_connection()[1] for _ in range(2)]
    database.rows("update crmhub.source_connections set external_account_id = '77'")
    first = claimed(orchestrator, ids[0])
    request_run(orchestrator, ids[1], trigger="manual")
    assert claim_run(orchestrator, ids[1], limits=LIMITS) is Unclaimed.PORTAL_BUSY
    more = ClaimLimits(runs_per_portal=2)
    record_success(orchestrator, first, records={}, synced_through=MOMENT, wait_seconds=60)
    enqueue_next_of_portal(orchestrator, ids[0])
    assert queue_length(orchestrator) == 1
    assert isinstance(claim_run(orchestrator, ids[1], limits=more), Claim)


def test_a_lost_worker_fails_its_run_and_the_connection_is_due_again(
    orchestrator: psycopg.Connection, database: TestDatabase
) -> None:
    _, connection_id = database.add_connection()
    claim = claimed(orchestrator, connection_id)
    assert rescue_lost_runs(orchestrator) == []
    let_lease_expire(database, connection_id)
    assert rescue_lost_runs(orchestrator) == [connection_id]
    run = find_run(orchestrator, claim.run.id)
    assert (run.status, run.error_class) == ("failed", "worker_lost")
    row = row_of(database, connection_id)
    assert (row["last_error_class"], row["waits"]) == ("worker_lost", False)
    assert enqueue_due(orchestrator) == [connection_id]

    # What the lost worker says later changes nothing.
    record_success(orchestrator, claim, records={}, synced_through=MOMENT, wait_seconds=9)
    assert find_run(orchestrator, claim.run.id).error_class == "worker_lost"
    assert row_of(database, connection_id)["last_sync_at"] is None


def test_a_connection_that_loses_worker_after_worker_backs_off(
    orchestrator: psycopg.Connection, database: TestDatabase
) -> None:
    _, connection_id = database.add_connection()
    for _ in range(2):
        claimed(orchestrator, connection_id)
        let_lease_expire(database, connection_id)
        rescue_lost_runs(orchestrator)
    row = row_of(database, connection_id)
    assert row["waits"]
    assert row["consecutive_failures"] == 2


def test_the_poll_leaves_a_connection_that_lost_its_worker_to_the_rescue(
    orchestrator: psycopg.Connection, database: TestDatabase
) -> None:
    """The next claim would end the lost run, too, and nobody would count it or back off."""
    _, connection_id = database.add_connection()
    claimed(orchestrator, connection_id)
    let_lease_expire(database, connection_id)
    assert enqueue_due(orchestrator) == []
    rescue_lost_runs(orchestrator)
    assert row_of(database, connection_id)["consecutive_failures"] == 1
    assert enqueue_due(orchestrator) == [connection_id]


def test_the_poll_finds_a_connection_whose_lease_by_hand_has_expired(
    orchestrator: psycopg.Connection, database: TestDatabase
) -> None:
    _, connection_id = database.add_connection()
    database.take_lease(connection_id)
    let_lease_expire(database, connection_id)
    assert enqueue_due(orchestrator) == [connection_id]


def test_a_run_whose_lease_a_reset_took_is_cancelled_and_no_failure(
    orchestrator: psycopg.Connection, database: TestDatabase
) -> None:
    _, connection_id = database.add_connection()
    claim = claimed(orchestrator, connection_id)
    database.rows("update crmhub.source_connections set last_sync_at = null")
    rescue_lost_runs(orchestrator)
    run = find_run(orchestrator, claim.run.id)
    assert (run.status, run.error_class) == ("cancelled", "lease_lost")
    assert row_of(database, connection_id)["consecutive_failures"] == 0


def test_a_claim_ends_what_a_lost_worker_left_running(
    orchestrator: psycopg.Connection, database: TestDatabase
) -> None:
    _, connection_id = database.add_connection()
    lost = claimed(orchestrator, connection_id)
    let_lease_expire(database, connection_id)
    claimed(orchestrator, connection_id)
    assert find_run(orchestrator, lost.run.id).error_class == "worker_lost"


def test_a_pending_run_without_a_job_gets_one(
    orchestrator: psycopg.Connection, database: TestDatabase
) -> None:
    _, connection_id = database.add_connection()
    request_run(orchestrator, connection_id, trigger="manual")
    assert enqueue_forgotten_runs(orchestrator) == 0
    database.rows("update crmhub.sync_runs set requested_at = now() - interval '1 minute'")
    assert enqueue_forgotten_runs(orchestrator) == 1
    assert enqueue_forgotten_runs(orchestrator) == 0


def test_the_poll_asks_for_what_is_due_and_for_nothing_else(
    orchestrator: psycopg.Connection, database: TestDatabase
) -> None:
    due, later, paused, leased = [database.add_connection()[1] for _ in range(4)]
    database.rows(
        "update crmhub.source_connections set next_sync_at = now() + interval '1 hour' "
        "where id = %s",
        [later],
    )
    database.rows("update crmhub.source_connections set status = 'paused' where id = %s", [paused])
    database.take_lease(leased)
    assert enqueue_due(orchestrator) == [due]
    assert enqueue_due(orchestrator) == []
    assert queue_length(orchestrator) == 1


def test_the_poll_finds_nothing_where_nothing_is_due(orchestrator: psycopg.Connection) -> None:
    assert enqueue_due(orchestrator) == []


def test_an_organisation_with_many_connections_does_not_starve_one_with_a_single_one(
    orchestrator: psycopg.Connection, database: TestDatabase
) -> None:
    large, small = uuid.uuid4(), uuid.uuid4()
    for _ in range(30):
        database.add_connection(large)
    _, single = database.add_connection(small)
    database.rows(
        "update crmhub.source_connections set next_sync_at = now() - interval '1 day' "
        "where org_id = %s",
        [large],
    )
    assert single in enqueue_due(orchestrator, ahead=2)
    # What the large one has in flight counts as turns it took.
    _, next_single = database.add_connection(uuid.uuid4())
    assert enqueue_due(orchestrator, ahead=3) == [next_single]


def test_the_queue_is_filled_only_a_little_ahead(
    orchestrator: psycopg.Connection, database: TestDatabase
) -> None:
    for _ in range(5):
        database.add_connection()
    assert len(enqueue_due(orchestrator, ahead=3)) == 3
    assert enqueue_due(orchestrator, ahead=3) == []


def test_a_run_after_a_reset_says_that_it_is_one(
    orchestrator: psycopg.Connection, database: TestDatabase
) -> None:
    _, connection_id = database.add_connection()
    claim = claimed(orchestrator, connection_id)
    record_success(orchestrator, claim, records={}, synced_through=MOMENT, wait_seconds=60)
    database.rows("update crmhub.source_connections set last_sync_at = null")
    enqueue_due(orchestrator)
    assert list_runs(orchestrator, connection_id=connection_id)[0].trigger == "reset"


def test_a_job_is_part_of_the_transaction_that_asks_for_it(
    orchestrator: psycopg.Connection, database: TestDatabase
) -> None:
    _, connection_id = database.add_connection()
    with orchestrator.transaction(force_rollback=True):
        enqueue(orchestrator, connection_id)
    assert queue_length(orchestrator) == 0


def claimed_and_ended(orchestrator: psycopg.Connection, connection_id: uuid.UUID) -> Claim:
    claim = claimed(orchestrator, connection_id)
    record_success(orchestrator, claim, records={}, synced_through=MOMENT, wait_seconds=60)
    return claim


def test_old_runs_are_pruned_but_the_newest_of_a_connection_stays(
    orchestrator: psycopg.Connection, database: TestDatabase
) -> None:
    _, connection_id = database.add_connection()
    claims = [claimed_and_ended(orchestrator, connection_id) for _ in range(3)]
    database.rows("update crmhub.sync_runs set finished_at = finished_at - interval '31 days'")
    assert prune_runs(orchestrator, days=30, portion=1) == 2
    [left] = list_runs(orchestrator)
    assert left.id == claims[-1].run.id
