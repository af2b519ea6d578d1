"""The plan of a search: every row once, though rows come and go and pages in any order."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_hubspot_crm.errors import UnexpectedResponseError
from tap_hubspot_crm.id_search import SEARCH_LIMIT, Found, IdSearch, Query

if TYPE_CHECKING:
    from collections.abc import Collection


def _answer(ids: Collection[int], query: Query, *, counts: bool = True) -> Found:
    rows = sorted(
        id_
        for id_ in ids
        if (query.above is None or id_ > query.above) and (query.below is None or id_ < query.below)
    )
    offset = int(query.offset or 0)
    page = rows[offset : offset + SEARCH_LIMIT]
    more = offset + SEARCH_LIMIT < len(rows)
    assert offset + SEARCH_LIMIT <= 10_000, "HubSpot refuses to page so far"
    return Found(
        ids=page,
        following=str(offset + SEARCH_LIMIT) if more else None,
        total=len(rows) if counts else None,
    )


def _walk(
    ids: set[int], dice: Random, *, counts: bool = True, changing: bool = False
) -> tuple[list[int], set[int], int]:
    """Return what was found, what was there all the time, and the number of searches."""
    plan = IdSearch("/search")
    under_way: list[tuple[Query, Found]] = []
    found: list[int] = []
    constant = set(ids)
    asked = 0
    while True:
        while len(under_way) < 4 and (query := plan.next_query()) is not None:
            under_way.append((query, _answer(ids, query, counts=counts)))
            asked += 1
        if not under_way:
            assert plan.finished
            return found, constant, asked
        query, answer = under_way.pop(dice.randrange(len(under_way)))
        found += answer.ids[plan.place(query, answer)]
        if changing:
            gone = set(dice.sample(sorted(ids), min(len(ids), 40)))
            ids -= gone
            constant -= gone
            ids |= {dice.randrange(1, 10**6) for _ in range(40)} - constant


_IDS = st.builds(
    lambda dense, start, few: {*range(start, start + dense), *few},
    st.integers(0, 6_000),
    st.sampled_from([1, 10**11]),
    st.sets(st.integers(1, 10**12), max_size=300),
)


@given(ids=_IDS, seed=st.integers(0, 1_000), counts=st.booleans())
@settings(max_examples=40, deadline=None)
def test_every_row_is_found_once(ids: set[int], seed: int, *, counts: bool) -> None:
    found, constant, _ = _walk(ids, Random(seed), counts=counts)
    assert sorted(found) == sorted(constant)


@given(seed=st.integers(0, 10_000), rows=st.integers(0, 4_000))
@settings(max_examples=40, deadline=None)
def test_what_is_there_all_the_time_is_found_whatever_comes_and_goes(seed: int, rows: int) -> None:
    dice = Random(seed)
    ids = {dice.randrange(1, 10**6) for _ in range(rows)}
    found, constant, _ = _walk(ids, dice, changing=True)
    assert constant <= set(found)
    assert len(found) == len(set(found))


def test_looking_ahead_costs_no_search_of_its_own() -> None:
    _, _, asked = _walk(set(range(1, 20_001)), Random(3))
    assert asked <= 100 + 1


def test_rows_beyond_the_ten_thousandth_are_found() -> None:
    found, constant, _ = _walk(set(range(5, 35_000)), Random(3))
    assert set(found) == constant


def test_a_search_that_is_not_sorted_is_told() -> None:
    plan = IdSearch("/search")
    query = plan.next_query()
    assert query is not None
    with pytest.raises(UnexpectedResponseError, match="sort"):
        plan.place(query, Found(ids=[5, 3], following=None, total=2))


def test_a_search_that_is_not_filtered_is_told() -> None:
    plan = IdSearch("/search")
    first = plan.next_query()
    assert first is not None
    plan.place(first, Found(ids=[3, 5], following="2", total=4))
    second = plan.next_query()
    assert second is not None
    with pytest.raises(UnexpectedResponseError, match="filter"):
        plan.place(second, Found(ids=[3, 5], following=None, total=2))
