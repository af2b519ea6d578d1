"""The life of a run in the database: requested, claimed, ended."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest
from orchestrator.claims import LIMITS, claimed, row_of
from psycopg.types.json import Jsonb

from crmhub.engine.queue import queue_length, request_sync
from crmhub.errors import ConnectionNotReadyError, UnknownConnectionError, UnknownRunError
from crmhub.sync.next_step import next_step
from crmhub.sync.runs import (
    Claim,
    ClaimLimits,
    Unclaimed,
    claim_run,
    find_run,
    note_progress,
    record_failure,
    record_success,
    request_run,
)

if TYPE_CHECKING:
    from databases import TestDatabase

MOMENT = datetime(2026, 11, 22, 10, tzinfo=UTC)


@pytest.mark.parametrize("status", ["paused", "needs_reconnect", "disconnected"])
def test_a_run_of_a_connection_that_is_not_connected_is_refused(
    orchestrator: psycopg.Connection, database: TestDatabase, status: str
) -> None:
    _, connection_id = database.add_connection()
    database.rows("update crmhub.source_connections set status = %s", [status])
    with pytest.raises(ConnectionNotReadyError, match=status):
        request_sync(orchestrator, connection_id, trigger="manual")
    assert queue_length(orchestrator) == 0


def test_an_unknown_connection_or_run_is_named(orchestrator: psycopg.Connection) -> None:
    unknown = uuid.uuid4()
    with pytest.raises(UnknownConnectionError, match=str(unknown)):
        request_sync(orchestrator, unknown, trigger="manual")
    with pytest.raises(UnknownRunError, match=str(unknown)):
        find_run(orchestrator, unknown)
    assert claim_run(orchestrator, unknown, limits=LIMITS) is Unclaimed.GONE


def test_a_claim_takes_the_lease_and_begins_the_run(
    orchestrator: psycopg.Connection, database: TestDatabase
) -> None:
    _, connection_id = database.add_connection()
    claim = claimed(orchestrator, connection_id)
    assert claim.run.status == "running"
    assert claim.run.started_at is not None
    assert row_of(database, connection_id)["lease_token"] == claim.lease_token
    assert claim_run(orchestrator, connection_id, limits=LIMITS) is Unclaimed.NOTHING_PENDING


def test_of_many_workers_that_claim_at_once_one_begins(database: TestDatabase) -> None:
    _, connection_id = database.add_connection()
    found: list[Claim | Unclaimed] = []
    with psycopg.connect(database.url_as("crmhub_orchestrator"), autocommit=True) as session:
        request_run(session, connection_id, trigger="manual")

    def claim() -> None:
        with psycopg.connect(database.url_as("crmhub_orchestrator"), autocommit=True) as session:
            found.append(claim_run(session, connection_id, limits=LIMITS))

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(each, Claim) for each in found) == 1


def test_a_run_waits_while_another_one_of_the_connection_goes_on(
    orchestrator: psycopg.Connection, database: TestDatabase
) -> None:
    _, connection_id = database.add_connection()
    claim = claimed(orchestrator, connection_id)
    request_run(orchestrator, connection_id, trigger="manual")
    assert claim_run(orchestrator, connection_id, limits=LIMITS) is Unclaimed.LEASED
    record_success(orchestrator, claim, records={}, synced_through=MOMENT, wait_seconds=60)
    assert isinstance(claim_run(orchestrator, connection_id, limits=LIMITS), Claim)


def test_no_more_runs_go_on_than_all_workers_may_have_together(
    orchestrator: psycopg.Connection, database: TestDatabase
) -> None:
    ids = [database.add_connection()[1] for _ in range(2)]
    claimed(orchestrator, ids[0])
    request_run(orchestrator, ids[1], trigger="manual")
    assert claim_run(orchestrator, ids[1], limits=ClaimLimits(runs=1)) is Unclaimed.ALL_BUSY
    assert isinstance(claim_run(orchestrator, ids[1], limits=ClaimLimits(runs=2)), Claim)


def test_a_run_that_is_pending_when_its_connection_is_paused_is_cancelled(
    orchestrator: psycopg.Connection, database: TestDatabase
) -> None:
    _, connection_id = database.add_connection()
    run = request_run(orchestrator, connection_id, trigger="manual")
    database.rows("update crmhub.source_connections set status = 'paused'")
    assert claim_run(orchestrator, connection_id, limits=LIMITS) is Unclaimed.NOT_CONNECTED
    assert find_run(orchestrator, run.id).status == "cancelled"


def test_a_success_clears_the_error_and_gives_the_lease_back(
    orchestrator: psycopg.Connection, database: TestDatabase
) -> None:
    _, connection_id = database.add_connection()
    database.rows(
        "update crmhub.source_connections "
        "set consecutive_failures = 3, last_error_class = 'network'"
    )
    claim = claimed(orchestrator, connection_id)
    note_progress(orchestrator, claim.run.id, {"contacts": 10})
    assert find_run(orchestrator, claim.run.id).records == {"contacts": 10}
    assert record_success(
        orchestrator, claim, records={"contacts": 12}, synced_through=MOMENT, wait_seconds=60
    )
    run = find_run(orchestrator, claim.run.id)
    assert (run.status, run.records, run.has_ended) == ("succeeded", {"contacts": 12}, True)
    row = row_of(database, connection_id)
    assert row["last_error_class"] is None
    assert row["consecutive_failures"] == 0
    assert row["lease_token"] is None
    assert row["synced_through"] == MOMENT
    assert row["waits"]


@pytest.mark.parametrize("oldest", ["contacts", "deal_contacts"])
def test_a_connection_is_synced_through_its_oldest_bookmark(
    orchestrator: psycopg.Connection, database: TestDatabase, oldest: str
) -> None:
    """Whichever streams there are; those that are read whole have none."""
    _, connection_id = database.add_connection()
    claim = claimed(orchestrator, connection_id)
    later = {"bookmark": (MOMENT + timedelta(hours=1)).isoformat()}
    bookmarks = {
        "contacts": later,
        "deals": later,
        "deal_contacts": later,
        "owners": {"digest": ""},
    }
    bookmarks[oldest] = {"bookmark": MOMENT.isoformat()}
    with psycopg.connect(database.url) as writer:
        writer.execute(
            "select set_config('crmhub.lease_token', %s, true)", [str(claim.lease_token)]
        )
        writer.execute(
            "update crmhub.source_connections set state_json = %s",
            [Jsonb({"bookmarks": bookmarks})],
        )
    assert record_success(orchestrator, claim, records={}, wait_seconds=60)
    assert row_of(database, connection_id)["synced_through"] == MOMENT


def test_a_failure_is_shown_with_its_class_and_comes_back_later(
    orchestrator: psycopg.Connection, database: TestDatabase
) -> None:
    _, connection_id = database.add_connection()
    claim = claimed(orchestrator, connection_id)
    record_failure(
        orchestrator,
        claim,
        next_step("invalid_grant", failures_before=0, chance=0.0),
        records={"contacts": 1},
        error_class="invalid_grant",
        error_message="HubSpot took the grant back: reconnect",
    )
    run = find_run(orchestrator, claim.run.id)
    assert (run.status, run.error_class) == ("failed", "invalid_grant")
    row = row_of(database, connection_id)
    assert (row["status"], row["consecutive_failures"]) == ("needs_reconnect", 1)
    assert row["lease_token"] is None


def test_a_success_after_a_reset_counts_for_nothing(
    orchestrator: psycopg.Connection, database: TestDatabase
) -> None:
    _, connection_id = database.add_connection()
    claim = claimed(orchestrator, connection_id)
    database.rows("update crmhub.source_connections set last_sync_at = null")
    assert not record_success(
        orchestrator, claim, records={}, synced_through=MOMENT, wait_seconds=60
    )
    assert find_run(orchestrator, claim.run.id).status == "cancelled"
    row = row_of(database, connection_id)
    assert row["last_sync_at"] is None
    assert row["synced_through"] is None
    assert not row["waits"]


def test_the_database_holds_no_two_running_runs_of_one_connection(
    orchestrator: psycopg.Connection, database: TestDatabase
) -> None:
    org_id, connection_id = database.add_connection()
    claimed(orchestrator, connection_id)
    with pytest.raises(psycopg.errors.UniqueViolation):
        database.rows(
            "insert into crmhub.sync_runs (connection_id, org_id, trigger, status) "
            "values (%s, %s, 'manual', 'running')",
            [connection_id, org_id],
        )
