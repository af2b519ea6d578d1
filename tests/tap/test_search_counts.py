"""A search whose count is missing, wrong or of rows that are not shown: no row lost, and an end."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tap.fake_search import (
    ASKED_AT,
    COMPARED,
    LOWER,
    ORDERS,
    PAGE,
    FakeSearch,
    make_search,
    most_queries,
)

from tap_hubspot_crm.counted_search import CountedSearch
from tap_hubspot_crm.spans import Found

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("hidden", [{1}, {777}, {2_000}, set(range(5, 2_000, 7))])
def test_rows_that_no_search_shows_make_it_short(hidden: set[int]) -> None:
    portal = FakeSearch(ids=set(range(1, 2_001)), hidden=hidden)
    plan, found = make_search(portal, Random(1))
    assert found == portal.ids - hidden
    assert plan.is_short
    assert portal.asked <= most_queries(2_000)


def test_without_a_filter_on_ids_rows_are_found_by_offset_as_far_as_hubspot_pages() -> None:
    portal = FakeSearch(ids=set(range(1, 10_001)), filters=False)
    plan, found = make_search(portal, Random(1))
    assert found == portal.ids
    assert not plan.is_short


def test_without_a_filter_on_ids_more_rows_than_hubspot_pages_through_make_it_short() -> None:
    portal = FakeSearch(ids=set(range(1, 10_202)), filters=False)
    plan, found = make_search(portal, Random(1))
    assert len(found) == 10_000
    assert plan.is_short


_USELESS: dict[str, Callable[[int], int | None]] = {
    "none": lambda _: None,
    "half": lambda count: count // 2,
}


@pytest.mark.parametrize("rows", [0, 1, 150, PAGE, PAGE + 1, 3_000])
@pytest.mark.parametrize("compared", COMPARED)
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("total", _USELESS)
def test_without_a_count_of_any_use_every_row_is_found(
    total: str, order: str, compared: str, rows: int
) -> None:
    portal = FakeSearch(
        ids=set(range(1, rows + 1)),
        order=ORDERS[order],
        compared=COMPARED[compared],
        total=_USELESS[total],
    )
    plan, found = make_search(portal, Random(1))
    assert found == portal.ids
    assert not plan.is_short
    assert portal.asked <= most_queries(rows)


_WRONG_TOTALS: dict[str, Callable[[int], int]] = {
    "too small": lambda count: count // 2,
    "zero": lambda _: 0,
    "one too many": lambda count: count + 1,
    "half too many": lambda count: count + count // 2 + 1,
    "absurd": lambda _: 10**9,
}


@pytest.mark.parametrize("filters", [True, False])
@pytest.mark.parametrize("total", _WRONG_TOTALS)
@pytest.mark.parametrize("rows", [1, 150, 3_000])
def test_a_wrong_count_hides_no_row_and_ends(rows: int, total: str, *, filters: bool) -> None:
    portal = FakeSearch(ids=set(range(1, rows + 1)), total=_WRONG_TOTALS[total], filters=filters)
    plan, found = make_search(portal, Random(1))
    if filters:
        assert found == portal.ids
        assert plan.is_short is (portal.total(rows) > rows)  # type: ignore[operator]
    assert portal.asked <= most_queries(rows)


@pytest.mark.parametrize("rows", [1, 150, 3_000])
def test_a_count_that_grows_with_every_answer_proves_nothing_and_ends(rows: int) -> None:
    portal = FakeSearch(ids=set(range(1, rows + 1)))
    portal.total = lambda count: count + 500 * (portal.asked - 1)
    plan, found = make_search(portal, Random(1))
    assert found == portal.ids
    assert not plan.is_short, "the first count was right"
    portal.asked = 1
    plan, found = make_search(portal, Random(1))
    assert found == portal.ids
    assert not plan.is_short, "each later one is another, though the same rows are shown"
    assert portal.asked <= most_queries(rows)


@given(seed=st.integers(0, 10_000), totals=st.lists(st.integers(0, 10**9) | st.none(), min_size=1))
@settings(max_examples=50, deadline=None)
def test_counts_by_chance_hide_no_row_and_end(seed: int, totals: list[int | None]) -> None:
    dice = Random(seed)
    portal = FakeSearch(ids=set(range(1, 1_501)), total=lambda _: dice.choice(totals))
    _, found = make_search(portal, dice)
    assert found == portal.ids
    assert portal.asked <= most_queries(1_500)


@pytest.mark.parametrize("cursor", ["0", "200", "400", "x", "-1", ""])
@pytest.mark.parametrize("total", [None, 0, 400, 10**9])
def test_a_search_that_shows_nothing_and_never_ends_is_left(cursor: str, total: int | None) -> None:
    plan, asked = CountedSearch(LOWER), 0
    while (query := plan.next_query()) is not None:
        plan.place(query, Found(hits=[], following=cursor, total=total), asked_at=ASKED_AT)
        asked += 1
    assert plan.finished
    assert asked <= most_queries(0)
    assert plan.is_short is (total != 0)
