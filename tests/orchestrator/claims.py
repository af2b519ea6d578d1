"""Begin runs for tests, and look at what became of their connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmhub.sync.runs import Claim, ClaimLimits, claim_run, request_run

if TYPE_CHECKING:
    import uuid

    import psycopg
    from databases import TestDatabase

LIMITS = ClaimLimits()


def claimed(orchestrator: psycopg.Connection, connection_id: uuid.UUID) -> Claim:
    request_run(orchestrator, connection_id, trigger="manual")
    claim = claim_run(orchestrator, connection_id, limits=LIMITS)
    assert isinstance(claim, Claim)
    return claim


def row_of(database: TestDatabase, connection_id: uuid.UUID) -> dict[str, Any]:
    [row] = database.rows(
        "select status, last_error_class, consecutive_failures, lease_token, synced_through, "
        "last_sync_at, next_sync_at > now() + interval '50 seconds' as waits "
        "from crmhub.source_connections where id = %s",
        [connection_id],
    )
    return row


def let_lease_expire(database: TestDatabase, connection_id: uuid.UUID) -> None:
    database.rows(
        "update crmhub.source_connections set lease_expires_at = now() - interval '1 s' "
        "where id = %s",
        [connection_id],
    )
