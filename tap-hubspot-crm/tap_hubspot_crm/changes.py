"""Searches for changed rows, several at a time."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from tap_hubspot_crm.counted_search import CountedSearch
from tap_hubspot_crm.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from tap_hubspot_crm.objects import ObjectReader, SearchPage
    from tap_hubspot_crm.pool import Handle
    from tap_hubspot_crm.spans import Query
    from tap_hubspot_crm.windows import Hit

logger = logging.getLogger("HubSpotConnector")

#: HubSpot takes five searches a second; at the usual latencies two or three are on their way.
_MOST_AT_ONCE = 4


class ChangeSearch:
    """Finds every row modified at a moment or later; whoever drives it waits for its handles."""

    def __init__(self, reader: ObjectReader, lower: int) -> None:
        """Begin without any request.

        Args:
            reader: Searches one object type.
            lower: The moment in milliseconds since 1970.
        """
        self._reader = reader
        self._lower = lower
        self._plan = CountedSearch(lower)
        self._queries: dict[Handle[SearchPage], Query] = {}
        self._most = max(1, min(_MOST_AT_ONCE, reader.client.max_concurrency // 2))
        self._started_at: datetime | None = None
        self._is_logged = False

    @property
    def handles(self) -> Collection[Handle[SearchPage]]:
        """The searches that are on their way."""
        return self._queries.keys()

    @property
    def started_at(self) -> datetime:
        """Return a moment before the first search, in HubSpot's time, once it was answered."""
        if self._started_at is None:
            raise InternalError("a search was not made whose time is asked for")
        return self._started_at

    @property
    def finished(self) -> bool:
        """Whether nothing more will be found; looks ahead may still be on their way."""
        return self._plan.finished

    @property
    def is_short(self) -> bool:
        """Whether HubSpot counts more rows than its searches show; certain once it is finished."""
        return self._plan.is_short

    @property
    def shortfalls(self) -> int:
        """Return 1 if the first way of searching missed rows, else 0; certain as `is_short` is."""
        return int(self._plan.walk_missed_rows)

    def ask(self) -> None:
        """Have the first search made; do not wait for it."""
        query = self._plan.next_query()
        if query is not None:
            self._queries[self._reader.client.pool.submit(partial(self._page, query))] = query

    def first(self) -> tuple[Hit, ...]:
        """Return what the first search finds; it is made in this thread unless it was asked for."""
        if self._queries:
            return self.take(self._reader.client.pool.wait(self._queries))
        query = self._plan.next_query()
        return () if query is None else self._place(query, self._page(query))

    def submit(self) -> None:
        """Have as many searches made as make sense now."""
        while len(self._queries) < self._most and (query := self._plan.next_query()) is not None:
            handle = self._reader.client.pool.submit(partial(self._page, query))
            self._queries[handle] = query

    def take(self, handle: Handle[SearchPage]) -> tuple[Hit, ...]:
        """Return the new rows of a search that is done."""
        return self._place(self._queries.pop(handle), handle.result())

    def all(self) -> Iterator[tuple[Hit, ...]]:
        """Make every search there is, and yield the rows of each."""
        yield self.first()
        while True:
            self.submit()
            if not self._queries:
                return
            yield self.take(self._reader.client.pool.wait(self._queries))

    def _page(self, query: Query) -> SearchPage:
        return self._reader.search_page(query, self._lower)

    def _place(self, query: Query, page: SearchPage) -> tuple[Hit, ...]:
        if self._started_at is None or page.asked_at < self._started_at:
            self._started_at = page.asked_at
        hits = self._plan.place(query, page.found, asked_at=page.asked_at)
        if self._plan.finished and not self._is_logged:
            self._is_logged = True
            self._log_shortfall()
        return hits

    def _log_shortfall(self) -> None:
        plan = self._plan
        if plan.walk_missed_rows:
            logger.warning(
                "%s: HubSpot counted %s changed records and its search showed %d; searched again "
                "another way: %d, %s",
                self._reader.object_type,
                "no" if plan.total is None else plan.total,
                plan.walked,
                plan.found,
                "which may not be all: a full pass is due" if plan.is_short else "which is all",
            )
