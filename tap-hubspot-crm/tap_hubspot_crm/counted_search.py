"""A search that is held against HubSpot's own count: first by walking ids, then by halves.

One answer that shows as many rows as it counts is complete. After a walk of several pages HubSpot
is asked for its count once more: the first one would not do, since rows that came during the walk
could stand in for others that it missed. If fewer ids were found, the search is made in another
way (`halved_search`). What then still lacks is a fact to pass on, never a reason to end a run.

Where HubSpot does not count, or counts fewer rows than it shows, only the order of the answers
would prove a walk of several pages, so the second way is taken as well.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tap_hubspot_crm.halved_search import HalvedSearch
from tap_hubspot_crm.id_search import IdSearch
from tap_hubspot_crm.object_requests import SEARCH_LIMIT
from tap_hubspot_crm.timekeeping import to_milliseconds

if TYPE_CHECKING:
    from datetime import datetime

    from tap_hubspot_crm.spans import Found, Query
    from tap_hubspot_crm.windows import Hit

#: How many searches a plan may make however few rows they bring, and how many more for each page
#: of rows found. A walk takes one a page, a search by halves about four; where rows were merged or
#: pages are short, a few more. A plan that takes more does not come to an end.
_FREE_QUERIES = 100
_QUERIES_A_PAGE = 8


class CountedSearch:
    """Finds all rows that match a filter, in two ways if need be; a pure plan."""

    def __init__(self, lower: int) -> None:
        """Begin before the first row.

        Args:
            lower: Milliseconds since 1970; rows modified then or later are looked for.
        """
        self._lower = lower
        self._walk = IdSearch()
        self._halves: HalvedSearch | None = None
        self._ids: set[int] = set()
        self._is_begun = False
        self._queries = 0
        self._on_their_way = 0
        self._counts_are_wrong = False
        #: When the walk began, in milliseconds since 1970 by HubSpot's time.
        self._walked_since = 0
        #: How many rows HubSpot counted at first, None where its counts are of no use.
        self.total: int | None = None
        #: How many ids the walk found, and how many rows from before it were found later.
        self.walked = 0
        self.missed = 0

    @property
    def found(self) -> int:
        """How many ids were found."""
        return len(self._ids)

    @property
    def finished(self) -> bool:
        """Whether nothing more will be found."""
        if self._halves is not None:
            return self._halves.finished
        return self._walk.finished and not self._is_unproven

    @property
    def is_short(self) -> bool:
        """Whether HubSpot counts more rows than any search shows; certain once it is finished."""
        return self._halves is not None and self._halves.is_short

    @property
    def walk_missed_rows(self) -> bool:
        """Whether the walk alone did not find all; certain once the search is finished."""
        return self.is_short or self.missed > 0

    @property
    def _is_unproven(self) -> bool:
        """Whether the walk, once it is finished, does not prove that it found all."""
        return self._queries > 1 or len(self._ids) < (self.total or 0)

    def next_query(self) -> Query | None:
        """Return a search to make now, None while all depends on those being made."""
        if self._halves is None and self._walk.finished and self._is_unproven:
            if self._on_their_way:
                return None
            self._halves = HalvedSearch(
                self._ids,
                lower=self._lower,
                walked_since=self._walked_since,
                has_counts=self.total is not None,
            )
            self.walked, self._queries = len(self._ids), 0
        query = (self._halves or self._walk).next_query()
        if query is not None:
            self._queries += 1
            self._on_their_way += 1
        return query

    def place(self, query: Query, found: Found, *, asked_at: datetime) -> tuple[Hit, ...]:
        """Note what a query found.

        Args:
            query: What was asked.
            found: The answer.
            asked_at: A moment before, in HubSpot's time.

        Returns:
            The hits that are new, those out of place included.
        """
        self._on_their_way -= 1
        if not self._is_begun:
            self._is_begun, self.total = True, found.total
            self._walked_since = to_milliseconds(asked_at)
        # A row outside the window of time was not counted: it is passed on, and no evidence.
        counted = sum(hit.modified >= self._lower for hit in found.hits)
        if found.total is not None and counted > found.total:
            self._counts_are_wrong, self.total = True, None
        if self._counts_are_wrong:
            found = replace(found, total=None)
        if self._halves is None:
            hits = self._walk.place(query, found)
        else:
            self._halves.place(query, found)
            hits = tuple(hit for hit in found.hits if hit.number not in self._ids)
            self.missed += sum(self._lower <= hit.modified < self._walked_since for hit in hits)
        self._ids.update(hit.number for hit in hits if hit.modified >= self._lower)
        plan = self._halves or self._walk
        pages = len(self._ids) / SEARCH_LIMIT
        if not plan.finished and self._queries >= _FREE_QUERIES + _QUERIES_A_PAGE * pages:
            plan.give_up()
        return hits
