"""The plan of a listing in ranges: every id once, whatever comes first and wherever it is cut."""

from __future__ import annotations

from bisect import bisect_left
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tap_hubspot_crm.id_ranges import IdRanges, OpenRange
from tap_hubspot_crm.state import IdRange

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE = 100
WORKERS = 6


class _Listing:
    """A listing as HubSpot documents it, or one that does not heed cursors of ours."""

    def __init__(self, ids: Sequence[int], *, heeds: str = "id") -> None:
        self.ids = sorted(ids)
        self.calls = 0
        self._heeds = heeds
        self._given: set[str] = set()

    def page(self, after: str | None) -> tuple[list[str], str | None]:
        self.calls += 1
        start = 0
        if after is not None and (self._heeds != "restart" or after in self._given):
            # Rounded up: rows are missing behind a cursor that was made up.
            skip = self._heeds == "skip" and after not in self._given
            start = bisect_left(self.ids, int(after)) + 3 * skip
        rows = self.ids[start : start + PAGE]
        following = str(rows[-1] + 1) if self.ids[start + PAGE :] else None
        if following is not None:
            self._given.add(following)
        return [str(id_) for id_ in rows], following


def _walk(
    listing: _Listing,
    open_ranges: Sequence[IdRange],
    dice: Random,
    *,
    pages: int | None = None,
) -> tuple[list[int], tuple[IdRange, ...]]:
    """Return the ids that were sent, in order, and what is open at the end or after some pages."""
    plan = IdRanges(open_ranges, readers=WORKERS)
    if listing.ids:
        plan.know(greatest=listing.ids[-1], rows=len(listing.ids))
    under_way: list[OpenRange] = []
    sent: list[int] = []
    while True:
        while len(under_way) < WORKERS:
            part = plan.next_page() or plan.cut()
            if part is None:
                break
            under_way.append(part)
        if not under_way or pages == 0:
            return sent, plan.open_ranges()
        part = under_way.pop(dice.randrange(len(under_way)))
        placed = plan.place(part, *listing.page(part.after))
        if placed is not None:
            sent += map(int, placed.ids)
            plan.sent(part, placed.cursor)
            pages = None if pages is None else pages - 1


_UNEVEN = st.builds(
    lambda low, dense, far, few: sorted({*low, *(10_000 + n for n in range(dense)), *far, *few}),
    st.lists(st.integers(1, 2_000), max_size=300),
    st.integers(0, 1_500),
    st.builds(
        lambda start, n: [start + 7 * k for k in range(n)], st.just(10**11), st.integers(0, 1500)
    ),
    st.lists(st.integers(1, 10**12), max_size=30),
)


@pytest.mark.parametrize("heeds", ["id", "restart", "skip"])
@given(ids=_UNEVEN, seed=st.integers(0, 1_000))
@settings(max_examples=40, deadline=None)
@example(ids=[], seed=0)
@example(ids=[1, 51, 10**11], seed=0)
@example(ids=list(range(1, 5_001)), seed=1)
def test_every_id_comes_once(heeds: str, ids: list[int], seed: int) -> None:
    sent, left = _walk(_Listing(ids, heeds=heeds), (IdRange(),), Random(seed))
    assert sorted(sent) == ids
    assert left == ()


@given(ids=_UNEVEN, seed=st.integers(0, 1_000), pages=st.integers(0, 30))
@settings(max_examples=60, deadline=None)
def test_a_later_run_goes_on_with_what_was_open(ids: list[int], seed: int, pages: int) -> None:
    listing, dice = _Listing(ids), Random(seed)
    sent, left = _walk(listing, (IdRange(),), dice, pages=pages)
    rest, none = _walk(listing, left, dice)
    assert sorted(sent + rest) == ids
    assert none == ()


@given(ids=_UNEVEN, seed=st.integers(0, 1_000))
@settings(max_examples=40, deadline=None)
def test_open_ranges_that_are_no_longer_heeded_are_found_from_the_beginning(
    ids: list[int], seed: int
) -> None:
    dice = Random(seed)
    sent, left = _walk(_Listing(ids), (IdRange(),), dice, pages=8)
    rest, none = _walk(_Listing(ids, heeds="restart"), left, dice)
    if len(left) > 1:
        assert sorted(sent + rest) == ids
    assert none == ()


def test_the_work_is_shared_and_hardly_any_page_is_read_in_vain() -> None:
    listing = _Listing(range(1, 50_001))
    _walk(listing, (IdRange(),), Random(1))
    assert listing.calls <= 500 * 1.03


def test_rows_in_no_order_are_read_one_page_after_another() -> None:
    plan = IdRanges((IdRange(),), readers=WORKERS)
    part = plan.next_page()
    assert part is not None
    placed = plan.place(part, ["9", "3", "5"], "opaque")
    assert placed is not None
    assert placed.ids == ("9", "3", "5")
    plan.sent(part, placed.cursor)
    plan.know(greatest=10**9, rows=10**6)
    assert plan.cut() is None
    assert plan.open_ranges() == (IdRange(after="opaque"),)


def test_a_page_that_was_not_sent_yet_is_open() -> None:
    plan = IdRanges((IdRange(),), readers=WORKERS)
    part = plan.next_page()
    assert part is not None
    first = plan.place(part, ["1", "2"], "3")
    assert first is not None
    assert plan.next_page() is part
    second = plan.place(part, ["3", "4"], "5")
    assert second is not None
    plan.sent(part, second.cursor)
    assert plan.open_ranges() == (IdRange(),)
    plan.sent(part, first.cursor)
    assert plan.open_ranges() == (IdRange(after="5"),)


def test_a_refused_cut_is_given_up_and_a_refused_listing_is_not() -> None:
    plan = IdRanges((IdRange(),), readers=WORKERS)
    part = plan.next_page()
    assert part is not None
    assert plan.place(part, [str(n) for n in range(1, 101)], "101") is not None
    plan.know(greatest=10_000, rows=10_000)
    upper = plan.cut()
    assert upper is not None
    assert plan.refuse(upper)
    assert plan.cut() is None
    assert not plan.refuse(part)


def test_the_lowest_ids_say_how_close_a_listing_is_before_its_first_page() -> None:
    plan = IdRanges((IdRange(),), readers=WORKERS)
    part = plan.next_page()
    assert part is not None
    plan.know(greatest=10_000, rows=10_000)
    plan.know_lowest([str(n) for n in range(1, 101)])
    cuts = 0
    while plan.cut() is not None:
        cuts += 1
    assert cuts == WORKERS - 1


def test_hints_that_come_after_the_end_change_nothing() -> None:
    plan = IdRanges((IdRange(),), readers=WORKERS)
    part = plan.next_page()
    assert part is not None
    placed = plan.place(part, ["1", "2"], None)
    assert placed is not None
    plan.sent(part, placed.cursor)
    plan.know_lowest(["1", "2"])
    plan.know(greatest=2, rows=2)
    assert plan.next_page() is None
    assert plan.cut() is None
    assert plan.open_ranges() == ()
