"""Reads the live listing in several ranges of ids side by side, each row once."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from tap_hubspot_crm.batch_read import BATCH_LIMIT
from tap_hubspot_crm.errors import TapError, UnexpectedResponseError
from tap_hubspot_crm.id_ranges import IdRanges, OpenRange
from tap_hubspot_crm.paging import CursorTrail
from tap_hubspot_crm.reading import Reading
from tap_hubspot_crm.state import IdRange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from tap_hubspot_crm.id_ranges import Placed
    from tap_hubspot_crm.objects import ObjectReader
    from tap_hubspot_crm.pool import Handle
    from tap_hubspot_crm.reading import ListedPage


T = TypeVar("T")

#: One reader for so many calls of the limit.
_CALLS_A_READER = 5
#: So many rows may be missing from a listing that shows less than half of what a search counts.
_FEW_ROWS = 100
#: How many values of properties are held back at most, so that requests go before sending: what a
#: burst at the usual limits brings of two dozen properties, in some 40 MB.
_MOST_VALUES_UNSENT = 500_000


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


@dataclass(frozen=True, kw_only=True)
class Extent:
    """Requests that tell how far the live listing goes and how close its ids are: hints only."""

    #: Reads the greatest id and the number of rows, None where they are not known.
    greatest: Handle[tuple[int, int] | None]
    #: Reads the lowest ids, where the listing begins with them.
    lowest: Handle[tuple[str, ...] | None] | None


def ask_for_extent(reader: ObjectReader, *, from_the_beginning: bool) -> Extent:
    """Have the extent of the live listing read, for `list_in_ranges`; do not wait for it.

    Args:
        reader: Reads one object type.
        from_the_beginning: Whether the listing is to begin there; otherwise it goes on.
    """
    pool = reader.client.pool
    return Extent(
        greatest=pool.submit(partial(_hint, reader.greatest_id)),
        lowest=pool.submit(partial(_hint, reader.lowest_ids)) if from_the_beginning else None,
    )


def _hint(ask: Callable[[], T]) -> T | None:
    """Return what a request says, None where HubSpot does not serve it: nothing rests on it."""
    try:
        return ask()
    except TapError as error:
        if not error.is_divisible:
            raise
        return None


def list_in_ranges(
    reader: ObjectReader, open_ranges: Sequence[IdRange], *, extent: Extent | None = None
) -> Iterator[ListedPart]:
    """Yield the rows of the live listing, in no order.

    Args:
        reader: Reads one object type.
        open_ranges: What is still to be read.
        extent: How far it goes, where that was asked for before.
    """
    known = extent or ask_for_extent(reader, from_the_beginning=False)
    listing = _Listing(reader, open_ranges, known)
    pool = reader.client.pool
    is_whole = tuple(open_ranges) == (IdRange(),)
    listed = 0
    while handles := listing.submit():
        # The next requests before the rows: those are sent while HubSpot answers.
        while listing.unsent and (listing.is_full or not any(handle.done for handle in handles)):
            for part in listing.send():
                listed += len(part.ids)
                yield part
        listing.take(pool.wait(handles))
    while listing.unsent:
        for part in listing.send():
            listed += len(part.ids)
            yield part
    if is_whole:
        count = pool.wait([known.greatest]).result()
        if count is not None and 2 * listed < count[1]:
            yield from _list_again(reader)
    yield from listing.merged()


def _list_again(reader: ObjectReader) -> Iterator[ListedPart]:
    """List once more where a search counts twice as many rows: a short listing is not an answer.

    The second time few rows are believed to be missing, since the index of the search runs behind:
    as many as a consumer would delete without asking.

    Raises:
        UnexpectedResponseError: Many rows are missing again. The listing begins from its start when
            it goes on.
    """
    listed = 0
    part: ListedPart | None = None
    for page in reader.list_pages(archived=False):
        listed += len(page.ids)
        part = ListedPart(
            reading=page.reading,
            ids=frozenset(page.ids),
            open_ranges=(IdRange(),),
            asked_at=page.asked_at,
        )
        yield part
    totals = {(reader.greatest_id() or (0, 0))[1] for _ in range(2)}
    total = min(totals)
    # A count that is another one each time is not evidence.
    if len(totals) == 1 and 2 * listed < total and total - listed > _FEW_ROWS:
        raise UnexpectedResponseError(
            f"HubSpot lists {listed} {reader.object_type} where its search counts {total}; nothing "
            "is removed on that; run again, and check what the token may see if it stays so"
        )
    if part is not None:
        nothing = Reading(answered_at=part.reading.answered_at)
        yield replace(part, reading=nothing, ids=frozenset(), open_ranges=())


@dataclass(frozen=True, kw_only=True)
class _Page:
    """A page of the listing whose rows are to be read by id, or to be sent."""

    part: OpenRange
    placed: Placed
    reading: Reading
    asked_at: datetime


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
        self._pages: dict[Handle[ListedPage | TapError], OpenRange] = {}
        self._unread: deque[_Page] = deque()
        self._reads: dict[Handle[Reading], _Page] = {}
        #: Read and not sent yet.
        self.unsent: deque[_Page] = deque()
        self._greatest: Handle[tuple[int, int] | None] | None = extent.greatest
        self._lowest = extent.lowest
        self._merged: dict[str, datetime] = {}
        self._trails: dict[OpenRange, CursorTrail] = {}

    def submit(self) -> list[Handle[Any]]:
        """Have as many requests made as make sense now; return all that are on their way."""
        while len(self._pages) + len(self._reads) < self._most:
            if self._unread:
                unread = self._unread.popleft()
                read = partial(self._reader.read_listed, unread.placed.ids)
                self._reads[self._pool.submit(read)] = unread
            elif (part := self._plan.next_page() or self._plan.cut()) is not None:
                self._pages[self._pool.submit(partial(self._page, part))] = part
            else:
                break
        # Without pages on their way there is nothing left that it could help to divide.
        asked: list[Handle[Any]] = [*self._reads, *self._pages]
        if asked:
            asked.extend(hint for hint in (self._lowest, self._greatest) if hint is not None)
        return asked

    @property
    def is_full(self) -> bool:
        """Whether so many rows are unsent that no more are to be taken before."""
        values = len(self.unsent) * BATCH_LIMIT * self._reader.property_count
        return values >= _MOST_VALUES_UNSENT

    def take(self, done: Handle[Any]) -> None:
        """Place what a request that is done brought."""
        if done is self._lowest:
            self._lowest = None
            self._plan.know_lowest(done.result() or ())
        elif done is self._greatest:
            self._greatest = None
            known = done.result()
            if known is not None:
                self._plan.know(greatest=known[0], rows=known[1])
        elif done in self._reads:
            page = self._reads.pop(done)
            reading: Reading = done.result()
            unread = {**reading.unread, **page.reading.unread}
            self.unsent.append(replace(page, reading=replace(reading, unread=unread)))
        else:
            self._place(self._pages.pop(done), done.result())

    def send(self) -> Iterator[ListedPart]:
        """Yield the rows of the page that waits longest, unless the listing began anew since."""
        page = self.unsent.popleft()
        if not self._plan.holds(page.part):
            return
        self._merged.update(dict.fromkeys(page.reading.merged, page.asked_at))
        self._plan.sent(page.part, page.placed.cursor)
        yield ListedPart(
            reading=replace(page.reading, merged={}),
            ids=frozenset(page.placed.ids),
            open_ranges=self._plan.open_ranges(),
            asked_at=page.asked_at,
        )

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

    def _page(self, part: OpenRange) -> ListedPage | TapError:
        try:
            return self._reader.list_page(archived=False, after=part.after, is_guess=part.is_cut)
        except TapError as error:
            is_ours = part.is_cut or (part.last is None and part.after is not None)
            if not is_ours or not _may_be_the_cursor(error):
                raise
            # Perhaps only the cursor, which HubSpot has not given out in this run.
            return error

    def _place(self, part: OpenRange, page: ListedPage | TapError) -> None:
        if isinstance(page, TapError):
            if not self._plan.refuse(part):
                raise page
            return
        placed = self._plan.place(part, page.ids, page.after)
        if placed is None:
            return
        endpoint = self._reader.client.paths.listing(self._reader.object_type)
        self._trails.setdefault(part, CursorTrail(endpoint)).step(page.after)
        (self.unsent if page.in_full or not placed.ids else self._unread).append(
            _Page(part=part, placed=placed, reading=page.reading, asked_at=page.asked_at)
        )


def _may_be_the_cursor(error: TapError) -> bool:
    """Say whether a request may have failed for its cursor: an answer said so, or none fits."""
    return error.is_divisible or error.error_class == "unexpected_response"
