"""Which page of a listing to read next, so that several are read side by side and none twice.

A pure plan: it sends nothing. HubSpot's cursor is the id of the next record (using object APIs),
so a range of ids can be read from the middle on. That is documented, not promised: what a cursor
of ours brings only cuts a range where it shows rows, and the range below is walked by HubSpot's
own cursors up to the very first of them. A cursor of ours that is not heeded costs one request,
never a row.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from tap_hubspot_crm.state import IdRange

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE_ROWS = 100
#: A range with fewer pages ahead is not worth a cut, whose place is a guess.
_PAGES_WORTH_CUTTING = 6


@dataclass(kw_only=True, eq=False)
class OpenRange:
    """A part of the listing still to be read, as far as this run knows it."""

    #: The cursor of its next page; None is the very beginning.
    after: str | None
    #: The lowest id that belongs to it.
    first: int = 0
    #: The id at which it ends, not included; None for the last range.
    before: int | None = None
    #: The range that this one is to be the upper part of, until rows were seen in it.
    cut_from: OpenRange | None = None
    #: Whether a page of it, or of its upper part, is being asked for.
    asked: bool = False
    being_cut: bool = False
    finished: bool = False
    #: The greatest id that was listed, None before its first page.
    last: int | None = None
    #: How far apart its ids were in the last page.
    gap: float = 1.0
    #: Where its rows seem to end, after a cut beyond it found none.
    seems_to_end: int | None = None
    #: The cursors of pages that were listed and not sent yet, in order.
    unsent: deque[str | None] = field(default_factory=deque)

    @property
    def resume_at(self) -> str | None:
        """The cursor with which a later run goes on."""
        return self.unsent[0] if self.unsent else self.after


@dataclass(frozen=True, kw_only=True)
class Placed:
    """What is to be sent of a page, and the cursor by which it is known until then."""

    ids: tuple[str, ...]
    cursor: str | None


class IdRanges:
    """The open ranges of a listing, walked side by side."""

    def __init__(self, open_ranges: Sequence[IdRange]) -> None:
        """Begin with what a state holds; the whole listing is one range."""
        # A single range is walked as HubSpot's cursor leads, whatever order that is.
        several = len(open_ranges) > 1
        self._ranges = [
            OpenRange(
                after=part.after,
                first=(_number(part.after) or 0) if several else 0,
                before=None if part.before is None else int(part.before),
            )
            for part in open_ranges
        ]
        self._greatest: int | None = None
        self._listed = 0
        self._rows = 0
        #: Whether the listing is in order of id and heeds cursors, as far as anybody saw.
        self.ordered = True
        #: Where rows are wanted, if the listing has to be read from its beginning once more.
        self._sieve: tuple[IdRange, ...] | None = None

    def know(self, *, greatest: int, rows: int) -> None:
        """Take over what a search tells, as a hint: the greatest id and the number of rows."""
        self._greatest, self._rows = greatest, rows

    def next_page(self) -> OpenRange | None:
        """Return a range whose next page is to be read now."""
        for part in self._ranges:
            if not part.asked:
                part.asked = True
                return part
        return None

    def cut(self) -> OpenRange | None:
        """Hand the upper half of the longest range on, as a range whose page is to be read now.

        None if no range is long enough, as far as its ids and the number of rows tell.
        """
        if self._greatest is None or not self.ordered:
            return None
        longest = max(self._ranges, key=self._rows_ahead, default=None)
        if longest is None or longest.last is None:
            return None
        rows = self._rows_ahead(longest)
        if rows < _PAGES_WORTH_CUTTING * PAGE_ROWS:
            return None
        # Whole pages below, so that the last one of them is full where ids are even.
        pages = int(rows / 2 / PAGE_ROWS)
        middle = longest.last + 1 + int(pages * PAGE_ROWS * longest.gap)
        longest.being_cut = True
        # One less: it is the same whether a cursor names the next row or the last one.
        upper = OpenRange(
            after=str(middle - 1), first=middle, before=longest.before, cut_from=longest, asked=True
        )
        self._ranges.insert(self._ranges.index(longest) + 1, upper)
        return upper

    def holds(self, part: OpenRange) -> bool:
        """Say whether a range is still one of this plan."""
        return part in self._ranges

    def place(self, part: OpenRange, ids: Sequence[str], following: str | None) -> Placed | None:
        """Note a page of a range.

        Args:
            part: The range.
            ids: The ids of the page, in its order.
            following: HubSpot's cursor of the next page; None on the last.

        Returns:
            What no other page brings; None if the page is of no use.
        """
        numbers = [int(id_) for id_ in ids]
        if not self.holds(part) or not self._heeded(part, numbers):
            return None
        if part.cut_from is not None and not self._root(part, part.cut_from, numbers):
            return None
        cursor = part.after
        inside = [
            id_
            for id_, number in zip(ids, numbers, strict=True)
            if number >= part.first and (part.before is None or number < part.before)
        ]
        self._listed += len(inside)
        self._advance(part, numbers, following)
        wanted = inside if self._sieve is None else [id_ for id_ in inside if self._wanted(id_)]
        part.unsent.append(cursor)
        return Placed(ids=tuple(wanted), cursor=cursor)

    def refuse(self, part: OpenRange) -> bool:
        """Note that HubSpot refused a range's cursor; say whether the listing can go on."""
        if part.cut_from is None and self._is_all(part):
            return False
        if self.holds(part):
            self._go_on_without(part)
        return True

    def sent(self, part: OpenRange, cursor: str | None) -> None:
        """Note that the rows of a page were sent."""
        part.unsent.remove(cursor)
        self._forget(part)

    def open_ranges(self) -> tuple[IdRange, ...]:
        """Return what is still to be read, or to be sent, for state."""
        found: list[IdRange] = []
        for part in self._ranges:
            if part.cut_from is None:
                before = None if part.before is None else str(part.before)
                found.append(IdRange(after=part.resume_at, before=before))
        if self._sieve is not None and found:
            return self._sieve
        return tuple(found)

    def _rows_ahead(self, part: OpenRange) -> float:
        """Return a guess how many rows a range still has, zero if it cannot be cut."""
        if part.being_cut or part.finished or part.last is None or _number(part.after) is None:
            return 0.0
        ends = [end for end in (part.before, part.seems_to_end) if end is not None]
        end = min([*ends, (self._greatest or 0) + 1])
        return min(max(0.0, (end - part.last) / part.gap), float(max(0, self._rows - self._listed)))

    def _heeded(self, part: OpenRange, numbers: Sequence[int]) -> bool:
        """Say whether a page is one of its range; if not, go on without ranges."""
        lowest = part.first - 1 if part.last is None else part.last + 1
        heeded = all(before < after for before, after in pairwise(numbers)) and (
            not numbers or numbers[0] >= lowest
        )
        # One range from the beginning to the end needs no order.
        unneeded = part.cut_from is None and self._is_all(part)
        self.ordered = self.ordered and heeded
        if not heeded and not unneeded:
            self._go_on_without(part)
        return heeded or unneeded

    def _is_all(self, part: OpenRange) -> bool:
        return self._ranges == [part] and part.before is None and part.first == 0

    def _go_on_without(self, part: OpenRange) -> None:
        """Give up a cut, or, where ranges of an earlier run are no longer heeded, all of them."""
        self.ordered = False
        if part.cut_from is not None:
            self._drop(part, part.cut_from)
        else:
            self._sieve = self._sieve or self.open_ranges()
            self._ranges = [OpenRange(after=None)]

    def _root(self, part: OpenRange, lower: OpenRange, numbers: Sequence[int]) -> bool:
        """Cut a range at the first row seen above the cut; say whether there is one to cut at."""
        seen = [number for number in numbers if number >= part.first]
        beyond = not seen or (part.before is not None and seen[0] >= part.before)
        if lower.finished or beyond or (lower.last is not None and lower.last >= seen[0]):
            self._drop(part, lower)
            return False
        lower.being_cut = False
        part.cut_from = None
        part.before, lower.before = lower.before, seen[0]
        part.first, part.after = seen[0], str(seen[0])
        return True

    def _drop(self, part: OpenRange, lower: OpenRange) -> None:
        lower.being_cut = False
        lower.seems_to_end = part.first
        part.finished = True
        self._ranges.remove(part)

    def _advance(self, part: OpenRange, numbers: Sequence[int], following: str | None) -> None:
        part.asked = False
        if numbers:
            part.last = max(numbers)
            if part.seems_to_end is not None and part.last >= part.seems_to_end:
                part.seems_to_end = None
            if len(numbers) > 1 and self.ordered:
                part.gap = (numbers[-1] - numbers[0]) / (len(numbers) - 1)
        before = part.before
        if before is not None and following is not None:
            beyond = _number(following)
            # A cursor may name the last row instead of the next, so it is no proof by itself.
            passed = part.last is not None and part.last >= before - 1
            part.finished = passed or (beyond is not None and beyond >= before)
        else:
            part.finished = following is None
        part.after = following
        if part.finished:
            part.asked = True

    def _forget(self, part: OpenRange) -> None:
        if part.finished and not part.unsent and part in self._ranges:
            self._ranges.remove(part)

    def _wanted(self, id_: str) -> bool:
        number = int(id_)
        return any(
            (_number(part.after) or 0) <= number
            and (part.before is None or number < int(part.before))
            for part in self._sieve or ()
        )


def _number(cursor: str | None) -> int | None:
    return int(cursor) if cursor is not None and cursor.isdecimal() else None
