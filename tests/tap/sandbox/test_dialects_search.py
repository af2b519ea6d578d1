"""Searches that sort, filter and count otherwise than they are asked to."""

from __future__ import annotations

from operator import ge, gt, le, lt
from typing import TYPE_CHECKING

import pytest
from tap.sandbox.caller import where
from tap.sandbox.dialects import played, speak

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap.sandbox.caller import Caller

BY_ID = [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]


def _walk(caller: Caller, limit: int) -> list[str]:
    """Return the ids of all pages by offset."""
    ids: list[str] = []
    after: str | None = "0"
    while after is not None:
        page = caller.search("contacts", sorts=BY_ID, limit=limit, after=after)
        ids += page.ids
        after = page.body.get("paging", {}).get("next", {}).get("after")
    return ids


def _keyset(caller: Caller, limit: int) -> list[str]:
    """Return the ids of all pages by the last id."""
    ids: list[str] = []
    last = "0"
    while True:
        bound = where("hs_object_id", "GT", last)
        page = caller.search("contacts", bound, sorts=BY_ID, limit=limit).ids
        if not page:
            return ids
        ids += page
        last = page[-1]


def _all(caller: Caller) -> list[str]:
    return [str(id_) for id_ in caller.portal.stores["contacts"].ids()]


def test_a_sort_may_compare_ids_as_text(caller: Caller) -> None:
    speak(caller, search_sort="text")
    assert _walk(caller, 7) == sorted(_all(caller)) != _all(caller)
    down = [{"propertyName": "hs_object_id", "direction": "DESCENDING"}]
    assert caller.search("contacts", sorts=down, limit=60).ids == sorted(_all(caller))[::-1]
    assert played(caller)["search_sort"] > 1


@pytest.mark.parametrize(
    ("operator", "compare"), [("GT", gt), ("GTE", ge), ("LT", lt), ("LTE", le)]
)
def test_a_filter_may_compare_ids_as_text(
    caller: Caller, operator: str, compare: Callable[[str, str], bool]
) -> None:
    speak(caller, search_filter="text")
    bound = where("hs_object_id", operator, "201")
    found = caller.search("contacts", bound, sorts=BY_ID, limit=60).ids
    assert found == [id_ for id_ in _all(caller) if compare(id_, "201")]
    speak(caller, search_filter="number")
    assert caller.search("contacts", bound, sorts=BY_ID, limit=60).ids != found


@pytest.mark.parametrize("sort", ["number", "text"])
@pytest.mark.parametrize("compare", ["number", "text"])
def test_a_walk_by_the_last_id_is_complete_only_where_sort_and_filter_agree(
    caller: Caller, sort: str, compare: str
) -> None:
    speak(caller, search_sort=sort, search_filter=compare)
    assert (set(_keyset(caller, 7)) == set(_all(caller))) == (sort == compare)


def test_a_search_may_sort_nothing(caller: Caller) -> None:
    speak(caller, search_sort="none")
    ids = _walk(caller, 7)
    assert sorted(ids, key=int) == _all(caller)
    assert ids not in (_all(caller), sorted(_all(caller)))
    assert caller.search("contacts", sorts=["createdate"], limit=60).ids == ids
    assert set(_keyset(caller, 7)) < set(_all(caller))


def test_a_page_may_end_with_a_row_of_the_next(caller: Caller) -> None:
    speak(caller, search_swapped_ends=1)
    everything = _all(caller)
    walked = _walk(caller, 7)
    assert sorted(walked, key=int) == everything
    assert walked[:8] == [*everything[:6], everything[7], everything[6]]
    missed = set(everything) - set(_keyset(caller, 7))
    assert len(missed) == 7
    assert caller.search("contacts", sorts=BY_ID, limit=1).ids == everything[:1]


def test_some_rows_are_far_from_their_place(caller: Caller) -> None:
    speak(caller, search_displaced=0.1, search_displaced_by=20)
    everything = _all(caller)
    walked = _walk(caller, 7)
    assert sorted(walked, key=int) == everything
    far = [id_ for place, id_ in enumerate(walked) if abs(everything.index(id_) - place) > 10]
    assert 1 <= len(far) <= 15
    assert set(_keyset(caller, 7)) < set(everything)


@pytest.mark.parametrize(
    ("said", "totals"),
    [
        ("exact", [60, 60]),
        ("missing", [None, None]),
        ("negative", [-1, -1]),
        ("growing", [61, 62]),
        ("low", [30, 30]),
        ("high", [61, 61]),
    ],
)
def test_total_says_what_it_likes(caller: Caller, said: str, totals: list[int | None]) -> None:
    speak(caller, search_total=said)
    replies = [caller.search("contacts", limit=5) for _ in range(2)]
    assert [reply.body.get("total") for reply in replies] == totals
    assert len(_walk(caller, 7)) == 60
