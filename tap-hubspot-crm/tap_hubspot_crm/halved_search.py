"""The second way to search: by halves, until HubSpot shows as many rows as it counts in each.

A pure plan that begins by asking how many rows there are after the first walk. If that found fewer,
it reads what was changed meanwhile and asks again; then it looks for the rest, without relying on
the order of the answers. A part is proven when one answer, the last of its query, shows as many
results as HubSpot counts in it; results are counted, not ids, because a row that was merged a
moment ago may be shown under the id of another one. A part that is not proven is cut at an id:
`GT middle` and `LTE middle` together hold every row, whichever order of ids the filter follows.

Where HubSpot filters ids as numbers, a part is also proven when at least as many of its ids are
known as HubSpot counts, so a few missing rows cost a few searches. The answers show whether this
holds; if not, the plan begins again, with ids as text, at last by offset, as far as HubSpot pages.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from enum import Enum
from typing import TYPE_CHECKING

from tap_hubspot_crm.spans import Part, Query

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_hubspot_crm.spans import Found
    from tap_hubspot_crm.windows import Hit

#: One row on either side of a cut.
_BOTH_SIDES = 2
#: More cuts in a row than these do not miss all rows by chance.
_MOST_IDLE_CUTS = 5


class _Way(Enum):
    """How the plan divides the rows; where HubSpot's answers refute one, the next is tried."""

    NUMBERS = 1
    TEXT = 2
    OFFSETS = 3


