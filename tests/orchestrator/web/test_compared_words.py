"""What a card says of HubSpot's counts beside ours, as pure functions."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from orchestrator.web.test_status_words import NOW, RUNNING, UP_TO_DATE

from crmhub.web.status_center.cards import card_of
from crmhub.web.status_center.compared import compared_of

if TYPE_CHECKING:
    from crmhub.web.status_center.readings import ConnectionReading


def with_counts(**counts: tuple[int, int]) -> ConnectionReading:
    """A connection compared two hours ago; stream → HubSpot's count and ours."""
    return replace(
        UP_TO_DATE,
        compared_at=NOW - timedelta(hours=2),
        counts={
            stream: {"hubspot": hubspot, "ours": ours, "leaves_out": False}
            for stream, (hubspot, ours) in counts.items()
        },
    )


SAME = with_counts(contacts=(2_001, 2_001), deals=(7, 7), pipelines=(2, 2), owners=(3, 3))
FEWER = with_counts(contacts=(2_003, 2_001), deals=(7, 7), pipelines=(2, 2))


def test_the_same_counts_are_told_of_contacts_and_deals() -> None:
    found = compared_of(SAME)
    assert found is not None
    assert (found.name, found.counted_at, found.advice) == ("same", SAME.compared_at, None)
    assert [(line.stream, line.ours, line.hubspot, line.meaning) for line in found.lines] == [
        ("contacts", "2,001", "2,001", None),
        ("deals", "7", "7", None),
    ]


def test_a_difference_is_told_with_what_it_can_mean() -> None:
    found = compared_of(FEWER)
    assert found is not None
    assert found.name == "different"
    [contacts, deals] = found.lines
    assert (contacts.ours, contacts.hubspot) == ("2,001", "2,003")
    assert "created since the last sync" in (contacts.meaning or "")
    assert deals.meaning is None
    more = compared_of(with_counts(contacts=(1, 2)))
    assert more is not None
    assert "deleted for good" in (more.lines[0].meaning or "")
    owners = compared_of(with_counts(contacts=(1, 1), owners=(4, 3)))
    assert owners is not None
    assert [line.stream for line in owners.lines] == ["contacts", "owners"]


def test_what_a_later_release_keeps_beside_the_counts_is_left_aside() -> None:
    more = {stream: {**kept, "sampled": 3} for stream, kept in SAME.counts.items()}
    assert compared_of(replace(SAME, counts=more)) == compared_of(SAME)


def test_what_a_start_date_leaves_out_is_no_difference() -> None:
    counts = {"contacts": {"hubspot": 9, "ours": 4, "leaves_out": True}}
    found = compared_of(replace(SAME, counts=counts))
    assert found is not None
    assert (found.name, found.words) == (
        "same",
        "The same counts as HubSpot, but for what is left out",
    )
    assert "start_date" in (found.lines[0].meaning or "")
    too_many = {"contacts": {"hubspot": 4, "ours": 9, "leaves_out": True}}
    found = compared_of(replace(SAME, counts=too_many))
    assert found is not None
    assert found.name == "different"


def test_a_try_that_failed_says_why_and_keeps_what_was_known() -> None:
    failed = replace(FEWER, compare_failed_at=NOW, compare_error_class="rate_limit")
    found = compared_of(failed)
    assert found is not None
    assert (found.name, found.failed_at) == ("failed", NOW)
    assert found.advice is not None
    assert "HubSpot's limit of requests is reached" in found.advice
    assert (found.counted_at, len(found.lines)) == (FEWER.compared_at, 2)
    never = compared_of(replace(failed, compared_at=None, counts={}))
    assert never is not None
    assert (never.name, never.counted_at, never.lines) == ("failed", None, ())


def test_never_compared_is_said_where_there_is_something_to_compare() -> None:
    found = compared_of(UP_TO_DATE)
    assert found is not None
    assert (found.name, found.lines) == ("never", ())
    assert "full pass" in (found.advice or "")
    wanted = compared_of(replace(UP_TO_DATE, compare_wanted_at=NOW))
    assert wanted is not None
    assert "The next sync" in (wanted.advice or "")
    assert compared_of(replace(UP_TO_DATE, last_sync_at=None)) is None
    assert compared_of(replace(UP_TO_DATE, status="disconnected")) is None


def test_an_admin_may_compare_a_connection_that_can_sync_now() -> None:
    enabled = {
        name: None if action is None else action.is_enabled
        for name, action in {
            "idle": card_of(SAME, "admin", NOW).compare,
            "running": card_of(RUNNING, "admin", NOW).compare,
            "paused": card_of(replace(SAME, status="paused"), "admin", NOW).compare,
            "viewer": card_of(SAME, "viewer", NOW).compare,
        }.items()
    }
    assert enabled == {"idle": True, "running": False, "paused": None, "viewer": None}
