"""Which search to make next, so that several run side by side and none misses a row.

A pure plan: it sends nothing. Rows are walked by rising id in spans, each page from the last hit of
the one before on, so no offset ever moves a row past the walk. Where HubSpot counts many rows
ahead, a look ahead reads the page in the middle of a span: it holds rows that were wanted anyway,
and cuts the span in two.

What a page is taken to cover is only believed when its last hit is shown again where the next one
begins (see `Leap`); else that part of the id space is searched by itself.

That relies on HubSpot's order of ids. Where the answers are not in this order, or do not respect
the filter, the plan gives up; `counted_search` holds what it found against HubSpot's own count.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from tap_hubspot_crm.object_requests import SEARCH_LIMIT
from tap_hubspot_crm.spans import FARTHEST, Found, Leap, Query, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_hubspot_crm.windows import Hit

#: A shorter span is not worth a cut.
_WORTH_CUTTING = 4 * SEARCH_LIMIT
#: HubSpot's ids are signed numbers of 64 bits.
_GREATEST_ID = 2**63 - 1
#: Where more than one hit in so many is out of order, a page has no marks.
_IN_ORDER = 4


class IdSearch:
    """Walks all rows that match a filter, by id."""

    def __init__(self) -> None:
        """Begin before the first id."""
        self._spans = [Span()]
        #: What each query on its way is for: its span, and whether it looks ahead.
        self._asked: dict[Query, tuple[Span, bool]] = {}
        #: Whether the walk ended without a proof that every row was found.
        self.has_given_up = False

    @property
    def finished(self) -> bool:
        """Whether there is no more to ask."""
        return not self._spans

    def give_up(self) -> None:
        """End the walk: HubSpot's answers do not lead to its end."""
        self.has_given_up = True
        for span in tuple(self._spans):
            self._finish(span)

    def next_query(self) -> Query | None:
        """Return a search to make now, None while all depends on those being made."""
        for span in self._spans:
            if not span.asked:
                span.asked = True
                return self._ask(span, span.offset)
        return self._cut()

    def place(self, query: Query, found: Found) -> tuple[Hit, ...]:
        """Note what a query found.

        Returns:
            The hits that are new, those out of place included.
        """
        span, looks_ahead = self._asked.pop(query)
        if self.has_given_up:
            return tuple(found.hits)
        if looks_ahead:
            return self._place_ahead(span, query, found)
        hits = found.hits
        span.asked = False
        begin = span.before
        known = span.found if begin is None else span.found | begin.found
        is_met = self._meet_begin(span, hits)
        if found.following is None:
            self._finish(span)
            self._meet_end(span.after, hits)
        elif not hits:
            if found.following == query.offset:
                self.give_up()
            # A page whose rows have all gone: the next one, if it is of the same query still.
            span.offset = found.following if query.upper == span.upper else None
        else:
            self._go_on(span, found, is_met=is_met)
        return tuple(hit for hit in hits if hit not in known)

    def _go_on(self, span: Span, found: Found, *, is_met: bool) -> None:
        """Have the span begin at the last hit that may be where it stands."""
        hits = found.hits
        span.offset = None
        marks = _marks(hits, above=span.lower, upto=span.upper)
        if marks:
            # The more marks were wrong the further back: few pages are wrong to their end.
            place = marks[max(-len(marks), -(2**span.doubts))]
            mark = hits[place]
            span.before = Leap(
                mark=mark,
                lower=span.lower,
                upper=mark.number - 1,
                found=span.found | frozenset(hits),
                doubts=span.doubts,
            )
            span.left = _least(span.left, found.total, less=place)
            span.lower = mark.number
        elif span.lower == span.upper:
            self.give_up()
        elif is_met and len(hits) == 1:
            span.lower += 1
        else:
            self._halve(span, hits)

    def _meet_begin(self, span: Span, hits: Sequence[Hit]) -> bool:
        """Return whether the span begins with its mark, and see to the leap to it if not."""
        leap, span.before = span.before, None
        if leap is None:
            return False
        if hits and hits[0] == leap.mark:
            span.doubts = 0
            return True
        self._doubt(leap)
        return False

    def _meet_end(self, leap: Leap | None, hits: Sequence[Hit]) -> None:
        if leap is not None and leap.mark not in hits:
            self._doubt(leap)

    def _doubt(self, leap: Leap) -> None:
        """Have a part searched by itself that a page may not have held all of."""
        again = Span(lower=leap.lower, upper=leap.upper, found=leap.found, doubts=leap.doubts + 1)
        self._spans.insert(0, again)

    def _halve(self, span: Span, hits: Sequence[Hit]) -> None:
        """Cut a span at a number, where no hit shows how far its page reaches."""
        if span.upper is not None:
            middle = (span.lower + span.upper) // 2
        else:
            middle = max(2 * span.lower, *(hit.number for hit in hits))
        if middle >= _GREATEST_ID:
            self.give_up()
            return
        self._finish(span)
        found = span.found | frozenset(hits)
        self._spans[:0] = (
            Span(lower=span.lower, upper=middle, found=found),
            Span(lower=middle + 1, upper=span.upper, after=span.after, found=found),
        )

    def _cut(self) -> Query | None:
        """Return a look at the middle of the longest span."""
        longest = max(
            (span for span in self._spans if not span.looking_ahead),
            key=lambda span: span.left or 0,
            default=None,
        )
        if longest is None or (longest.left or 0) < _WORTH_CUTTING:
            return None
        # Whole pages, so that the lower part ends with a full one; each shows the mark again.
        step = max(1, SEARCH_LIMIT - 1)
        middle = min((longest.left or 0) // 2, FARTHEST) // step * step
        longest.looking_ahead = True
        return self._ask(longest, str(middle), looks_ahead=True)

    def _ask(self, span: Span, offset: str | None, *, looks_ahead: bool = False) -> Query:
        query = Query(lower=span.lower, upper=span.upper, offset=offset)
        self._asked[query] = span, looks_ahead
        return query

    def _place_ahead(self, span: Span, query: Query, found: Found) -> tuple[Hit, ...]:
        hits = found.hits
        span.looking_ahead = False
        offset = int(query.offset or 0)
        span.left = _least(span.left, offset)
        marks = _marks(hits, above=span.lower, upto=span.upper)
        if span.finished or not marks or (found.following is not None and len(marks) == 1):
            # Fewer rows than were counted: the span is walked as if nobody had looked.
            return ()
        begin, end = hits[marks[0]], hits[marks[-1]]
        taken = [hit for hit in hits[marks[0] :] if hit not in span.found]
        page = frozenset(taken)
        upper = span.upper
        if found.following is None:
            self._meet_end(span.after, hits)
        else:
            upper = end.number - 1
            leap = Leap(mark=end, lower=begin.number, upper=upper, found=page)
            left = None if found.total is None else found.total - offset - marks[-1]
            self._spans.append(
                Span(
                    lower=end.number,
                    upper=span.upper,
                    before=leap,
                    after=span.after,
                    found=span.found,
                    left=left,
                )
            )
        span.after = Leap(mark=begin, lower=begin.number, upper=upper, found=page)
        span.upper, span.offset = begin.number, None
        span.found |= page
        return tuple(taken)

    def _finish(self, span: Span) -> None:
        span.finished = True
        self._spans.remove(span)


def _marks(hits: Sequence[Hit], *, above: int, upto: int | None) -> list[int]:
    """Return the places of hits that may be where they stand, each before all those behind it.

    A row that others were merged into may be shown where one of those stood.
    """
    numbers = [hit.number for hit in hits]
    descents = sum(before > after for before, after in pairwise(numbers))
    if descents > max(1, len(hits) // _IN_ORDER):
        return []
    places: list[int] = []
    least = _GREATEST_ID if upto is None else upto + 1
    for place in reversed(range(len(hits))):
        if above < numbers[place] < least and not hits[place].is_survivor:
            places.append(place)
            least = numbers[place]
    return places[::-1]


def _least(known: int | None, total: int | None, *, less: int = 0) -> int | None:
    counts = [count - less for count in (known, total) if count is not None]
    return max(0, min(counts)) if counts else None
