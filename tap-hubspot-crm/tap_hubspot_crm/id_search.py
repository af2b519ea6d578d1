"""Which search to make next, so that several run side by side and none sees a row twice.

A pure plan: it sends nothing. Rows are walked by rising id in spans, each from its last id on, so
no offset ever moves a row past the walk. Where HubSpot counts many rows ahead, a look ahead reads
the page in the middle of a span: it holds rows that were wanted anyway, and cuts the span in two.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from tap_hubspot_crm.errors import UnexpectedResponseError

if TYPE_CHECKING:
    from collections.abc import Sequence

SEARCH_LIMIT = 200
#: HubSpot shows 10,000 results of a search (search guide); the page must end before.
_FARTHEST = 10_000 - SEARCH_LIMIT
#: A shorter span is not worth a cut.
_WORTH_CUTTING = 4 * SEARCH_LIMIT


@dataclass(kw_only=True, eq=False)
class Span:
    """A part of the id space that is still to be searched."""

    #: The last id that was found, None at the very beginning.
    above: int | None = None
    #: The id at which the span ends, not included; None for the last span.
    below: int | None = None
    #: Where HubSpot's cursor leads after a page without rows.
    offset: str | None = None
    #: How many rows HubSpot counts in it, None where it does not say.
    left: int | None = None
    #: Whether its next page, or its middle, is being asked for.
    asked: bool = False
    looking_ahead: bool = False
    finished: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Query:
    """A search to make."""

    span: Span
    above: int | None
    below: int | None
    #: HubSpot's `after`: an offset into the results.
    offset: str | None
    ahead: bool = False


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a search found, before it is put in its place."""

    #: Ids in the order of the answer.
    ids: Sequence[int]
    #: HubSpot's cursor of the next page, None on the last.
    following: str | None
    #: How many rows HubSpot counts from the query's beginning, None where it does not say.
    total: int | None


class IdSearch:
    """Walks all rows that match a filter, by id."""

    def __init__(self, path: str) -> None:
        """Begin before the first id; `path` is only for messages."""
        self._path = path
        self._spans = [Span()]

    @property
    def finished(self) -> bool:
        """Whether every row was found."""
        return not self._spans

    def next_query(self) -> Query | None:
        """Return a search to make now, None while all depends on those being made."""
        for span in self._spans:
            if not span.asked:
                span.asked = True
                return Query(span=span, above=span.above, below=span.below, offset=span.offset)
        return self._cut()

    def place(self, query: Query, found: Found) -> slice:
        """Note what a query found.

        Returns:
            The part of the found rows that is new; the rest lies in another span.

        Raises:
            UnexpectedResponseError: HubSpot did not filter or sort as it was asked to.
        """
        ids = found.ids
        if any(before >= after for before, after in pairwise(ids)):
            raise UnexpectedResponseError(f"POST {self._path} ignores the sort by hs_object_id")
        if ids and query.above is not None and ids[0] <= query.above:
            raise UnexpectedResponseError(f"POST {self._path} ignores the filter on hs_object_id")
        if query.ahead:
            return self._place_ahead(query, found)
        span = query.span
        span.asked = False
        new = len(ids) if span.below is None else sum(id_ < span.below for id_ in ids)
        if new < len(ids) or found.following is None:
            self._finish(span)
        elif new:
            span.above, span.offset = ids[-1], None
            span.left = _least(span.left, found.total, less=new)
        elif found.following == span.offset:
            raise UnexpectedResponseError(f"the cursor of POST {self._path} does not advance")
        else:
            # A page whose rows have all gone: the next one, of the same query.
            span.offset = found.following
        return slice(0, new)

    def _cut(self) -> Query | None:
        """Return a look at the middle of the longest span."""
        longest = max(
            (span for span in self._spans if not span.looking_ahead),
            key=lambda span: span.left or 0,
            default=None,
        )
        if longest is None or (longest.left or 0) < _WORTH_CUTTING:
            return None
        # Whole pages, so that the lower part ends with a full one.
        middle = (longest.left or 0) // 2 // SEARCH_LIMIT * SEARCH_LIMIT
        longest.looking_ahead = True
        return Query(
            span=longest,
            above=longest.above,
            below=longest.below,
            offset=str(min(middle, _FARTHEST)),
            ahead=True,
        )

    def _place_ahead(self, query: Query, found: Found) -> slice:
        span, ids = query.span, found.ids
        span.looking_ahead = False
        offset = int(query.offset or 0)
        passed = span.finished or (ids and span.above is not None and ids[0] <= span.above)
        new = 0 if passed else sum(span.below is None or id_ < span.below for id_ in ids)
        if not new:
            # Fewer rows than were counted: the span is walked as if nobody had looked.
            span.left = _least(span.left, offset)
            return slice(0, 0)
        if found.following is not None and new == len(ids):
            left = None if found.total is None else found.total - offset - new
            self._spans.append(Span(above=ids[-1], below=span.below, left=left))
        span.below, span.left = ids[0], _least(span.left, offset)
        return slice(0, new)

    def _finish(self, span: Span) -> None:
        span.finished = True
        self._spans.remove(span)


def _least(known: int | None, total: int | None, *, less: int = 0) -> int | None:
    counts = [count - less for count in (known, total) if count is not None]
    return max(0, min(counts)) if counts else None
