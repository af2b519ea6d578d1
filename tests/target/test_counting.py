"""Live contacts are counted as they are written: nothing stored is counted again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from target.loading import activate, record, schema

from target_crmhub_postgres.database_errors import translated
from target_crmhub_postgres.errors import PassingFailureError

if TYPE_CHECKING:
    from target.loading import Hub, Message

#: What the count begins at, far from what a counting would give.
BEGUN = 777
NOW = "2026-11-22T10:00:00Z"
LATER = "2026-11-22T11:00:00Z"
EARLIER = "2026-11-22T09:00:00Z"


@pytest.fixture
def counted(hub: Hub) -> Hub:
    """Two live contacts, an archived one and a tombstone, counted as 777."""
    hub.load(
        [
            schema("contacts"),
            record("contacts", id="1", updatedAt=NOW),
            record("contacts", id="2", updatedAt=NOW),
            record("contacts", id="3", updatedAt=NOW, archived=True),
            record("contacts", id="4", updatedAt=NOW, archived=True, mergedInto="1"),
        ]
    )
    hub.database.rows(
        "update crmhub.crm_stream_totals set live = %s where stream = 'contacts' returning live",
        [BEGUN],
    )
    return hub


@pytest.mark.parametrize(
    ("sent", "more"),
    [
        ([record("contacts", id="5", updatedAt=NOW)], 1),
        ([record("contacts", id="5", updatedAt=NOW, archived=True)], 0),
        ([record("contacts", id="1", updatedAt=NOW)], 0),
        ([record("contacts", id="1", updatedAt=LATER, lifecyclestage="lead")], 0),
        ([record("contacts", id="1", updatedAt=LATER, archived=True)], -1),
        ([record("contacts", id="1", updatedAt=EARLIER, archived=True)], 0),
        ([record("contacts", id="2", updatedAt=LATER, archived=True, mergedInto="1")], -1),
        ([record("contacts", id="3", updatedAt=LATER)], 1),
        ([record("contacts", id="4", updatedAt=LATER, archived=True, mergedInto="2")], 0),
        (
            [
                record("contacts", id="1", updatedAt=LATER, archived=True),
                record("contacts", id="3", updatedAt=LATER),
                record("contacts", id="6", updatedAt=LATER),
                record("contacts", id="7", updatedAt=LATER),
            ],
            2,
        ),
        ([record("deals", id="1")], 0),
    ],
    ids=[
        "new", "new and archived", "unchanged", "changed", "archived", "older",
        "merged", "restored", "merged again", "many", "another stream",
    ],
)  # fmt: skip
def test_the_count_moves_by_what_was_written(counted: Hub, sent: list[Message], more: int) -> None:
    counted.load([schema("contacts"), schema("deals"), *sent])
    contacts, _ = counted.rows("crm_stream_totals", "stream", "live", "is_current")
    assert contacts == {"stream": "contacts", "live": BEGUN + more, "is_current": True}


def test_the_end_of_a_full_pass_counts_anew(counted: Hub) -> None:
    """Rows may have gone by another hand, as while an account that comes back is being erased."""
    kept = record("contacts", id="1", updatedAt=NOW, version=2)
    counted.load([schema("contacts"), kept, activate("contacts", 2)])
    contacts, _ = counted.rows("crm_stream_totals", "stream", "live", "is_current")
    assert contacts == {"stream": "contacts", "live": 1, "is_current": True}


def test_a_row_that_somebody_else_wrote_first_is_tried_again() -> None:
    assert isinstance(translated(psycopg.errors.UniqueViolation()), PassingFailureError)
