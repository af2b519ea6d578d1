"""What befalls single records while a full pass looks elsewhere, and runs killed anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tap.model.stage import FULL, QUICK, Stage

from hubspot_sandbox.portal import Habits

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap.model.comparison import ObjectStream

_STREAMS: tuple[ObjectStream, ...] = ("contacts", "deals")


@pytest.fixture
def stage() -> Stage:
    """A portal that was synced once."""
    made = Stage()
    made.sync(FULL)
    return made


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("stream", _STREAMS)
def test_a_record_archived_during_a_full_pass_is_kept_as_archived(
    stage: Stage, stream: ObjectStream, times: int
) -> None:
    id_ = stage.ids(stream)[1]
    stage.when_listed(stream, times, lambda: stage.portal.archive(stream, id_))
    stage.sync(FULL)
    stage.sync(QUICK)
    assert stage.consumer.rows[stream][id_].record["archived"] is True
    stage.sync(FULL)
    assert stage.differences() == []


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("stream", _STREAMS)
def test_a_record_restored_during_a_full_pass_is_live_though_nothing_says_so(
    stage: Stage, stream: ObjectStream, times: int
) -> None:
    id_ = stage.ids(stream)[1]
    stage.portal.archive(stream, id_)
    stage.sync(QUICK)
    stage.when_listed(stream, times, lambda: stage.portal.restore(stream, id_))
    stage.sync(FULL)
    stage.sync(QUICK)
    assert stage.consumer.rows[stream][id_].record["archived"] is False


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("are_archived", [True, False])
@pytest.mark.parametrize("stream", _STREAMS)
def test_records_merged_during_a_full_pass_become_tombstones(
    stage: Stage, stream: ObjectStream, times: int, *, are_archived: bool
) -> None:
    stage.portal.habits = Habits(merge_losers_are_archived=are_archived)
    one, two, three = stage.ids(stream)[:3]

    def merge_twice() -> None:
        stage.portal.merge(stream, stage.portal.merge(stream, one, two), three)

    stage.when_listed(stream, times, merge_twice)
    stage.sync(FULL)
    stage.sync(QUICK)
    survivors = {stage.consumer.rows[stream][id_].record["mergedInto"] for id_ in (one, two, three)}
    assert len(survivors) == 1
    stage.sync(FULL)
    assert stage.differences() == []


@pytest.mark.parametrize("times", [1, 2, 3])
def test_records_created_and_edited_during_a_full_pass_are_in_it(stage: Stage, times: int) -> None:
    def work() -> None:
        stage.portal.create("contacts", {"firstname": "New"}, record_id=2)
        stage.portal.edit("contacts", stage.ids("contacts")[-1], {"firstname": "Changed"})

    stage.when_listed("contacts", times, work)
    stage.sync(FULL)
    assert stage.differences() == []


def test_a_purged_record_goes_with_the_next_full_pass_and_takes_its_links_along(
    stage: Stage,
) -> None:
    contact = str(next(iter(stage.portal.linked("deals", int(stage.ids("deals")[1])))))
    stage.portal.purge("contacts", contact)
    stage.sync(QUICK)
    assert stage.consumer.rows["contacts"][contact].is_live
    stage.sync(FULL)
    assert stage.differences() == []


def test_a_record_purged_after_an_unfinished_full_pass_saw_it_goes_with_the_next_one() -> None:
    stage = Stage()
    deal = stage.ids("deals")[0]
    for request in range(1, 40):
        stage.sync(QUICK, killed_at_request=request, page_size=3, state_frequency=1)
        if deal in stage.consumer.rows["deals"]:
            break
    stage.portal.purge("deals", deal)
    stage.sync(QUICK, page_size=3)
    stage.sync(FULL, page_size=3)
    assert stage.differences() == []


def test_a_contact_gone_and_back_between_two_looks_comes_with_the_next_full_pass() -> None:
    """Archived when the listing passes, restored untraced before the archived ones are listed."""
    stage = Stage()
    contact = stage.ids("contacts")[1]
    stage.when_listed("contacts", 1, lambda: stage.portal.archive("contacts", contact))
    stage.when_listed("contacts", 2, lambda: stage.portal.restore("contacts", contact))
    stage.sync(QUICK)
    stage.sync(FULL)
    assert stage.differences() == []


def test_more_rows_than_a_search_shows_change_in_one_millisecond(stage: Stage) -> None:
    """With HubSpot's limits made small: 10 results a search, 2 a page."""
    stage.portal.touch("contacts", stage.ids("contacts"), {"firstname": "Changed"})
    stage.sync(QUICK, page_size=2, search_cap=10)
    assert stage.differences() == []


@pytest.mark.parametrize("step", [6, pytest.param(1, marks=pytest.mark.long)])
@pytest.mark.parametrize("is_killed_after_answer", [False, True])
@pytest.mark.parametrize("settings", [FULL, QUICK], ids=["full", "quick"])
def test_a_run_killed_at_any_request_is_made_good_by_the_next(
    settings: dict[str, int], step: int, *, is_killed_after_answer: bool
) -> None:
    for request in range(1, 200, step):
        stage = Stage(contacts=9, deals=4)
        stage.sync(FULL)
        _change_everything(stage)
        run = stage.sync(
            settings,
            page_size=3,
            state_frequency=1,
            killed_at_request=request,
            is_killed_after_answer=is_killed_after_answer,
        )
        _change_everything(stage)
        stage.sync(settings, page_size=3)
        stage.sync(FULL)
        assert stage.differences() == [], f"killed at request {request}"
        if run.ended == "done":
            return
    pytest.fail("a run of nine contacts makes two hundred requests")


def test_a_run_killed_at_any_line_is_made_good_by_the_next() -> None:
    whole = Stage(contacts=9, deals=4)
    written = whole.sync(FULL, block_size=1)
    for cut in range(0, 200 * len(written.messages), 997):
        stage = Stage(contacts=9, deals=4)
        stage.sync(FULL, block_size=1, state_frequency=1, killed_at_byte=cut + 1)
        _change_everything(stage)
        stage.sync(QUICK)
        assert _without_counts(stage.differences()) == [], f"killed at byte {cut + 1}"


def _change_everything(stage: Stage) -> None:
    portal = stage.portal
    changes: dict[ObjectStream, Callable[[ObjectStream], str]] = {
        stream: lambda kind: portal.merge(kind, *stage.ids(kind)[-2:]) for stream in _STREAMS
    }
    for stream, merge in changes.items():
        merge(stream)
        portal.archive(stream, stage.ids(stream)[0])
        portal.create(stream, {})
        portal.edit(stream, stage.ids(stream)[1], {})
    portal.associate(stage.ids("deals")[0], stage.ids("contacts")[0])
    portal.edit("deals", stage.ids("deals")[0], {"dealname": "Linked"})


def _without_counts(differences: list[str]) -> list[str]:
    """Leave out what only a full pass shows: counts of associated records and archived links."""
    return [line for line in differences if "num_" not in line and "deal_contacts" not in line]
