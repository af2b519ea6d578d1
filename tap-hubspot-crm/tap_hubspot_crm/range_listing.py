"""Reads the live listing in several ranges of ids side by side, each row once."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from tap_hubspot_crm.errors import UnexpectedResponseError
from tap_hubspot_crm.id_ranges import IdRanges, OpenRange
from tap_hubspot_crm.objects import BATCH_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from tap_hubspot_crm.id_ranges import Placed
    from tap_hubspot_crm.objects import ListedPage, ObjectReader, Reading
    from tap_hubspot_crm.pool import Handle
    from tap_hubspot_crm.state import IdRange


#: One reader for so many calls of the limit.
_CALLS_A_READER = 5


@dataclass(frozen=True, kw_only=True)
class ListedPart:
    """Rows of the listing, to be sent now."""

    reading: Reading
    #: The ids among them that no other part brings.
    ids: frozenset[str]
    #: What is left to be read once this part and those before it are sent.
    open_ranges: tuple[IdRange, ...]
    #: Before its request, in HubSpot's time.
    asked_at: datetime


#: Reads the greatest id and the number of rows, None where they are not known.
Extent: TypeAlias = "Handle[tuple[int, int] | None]"


def ask_for_extent(reader: ObjectReader) -> Extent:
    """Have the extent of the live listing read, a hint for `list_in_ranges`; do not wait for it."""
    return reader.client.pool.submit(reader.greatest_id)


def list_in_ranges(
    reader: ObjectReader, open_ranges: Sequence[IdRange], *, extent: Extent | None = None
) -> Iterator[ListedPart]:
    """Yield the rows of the live listing, in no order.

    Args:
        reader: Reads contacts or deals.
        open_ranges: What is still to be read.
        extent: How far it goes, where that was asked for before.
    """
    listing = _Listing(reader, open_ranges, extent or ask_for_extent(reader))
    while handles := listing.submit():
        yield from listing.take(reader.client.pool.wait(handles))
    yield from listing.merged()


@dataclass(frozen=True, kw_only=True)
class _Unread:
    """A page whose rows are to be read by id."""

    part: OpenRange
    placed: Placed
    page: ListedPage


class _Listing:
    def __init__(
        self, reader: ObjectReader, open_ranges: Sequence[IdRange], extent: Extent
    ) -> None:
        self._reader = reader
        self._pool = reader.client.pool
        # So many use up the limit's calls in little more than a second at the usual latencies; more
        # would only lose more pages where their ranges meet.
        calls = reader.client.limiter.burst.limit
        self._most = min(reader.client.max_concurrency, max(1, calls // _CALLS_A_READER))
        self._plan = IdRanges(open_ranges, readers=self._most)
        self._pages: dict[Handle[ListedPage | UnexpectedResponseError], OpenRange] = {}
        self._unread: deque[_Unread] = deque()
        self._reads: dict[Handle[Reading], _Unread] = {}
        self._extent: Extent | None = extent
        self._merged: dict[str, datetime] = {}

    def submit(self) -> list[Handle[Any]]:
        """Have as many requests made as make sense now; return all that are on their way."""
        while len(self._pages) + len(self._reads) < self._most:
            if self._unread:
                unread = self._unread.popleft()
                read = partial(self._reader.read, unread.placed.ids)
                self._reads[self._pool.submit(read)] = unread
            elif (part := self._plan.next_page() or self._plan.cut()) is not None:
                self._pages[self._pool.submit(partial(self._page, part))] = part
            else:
                break
        # Without pages on their way there is nothing left that it could help to divide.
        asked = [*self._reads, *self._pages]
        return [*asked, self._extent] if asked and self._extent is not None else asked

    def take(self, done: Handle[Any]) -> Iterator[ListedPart]:
        """Yield what a request that is done brought."""
        if done is self._extent:
            self._extent = None
            known = done.result()
            if known is not None:
                self._plan.know(greatest=known[0], rows=known[1])
        elif done in self._reads:
            yield from self._read(self._reads.pop(done), done.result())
        else:
            yield from self._place(self._pages.pop(done), done.result())

    def merged(self) -> Iterator[ListedPart]:
        """Yield what became of rows that were merged while the listing ran.

        Last and one after another: the row they are part of now may have been sent before.
        """
        ids = sorted(self._merged, key=int)
        for start in range(0, len(ids), BATCH_LIMIT):
            part = ids[start : start + BATCH_LIMIT]
            yield ListedPart(
                reading=self._reader.read(part),
                ids=frozenset(part),
                open_ranges=(),
                asked_at=self._merged[part[0]],
            )

    def _page(self, part: OpenRange) -> ListedPage | UnexpectedResponseError:
        try:
            return self._reader.list_page(archived=False, after=part.after)
        except UnexpectedResponseError as error:
            if part.last is not None or part.after is None:
                raise
            # Perhaps only the cursor, which HubSpot has not given out in this run.
            return error

    def _place(
        self, part: OpenRange, page: ListedPage | UnexpectedResponseError
    ) -> Iterator[ListedPart]:
        if isinstance(page, UnexpectedResponseError):
            if not self._plan.refuse(part):
                raise page
            return
        placed = self._plan.place(part, page.ids, page.after)
        if placed is None:
            return
        unread = _Unread(part=part, placed=placed, page=page)
        if placed.ids and self._reader.lists_ids_only:
            self._unread.append(unread)
        else:
            yield from self._send(unread, page.reading)

    def _read(self, unread: _Unread, reading: Reading) -> Iterator[ListedPart]:
        if self._plan.holds(unread.part):
            self._merged.update(dict.fromkeys(reading.merged, unread.page.asked_at))
            yield from self._send(unread, replace(reading, merged={}))

    def _send(self, unread: _Unread, reading: Reading) -> Iterator[ListedPart]:
        self._plan.sent(unread.part, unread.placed.cursor)
        yield ListedPart(
            reading=reading,
            ids=frozenset(unread.placed.ids),
            open_ranges=self._plan.open_ranges(),
            asked_at=unread.page.asked_at,
        )
