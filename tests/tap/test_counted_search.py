"""A search is complete in whatever order it is shown, and while rows come and go."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tap.fake_search import (
    COMPARED,
    LOWER,
    ORDERS,
    PAGE,
    FakeSearch,
    late_at,
    make_search,
    most_queries,
)

from tap_hubspot_crm.windows import Hit

if TYPE_CHECKING:
    from collections.abc import Iterable

_IDS = st.builds(
    lambda dense, start, few: {*range(start, start + dense), *few},
    st.integers(0, 3_000),
    st.sampled_from([1, 51, 900, 10**11]),
    st.sets(st.integers(1, 10**12), max_size=300),
)


@pytest.mark.parametrize("compared", COMPARED)
@pytest.mark.parametrize("order", ORDERS)
@given(ids=_IDS, seed=st.integers(0, 1_000))
@settings(max_examples=15, deadline=None)
def test_every_row_is_found_in_whatever_order_it_is_shown(
    order: str, compared: str, ids: set[int], seed: int
) -> None:
    portal = FakeSearch(ids=ids, order=ORDERS[order], compared=COMPARED[compared])
    plan, found = make_search(portal, Random(seed))
    assert found == ids
    assert not plan.is_short
    assert portal.asked <= most_queries(len(ids))


@pytest.mark.parametrize("counts", [True, False])
@pytest.mark.parametrize("compared", COMPARED)
@pytest.mark.parametrize("order", ORDERS)
@given(rows=st.integers(1, 1_500), start=st.sampled_from([1, 900]), seed=st.integers(0, 1_000))
@settings(max_examples=10, deadline=None)
def test_every_row_is_found_on_pages_of_any_length(
    order: str, compared: str, rows: int, start: int, seed: int, *, counts: bool
) -> None:
    dice = Random(seed)
    portal = FakeSearch(
        ids=set(dice.sample(range(start, start + 2 * rows), rows)),
        order=ORDERS[order],
        compared=COMPARED[compared],
        shortens=dice,
        total=(lambda count: count) if counts else (lambda _: None),
    )
    plan, found = make_search(portal, dice)
    assert portal.asked <= most_queries(rows)
    assert found <= portal.ids
    if counts:
        assert found == portal.ids
        assert not plan.is_short
    # Without counts nothing shows that rows are missing, or proves that none are.


_LONG = pytest.mark.long


@pytest.mark.parametrize("compared", COMPARED)
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    "ids",
    [
        pytest.param(range(96_000, 107_000), id="over 100,000"),
        pytest.param(range(1, 25_001), id="from 1", marks=_LONG),
        pytest.param([1, 51, *range(10**11, 10**11 + 25_000)], id="far apart", marks=_LONG),
    ],
)
def test_of_more_rows_than_a_search_shows_every_one_is_found(
    ids: Iterable[int], order: str, compared: str
) -> None:
    portal = FakeSearch(ids=set(ids), order=ORDERS[order], compared=COMPARED[compared])
    plan, found = make_search(portal, Random(1))
    assert found == portal.ids
    assert not plan.is_short
    assert portal.asked <= most_queries(len(portal.ids))


def test_a_walk_that_shows_all_rows_costs_no_search_more() -> None:
    portal = FakeSearch(ids=set(range(1, 20_001)))
    plan, _ = make_search(portal, Random(1))
    assert portal.asked <= 20_000 / (PAGE - 1) + 2
    assert not plan.walk_missed_rows


def test_a_few_missing_rows_cost_a_few_searches() -> None:
    """Of a page each, the walk takes a hundred; to find one row takes the two halves of each."""
    portal = FakeSearch(ids=set(range(1, 20_001)), order=late_at(9_990))
    plan, found = make_search(portal, Random(1))
    assert found == portal.ids
    assert plan.walk_missed_rows
    assert portal.asked <= 20_000 / (PAGE - 1) + 2 + 2 * 8


@pytest.mark.parametrize("order", ORDERS)
def test_rows_that_come_meanwhile_do_not_stand_in_for_missing_ones(order: str) -> None:
    """Whether they are shown or not: the next pass looks for them, but not for the others."""
    old, dice = set(range(1, 6_000, 2)), Random(1)
    portal = FakeSearch(ids=set(old), order=ORDERS[order])

    def create() -> None:
        for id_ in dice.sample(range(2, 6_000, 2), 30):
            portal.ids.add(id_)
            portal.new.add(id_)

    _, found = make_search(portal, dice, meanwhile=create)
    assert old <= found


def test_rows_that_come_behind_the_walk_cost_few_searches() -> None:
    old, dice = set(range(1, 40_000, 2)), Random(1)
    portal = FakeSearch(ids=set(old))

    def create() -> None:
        id_ = dice.randrange(2, 40_000, 2)
        portal.ids.add(id_)
        portal.new.add(id_)

    plan, found = make_search(portal, dice, meanwhile=create)
    assert old <= found
    assert not plan.is_short
    assert portal.asked <= 20_000 / (PAGE - 1) + 50


def test_rows_that_go_meanwhile_are_not_looked_for() -> None:
    """HubSpot is asked for its count again, which is one search."""
    portal, dice = FakeSearch(ids=set(range(1, 2_001))), Random(1)

    def archive() -> None:
        portal.ids -= set(dice.sample(sorted(portal.ids), 5))

    plan, found = make_search(portal, dice, meanwhile=archive)
    assert portal.ids <= found
    assert not plan.is_short
    assert not plan.walk_missed_rows
    assert portal.asked <= 2_000 / (PAGE - 1) + 3


@given(
    seed=st.integers(0, 10_000),
    rows=st.integers(1, 3_000),
    merges=st.integers(1, 300),
    is_shown_as_survivor=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_rows_shown_under_the_id_of_another_are_neither_missed_nor_searched_for_ever(
    seed: int, rows: int, merges: int, *, is_shown_as_survivor: bool
) -> None:
    dice = Random(seed)
    portal = FakeSearch(ids={dice.randrange(1, 10**6) for _ in range(rows)})
    losers = dice.sample(sorted(portal.ids), min(len(portal.ids), merges))
    shown: dict[int, int] = {}
    for loser in losers:
        shown[loser] = survivor = 10**6 + dice.randrange(1, 9 * 10**6)
        portal.ids.add(survivor)
    portal.shown_as = lambda id_: Hit(
        id=str(shown.get(id_, id_)), modified=7, is_survivor=is_shown_as_survivor and id_ in shown
    )
    plan, found = make_search(portal, dice)
    assert found == portal.ids - set(losers)
    assert not plan.is_short
    assert portal.asked <= most_queries(len(portal.ids))


def test_a_row_outside_the_window_does_not_stand_in_for_one_that_is_missing() -> None:
    """A page may show a row that the filters did not ask for."""
    portal = FakeSearch(ids=set(range(1, 2_001)), order=late_at(150))
    portal.stray = Hit(id="10000", modified=LOWER - 1)
    _, found = make_search(portal, Random(1))
    assert found == portal.ids | {10_000}
