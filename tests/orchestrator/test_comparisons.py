"""When HubSpot's counts are set beside ours, and what is kept of it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from crmhub.comparisons import (
    Comparison,
    comparison_due,
    keep_comparison,
    keep_failure,
    want_comparison,
)
from crmhub.connections import find_connection
from crmhub.oauth.disconnecting import disconnect

if TYPE_CHECKING:
    import psycopg
    from databases import TestDatabase

FOUND = [
    Comparison(stream="contacts", hubspot=3, ours=2),
    Comparison(stream="deals", hubspot=1, ours=1, leaves_out=True),
]


def kept(database: TestDatabase, connection_id: uuid.UUID) -> dict[str, Any]:
    [row] = database.rows(
        "select compared_at, counts, failed_at, error_class, wanted_at "
        "from crmhub.count_comparisons where connection_id = %s",
        [connection_id],
    )
    return row


def end_full_pass(database: TestDatabase, connection_id: uuid.UUID, moment: str) -> None:
    """Let the state say that a full pass of both streams, begun then, has ended."""
    database.rows(
        "update crmhub.source_connections set state_json = jsonb_build_object('bookmarks', "
        "jsonb_build_object('contacts', jsonb_build_object('full_pass_at', %(moment)s::text), "
        "'deals', jsonb_build_object('full_pass_at', %(moment)s::text))) where id = %(id)s",
        {"moment": moment, "id": connection_id},
    )


def test_a_comparison_is_due_once_after_each_full_pass(
    database: TestDatabase, orchestrator: psycopg.Connection
) -> None:
    _, connection_id = database.add_connection()
    assert not comparison_due(orchestrator, connection_id)
    for moment in ("2026-11-22T08:00:00Z", "2026-11-23T08:00:00Z"):
        end_full_pass(database, connection_id, moment)
        assert comparison_due(orchestrator, connection_id)
        keep_comparison(orchestrator, connection_id, FOUND)
        assert not comparison_due(orchestrator, connection_id)
    assert not comparison_due(orchestrator, uuid.uuid4())


def test_a_wish_is_fulfilled_by_the_next_comparison(
    database: TestDatabase, orchestrator: psycopg.Connection
) -> None:
    _, connection_id = database.add_connection()
    want_comparison(orchestrator, connection_id)
    assert comparison_due(orchestrator, connection_id)
    keep_failure(orchestrator, connection_id, "network")
    assert comparison_due(orchestrator, connection_id)
    keep_comparison(orchestrator, connection_id, FOUND)
    assert not comparison_due(orchestrator, connection_id)
    assert kept(database, connection_id)["wanted_at"] is None


def test_a_failure_keeps_the_counts_before_it_and_a_success_ends_it(
    database: TestDatabase, orchestrator: psycopg.Connection
) -> None:
    _, connection_id = database.add_connection()
    keep_comparison(orchestrator, connection_id, FOUND)
    before = kept(database, connection_id)
    assert before["counts"] == {
        "contacts": {"hubspot": 3, "ours": 2, "leaves_out": False},
        "deals": {"hubspot": 1, "ours": 1, "leaves_out": True},
    }
    keep_failure(orchestrator, connection_id, "rate_limit")
    failed = kept(database, connection_id)
    assert (failed["error_class"], failed["failed_at"] is None) == ("rate_limit", False)
    assert (failed["compared_at"], failed["counts"]) == (before["compared_at"], before["counts"])
    keep_comparison(orchestrator, connection_id, FOUND)
    again = kept(database, connection_id)
    assert (again["error_class"], again["failed_at"]) == (None, None)
    assert again["compared_at"] > before["compared_at"]


@pytest.mark.parametrize("erase", [False, True])
def test_what_is_known_of_the_counts_goes_with_the_rows(
    database: TestDatabase, orchestrator: psycopg.Connection, *, erase: bool
) -> None:
    _, connection_id = database.add_connection()
    keep_comparison(orchestrator, connection_id, FOUND)
    disconnect(orchestrator, find_connection(orchestrator, connection_id), erase=erase)
    left = database.rows("select connection_id from crmhub.count_comparisons")
    assert len(left) == (0 if erase else 1)
