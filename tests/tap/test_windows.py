"""The pure parts: windows, packed ids, bookmarks in JSON, merges, due times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tap_hubspot_crm.errors import InvalidSettingsError
from tap_hubspot_crm.events import Touched
from tap_hubspot_crm.merges import Merges
from tap_hubspot_crm.owed import owing
from tap_hubspot_crm.packed_ids import pack_ids, unpack_ids
from tap_hubspot_crm.spans import Query
from tap_hubspot_crm.state import (
    OWED_LIMIT,
    AssociationsBookmark,
    Bookmark,
    FullPass,
    IdRange,
    ListingBookmark,
    ObjectBookmark,
    Phase,
)
from tap_hubspot_crm.state_json import read_bookmarks, write_bookmark
from tap_hubspot_crm.timekeeping import HubSpotClock, Timer, to_milliseconds
from tap_hubspot_crm.windows import SEEN_LIMIT, Hit, Window, is_due, search_filters

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
NOW_MS = to_milliseconds(NOW)


def test_a_window_begins_the_lookback_before_the_bookmark() -> None:
    window = Window.since(NOW, lookback_seconds=3600, seen={})
    assert window.lower == NOW_MS - 3_600_000


def test_a_window_never_begins_at_1970_which_hubspot_cannot_filter() -> None:
    assert Window.since(EPOCH, lookback_seconds=3600, seen={}).lower == 1


@pytest.mark.parametrize(
    ("sent", "hit", "known"), [(None, 5, False), (5, 5, True), (6, 5, True), (4, 5, False)]
)
def test_a_hit_is_known_if_it_was_sent_as_new_or_newer(
    sent: int | None, hit: int, *, known: bool
) -> None:
    window = Window(lower=1, seen={} if sent is None else {"1": sent})
    assert window.knows(Hit(id="1", modified=hit)) is known


def test_what_lies_before_the_next_window_is_forgotten() -> None:
    window = Window(lower=1, seen={"1": NOW_MS - 3_600_001, "2": NOW_MS - 3_600_000})
    assert window.to_keep(NOW, lookback_seconds=3600) == {"2": NOW_MS - 3_600_000}


def test_a_window_keeps_the_newest_within_its_limit() -> None:
    window = Window(lower=1, seen={str(n): NOW_MS + n for n in range(SEEN_LIMIT + 5)})
    kept = window.to_keep(NOW, lookback_seconds=0)
    assert len(kept) == SEEN_LIMIT
    assert min(kept.values()) == NOW_MS + 5


def test_the_filters_have_a_lower_bound_and_ids_and_no_upper_bound_of_time() -> None:
    first = search_filters("m", 7, Query(lower=0, upper=None, offset=None))
    assert first == [{"propertyName": "m", "operator": "GTE", "value": "7"}]
    later = search_filters("m", 7, Query(lower=51, upper=99, offset=None))
    assert later[1:] == [
        {"propertyName": "hs_object_id", "operator": "GTE", "value": "51"},
        {"propertyName": "hs_object_id", "operator": "LTE", "value": "99"},
    ]
    above = search_filters("m", 7, Query(lower=51, upper=None, offset=None, is_lower_excluded=True))
    assert above[1:] == [{"propertyName": "hs_object_id", "operator": "GT", "value": "51"}]
    # What may stand below the row with id 1 is none, which is not the same as all.
    none = search_filters("m", 7, Query(lower=0, upper=0, offset=None))
    assert none[1:] == [{"propertyName": "hs_object_id", "operator": "LTE", "value": "0"}]


@pytest.mark.parametrize(
    ("last", "hours", "due"), [(None, 24, True), (23, 24, False), (24, 24, True), (0, 0, True)]
)
def test_an_interval_of_zero_is_always_due(last: int | None, hours: int, *, due: bool) -> None:
    before = None if last is None else NOW - timedelta(hours=last)
    assert is_due(before, every=timedelta(hours=hours), now=NOW) is due


@pytest.mark.parametrize("ids", [[], ["1"], ["1", "51", "109847827082"], [str(10**40), "7"]])
def test_packed_ids_come_back(ids: list[str]) -> None:
    assert unpack_ids(pack_ids(ids)) == frozenset(ids)


def test_fifty_thousand_packed_ids_stay_small() -> None:
    assert len(pack_ids(str(10**11 + n * 7919) for n in range(50_000))) < 300_000


@pytest.mark.parametrize("text", ["", "?", "AAAA", "eJwz", "x" * 100])
def test_damaged_packed_ids_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"packed|codec"):
        unpack_ids(text)


def test_bookmarks_come_back_as_they_were_written() -> None:
    written: dict[str, Bookmark] = {
        "contacts": ObjectBookmark(
            bookmark=NOW,
            seen={"1": 5, "2": 5, "3": 6},
            version=7,
            full_pass_at=NOW,
            archived_at=NOW,
            archived_ids=frozenset({"9", "10"}),
            shortfalls=2,
            full_pass=FullPass(
                started_at=NOW,
                phase=Phase.LIVE,
                open_ranges=(IdRange(after="52"), IdRange(after="99", before="200")),
            ),
        ),
        "deal_contacts": AssociationsBookmark(
            bookmark=NOW, seen_deals={"4": 1}, owed_deals=frozenset({"5"}), version=1
        ),
        "owners": ListingBookmark(version=3, digest="0" * 64),
    }
    state = {"bookmarks": {name: write_bookmark(item) for name, item in written.items()}}
    read = read_bookmarks(state)
    assert {name: read[name] for name in written} == written
    assert read["deals"] == ObjectBookmark()


@pytest.mark.parametrize(
    "state",
    [
        [],
        {"value": {}},
        {"bookmarks": []},
        {"bookmarks": {"users": {}}},
        {"bookmarks": {"contacts": []}},
        {"bookmarks": {"contacts": {"replication_key_value": "2026-01-01"}}},
        {"bookmarks": {"contacts": {"bookmark": "yesterday"}}},
        {"bookmarks": {"contacts": {"bookmark": 5}}},
        {"bookmarks": {"contacts": {"version": -1}}},
        {"bookmarks": {"contacts": {"version": True}}},
        {"bookmarks": {"contacts": {"shortfalls": -1}}},
        {"bookmarks": {"contacts": {"seen": {"x": ["1"]}}}},
        {"bookmarks": {"contacts": {"seen": {"1": ["ann@example.com"]}}}},
        {"bookmarks": {"contacts": {"archived_ids": "garbage"}}},
        {"bookmarks": {"contacts": {"full_pass": {"phase": "live"}}}},
        {"bookmarks": {"owners": {"digest": "ann@example.com"}}},
    ],
)
def test_a_state_of_another_tap_or_with_garbage_is_refused(state: object) -> None:
    with pytest.raises(InvalidSettingsError) as caught:
        read_bookmarks(state)
    assert "ann@example.com" not in caught.value.message


def test_a_merge_is_followed_to_the_final_survivor() -> None:
    merges = Merges()
    assert merges.note("3", ["1", "2"]) == ["1", "2"]
    assert merges.note("5", ["3", "4"]) == ["1", "2", "3", "4"]
    assert merges.survivor("1") == "5"
    assert merges.survivor("5") == "5"


def test_a_circle_of_merges_ends() -> None:
    merges = Merges()
    merges.note("1", ["2"])
    merges.note("2", ["1"])
    assert merges.survivor("2") == "1"


def test_too_many_owed_deals_bring_a_reading_of_all() -> None:
    bookmark = AssociationsBookmark(bookmark=NOW, full_pass_at=NOW)
    many = Touched(gone=frozenset(map(str, range(OWED_LIMIT + 1))))
    assert owing(bookmark, "deals", many).full_pass_at is None
    one = Touched(returned=frozenset({"1"}))
    assert owing(bookmark, "contacts", one).owed_contacts == {"1"}


def test_a_deal_that_comes_back_is_no_longer_gone() -> None:
    bookmark = AssociationsBookmark(bookmark=NOW)
    gone = owing(bookmark, "deals", Touched(gone=frozenset({"1", "2"})))
    back = owing(gone, "deals", Touched(returned=frozenset({"1"})))
    assert (back.owed_deals, back.gone_deals) == (frozenset({"1"}), frozenset({"2"}))
    assert owing(back, "deals", Touched(gone=frozenset({"1"}))).gone_deals == {"1", "2"}


def test_hubspots_clock_gains_fractions_and_never_runs_back_or_ahead() -> None:
    clock = HubSpotClock(Timer(monotonic=lambda: 103.0, wall=lambda: NOW))
    assert clock.now() == NOW
    # The header of an answer at 10:00:00.7 has no fraction.
    assert clock.observe(NOW, 100.0) == NOW
    assert clock.observe(NOW, 100.3) == NOW + timedelta(seconds=0.3)
    # Another of HubSpot's servers is behind.
    assert clock.observe(NOW - timedelta(seconds=5), 101.0) == NOW + timedelta(seconds=1)
    assert clock.now() == NOW + timedelta(seconds=3)