class HalvedSearch:
    """Finds the rows of a search that its first walk did not show."""

    def __init__(
        self, known: Iterable[int], *, lower: int, walked_since: int, has_counts: bool
    ) -> None:
        """Begin by asking for the whole search again.

        Args:
            known: The ids that were found.
            lower: Milliseconds since 1970; rows modified then or later are looked for.
            walked_since: When the first walk began, likewise.
            has_counts: Whether HubSpot says how many rows there are.
        """
        self._known = sorted(known)
        #: The least that HubSpot counted in all, None where its counts are of no use.
        self._least_total: int | None = None
        self._lower = lower
        self._walked_since = walked_since
        self._has_read_recent = False
        self._way = _Way.NUMBERS
        self._parts = [Part()]
        self._asked: dict[Query, Part] = {}
        #: How many results the parts that are proven have.
        self._proven = 0
        self._is_unproven = False
        self._counts_only = False
        self._counts_are_wrong = not has_counts
        self._is_tested = False
        #: Whether HubSpot counts more rows than any search shows; certain once it is finished.
        self.is_short = False

    @property
    def finished(self) -> bool:
        """Whether there is no more to ask."""
        return not self._parts and not self._asked

    def give_up(self) -> None:
        """End the search: too many answers brought nothing."""
        self._parts, self._asked = [], {}
        self.is_short = not self._is_all_known()

    def next_query(self) -> Query | None:
        """Return a search to make now, None while all depends on those being made."""
        if not self._parts:
            return None
        part = self._parts.pop()
        query = Query(
            lower=part.above,
            upper=part.upto,
            offset=part.offset,
            is_lower_excluded=True,
            since=self._walked_since if part.is_recent else None,
        )
        self._asked[query] = part
        return query

    def place(self, query: Query, found: Found) -> None:
        """Note what a query found."""
        for hit in found.hits:
            # A row outside the window of time was not counted.
            if hit.modified >= self._lower and not self._knows(hit.number):
                insort(self._known, hit.number)
        # None if the plan began again meanwhile, or gave up.
        part = self._asked.pop(query, None)
        if part is not None:
            self._place(part, found)
            if self.finished:
                self._conclude()

    def _place(self, part: Part, found: Found) -> None:
        total = None if self._counts_are_wrong else found.total
        if part.is_recent:
            self._parts.append(part if part.follow(found.following) else Part())
        elif part.is_test:
            if not found.hits and found.following is None:
                self._begin_again(_Way.TEXT)
        elif found.total is None and not self._counts_are_wrong:
            self._distrust_counts()
        else:
            if part.is_everything and total is not None:
                least = self._least_total
                self._least_total = total if least is None else min(total, least)
            if not self._counts_only:
                self._judge(part, found, total)

    def _judge(self, part: Part, found: Found, total: int | None) -> None:
        """Say whether all of a part was shown, and what to ask next if not."""
        part.shown.update(found.hits)
        self._suspect(part, found.hits)
        if self._is_proven(part, found, total):
            self._proven += len(part.shown) if total is None else total
        elif part.is_everything and total is not None and not self._has_read_recent:
            self._has_read_recent = True
            self._parts.append(Part(is_recent=True))
        elif self._is_undivided(part, total):
            self._begin_again(_Way(self._way.value + 1))
        elif found.following is None:
            self._ask_again(part, len(found.hits), total or 0)
        elif (middle := self._middle(part, found.hits)) is not None:
            self._parts += (
                Part(above=above, upto=upto, counted_in_both=total, idle_cuts=part.idle_cuts)
                for above, upto in ((middle, part.upto), (part.above, middle))
            )
        elif part.follow(found.following):
            self._parts.append(part)
        else:
            self._is_unproven = True

    def _ask_again(self, part: Part, shown: int, total: int) -> None:
        """Ask for a part again that ends short; twice is enough to judge its count."""
        before, part.ended_with = part.ended_with, (shown, total)
        if before is None:
            part.offset = None
            self._parts.append(part)
        elif before[0] == shown and before[1] != total:
            # It moves while nothing else does.
            self._distrust_counts()
        else:
            self._is_unproven = True

    def _is_proven(self, part: Part, found: Found, total: int | None) -> bool:
        if found.following is None and part.offset is None:
            if total is None or len(found.hits) >= total:
                return True
        elif found.following is None and total is not None and len(part.shown) >= total:
            # Over several pages only what differs counts: a page may repeat rows of another.
            return True
        return (
            total is not None
            and (self._way is _Way.NUMBERS or part.is_everything)
            and len(self._known_in(part)) >= total
        )

    def _suspect(self, part: Part, hits: Sequence[Hit]) -> None:
        """Test the filter, once, when it shows an id where only text would put it."""
        if self._way is not _Way.NUMBERS or self._is_tested:
            return
        for hit in hits:
            if part.holds_as_text(hit) and not part.holds_as_number(hit):
                if hit.number > part.above:
                    above, upto = part.upto or 0, hit.number
                else:
                    behind = (k for k in self._known if k > hit.number and str(k) < hit.id)
                    above, upto = hit.number, max(behind, default=0)
                if above < upto:
                    # As numbers at least the row `upto` lies between the two, as text nothing.
                    self._is_tested = True
                    self._parts.append(Part(above=above, upto=upto, is_test=True))
                    return

    def _is_undivided(self, part: Part, total: int | None) -> bool:
        """Say whether cuts take no rows away: HubSpot does not filter in the way that is tried."""
        both = part.counted_in_both
        is_idle = both is not None and total is not None and total >= both
        part.idle_cuts = part.idle_cuts + 1 if is_idle else 0
        return part.idle_cuts > _MOST_IDLE_CUTS

    def _begin_again(self, way: _Way) -> None:
        self._way = way
        self._parts, self._asked = [Part()], {}
        self._proven, self._is_unproven = 0, False

    def _distrust_counts(self) -> None:
        """Begin again without HubSpot's counts: a part is proven by an answer without a cursor."""
        self._counts_are_wrong = True
        self._least_total = None
        self._begin_again(self._way)

    def _middle(self, part: Part, hits: Sequence[Hit]) -> int | None:
        """Return an id to cut a part at, if possible with known rows on either side."""
        if self._way is _Way.OFFSETS:
            return None
        if self._way is _Way.TEXT:
            inside = sorted({hit.number for hit in hits if part.holds_as_text(hit)}, key=str)
        else:
            inside = self._known_in(part)
        if len(inside) >= _BOTH_SIDES:
            return inside[(len(inside) - 1) // 2]
        if self._way is _Way.TEXT:
            return None
        # More rows than the page shows, and all but one are not known or have the ids of others.
        if part.upto is None:
            return inside[0] if inside else None
        return (part.above + part.upto) // 2 if part.upto > part.above + 1 else None

    def _known_in(self, part: Part) -> list[int]:
        """Return the ids known in a part, ascending."""
        end = None if part.upto is None else bisect_right(self._known, part.upto)
        # A part without a lower bound may hold the id 0.
        return self._known[bisect_right(self._known, part.above) if part.above else 0 : end]

    def _knows(self, number: int) -> bool:
        place = bisect_left(self._known, number)
        return place < len(self._known) and self._known[place] == number

    def _is_all_known(self) -> bool:
        return self._least_total is not None and len(self._known) >= self._least_total

    def _conclude(self) -> None:
        """Say whether the search is complete; ask for its size once more before it is not."""
        is_whole = not self._is_unproven and self._proven >= (self._least_total or 0)
        if is_whole or self._is_all_known():
            return
        if self._counts_only:
            self.is_short = True
        else:
            # Rows may have gone since they were counted.
            self._counts_only = True
            self._parts.append(Part())
