"""Searches for changed rows, several at a time."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tap_hubspot_crm.errors import InternalError
from tap_hubspot_crm.id_search import IdSearch

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from tap_hubspot_crm.objects import ObjectReader, SearchPage
    from tap_hubspot_crm.pool import Handle
    from tap_hubspot_crm.spans import Query
    from tap_hubspot_crm.windows import Hit

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
        self._plan = IdSearch(reader.client.paths.search(reader.object_type).path)
        self._queries: dict[Handle[SearchPage], Query] = {}
        self._most = max(1, min(_MOST_AT_ONCE, reader.client.max_concurrency // 2))
        self._started_at: datetime | None = None

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
        """Whether everything was found; looks ahead may still be on their way."""
        return self._plan.finished

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
        """Return the new rows of a search that is done.

        Raises:
            UnexpectedResponseError: HubSpot did not filter as it was asked to.
        """
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
        return self._plan.place(query, page.found)
