"""HubSpot's search of ids in memory, in any order and with any count, and a run of the plan."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING

from tap_hubspot_crm.counted_search import CountedSearch
from tap_hubspot_crm.object_requests import SEARCH_LIMIT
from tap_hubspot_crm.spans import FARTHEST, Found, Query
from tap_hubspot_crm.windows import Hit

if TYPE_CHECKING:
    from collections.abc import Callable

LOWER = 5
ASKED_AT = datetime(2026, 11, 28, tzinfo=UTC)
PAGE = SEARCH_LIMIT


@dataclass(kw_only=True)
class FakeSearch:
    """HubSpot's search, in one of its dialects."""

    ids: set[int]
    #: The order of the answers.
    order: Callable[[list[int]], list[int]] = sorted
    #: By what the filter compares ids.
    compared: Callable[[int], int | str] = int
    filters: bool = True
    #: What it says that it counts, by what it counts.
    total: Callable[[int], int | None] = lambda count: count
    #: Ids that it counts and never shows.
    hidden: set[int] = field(default_factory=set)
    shown_as: Callable[[int], Hit] = lambda id_: Hit(id=str(id_), modified=7)
    #: Ids that came since the search began.
    new: set[int] = field(default_factory=set)
    #: A row that it shows with every page, though the filters leave it out.
    stray: Hit | None = None
    #: Decides how many rows a page shows; None: as many as it may.
    shortens: Random | None = None
    asked: int = 0

    def answer(self, query: Query) -> Found:
        offset = int(query.offset or 0)
        assert offset <= FARTHEST, "HubSpot refuses to page so far"
        self.asked += 1
        rows = self.order([id_ for id_ in sorted(self.ids) if self._matches(id_, query)])
        end = offset + (PAGE if self.shortens is None else self.shortens.randint(1, PAGE))
        shown = [id_ for id_ in rows[offset:end] if id_ not in self.hidden]
        return Found(
            hits=[*(self.shown_as(id_) for id_ in shown), *filter(None, [self.stray])],
            following=str(end) if end < len(rows) else None,
            total=self.total(len(rows)),
        )

    def _matches(self, id_: int, query: Query) -> bool:
        if query.since is not None and id_ not in self.new:
            return False
        if not self.filters:
            return True
        value, lower = self.compared(id_), self.compared(query.lower)
        if query.lower and (value < lower or (query.is_lower_excluded and value == lower)):  # type: ignore[operator]
            return False
        return query.upper is None or value <= self.compared(query.upper)  # type: ignore[operator]


def make_search(
    portal: FakeSearch, dice: Random, *, meanwhile: Callable[[], None] = lambda: None
) -> tuple[CountedSearch, set[int]]:
    """Make a search with several queries on their way, and return its plan and what it found."""
    plan = CountedSearch(LOWER)
    on_their_way: list[tuple[Query, Found]] = []
    found: set[int] = set()
    while True:
        while len(on_their_way) < 4 and (query := plan.next_query()) is not None:
            on_their_way.append((query, portal.answer(query)))
        if not on_their_way:
            assert plan.finished
            return plan, found
        query, answer = on_their_way.pop(dice.randrange(len(on_their_way)))
        was_finished = plan.finished
        new = {hit.number for hit in plan.place(query, answer, asked_at=ASKED_AT)}
        assert not was_finished or new <= found, "a row came after the end was announced"
        found |= new
        meanwhile()


def _one_row_late(places: list[int]) -> list[int]:
    """Show every 350th row just behind the end of the page that it belongs on."""
    rows = list(places)
    for place in range(PAGE - 5, len(rows) - 10, 350):
        rows.insert(place + 10, rows.pop(place))
    return rows


def _three_hundred_places_late(places: list[int]) -> list[int]:
    """Show 1 % of the rows 300 places behind their own, the same ones each time."""
    late = [id_ for id_ in places if id_ % 97 == 0]
    rows = [id_ for id_ in places if id_ % 97 != 0]
    for id_ in late:
        rows.insert(places.index(id_) + 300, id_)
    return rows


def _by_chance(places: list[int]) -> list[int]:
    return sorted(places, key=lambda id_: Random(id_).random())


_DICE = Random(0)


def _by_another_chance(places: list[int]) -> list[int]:
    return _DICE.sample(places, len(places))


def _as_text(places: list[int]) -> list[int]:
    return sorted(places, key=str)


ORDERS: dict[str, Callable[[list[int]], list[int]]] = {
    "numbers": sorted,
    "text": _as_text,
    "one row late": _one_row_late,
    "300 places late": _three_hundred_places_late,
    "none": _by_chance,
    "none, and another each time": _by_another_chance,
}
COMPARED: dict[str, Callable[[int], int | str]] = {"numbers": int, "text": str}


def late_at(*places: int) -> Callable[[list[int]], list[int]]:
    """Show the rows with these ids twenty pages late."""

    def order(rows: list[int]) -> list[int]:
        late = [id_ for id_ in rows if id_ in places]
        rest = [id_ for id_ in rows if id_ not in places]
        end = len(rest) if not late else bisect_left(rest, late[0]) + 20 * PAGE
        return rest[:end] + late + rest[end:]

    return order


def most_queries(rows: int) -> int:
    return 2 * (110 + 9 * rows // PAGE)
