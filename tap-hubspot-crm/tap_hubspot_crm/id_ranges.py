"""Which page of a listing to read next, so that several are read side by side and none twice.

A pure plan: it sends nothing. HubSpot's cursor is the id of the next record (using object APIs),
so a range of ids can be read from the middle on. That is documented, not promised: what a cursor
of ours brings only cuts a range where it shows rows, and the range below is walked by HubSpot's
own cursors up to the very first of them. A cursor of ours that is not heeded costs a request,
never a row.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from tap_hubspot_crm.range_cuts import Stretch, place_to_cut, readers_worth
from tap_hubspot_crm.state import IdRange

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(kw_only=True, eq=False)
class OpenRange:
    """A part of the listing still to be read, as far as this run knows it."""

    #: The cursor of its next page; None is the very beginning.
    after: str | None
    #: The lowest id that belongs to it.
    first: int = 0
    #: The id at which it ends, not included; None for the last range.
    before: int | None = None
    #: Whether it is still a guess, within another range, until rows were seen in it.
    is_cut: bool = False
    #: Whether its next page is being asked for.
    asked: bool = False
    finished: bool = False
    #: The greatest id that was listed, None before its first page.
    last: int | None = None
    #: How far apart its ids were in the last page.
    gap: float | None = None
    #: Where its rows seem to end, after a cut beyond it found none.
    seems_to_end: int | None = None
    #: The cursors of pages that were listed and not sent yet, in order.
    unsent: deque[str | None] = field(default_factory=deque)

    @property
    def resume_at(self) -> str | None:
        """The cursor with which a later run goes on."""
        return self.unsent[0] if self.unsent else self.after

    @property
    def start(self) -> int | None:
        """The lowest id that may still be listed, None where the cursor does not tell."""
        if self.last is not None:
            return None if _number(self.after) is None else self.last + 1
        return self.first if self.after is None else _number(self.after)


@dataclass(frozen=True, kw_only=True)
class Placed:
    """What is to be sent of a page, and the cursor by which it is known until then."""

    ids: tuple[str, ...]
    cursor: str | None


class IdRanges:
    """The open ranges of a listing, walked side by side."""

    def __init__(self, open_ranges: Sequence[IdRange], *, readers: int) -> None:
        """Begin with what a state holds, to be walked by so many readers side by side."""
        # A single range is walked as HubSpot's cursor leads, whatever order that is.
        several = len(open_ranges) > 1
        #: By rising id.
        self._ranges = [
            OpenRange(
                after=part.after,
                first=(_number(part.after) or 0) if several else 0,
                before=None if part.before is None else int(part.before),
            )
            for part in open_ranges
        ]
        self._cuts: list[OpenRange] = []
        self._readers = readers
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
        self._readers = min(self._readers, readers_worth(rows))

    def know_lowest(self, ids: Sequence[str]) -> None:
        """Take over, as a hint, the lowest ids: how far apart they are in the first range."""
        numbers = [int(id_) for id_ in ids]
        # The listing may have come to its end before.
        first = next(iter(self._ranges), None)
        if first and first.gap is None and first.start == 0 and len(numbers) > 1:
            first.gap = max(1.0, (numbers[-1] - numbers[0]) / (len(numbers) - 1))

    def next_page(self) -> OpenRange | None:
        """Return a range whose next page is to be read now."""
        places = sorted(cut.first for cut in self._cuts)
        for part in self._ranges:
            if not part.asked and not _reaches(part, places):
                part.asked = True
                return part
        return None

    def cut(self) -> OpenRange | None:
        """Return a new range, cut off another one, whose first page is to be read now.

        None if no range is long enough, as far as its ids and the number of rows tell.
        """
        walked = len(self._cuts) + sum(not part.finished for part in self._ranges)
        if self._greatest is None or not self.ordered or walked >= self._readers:
            return None
        left = max(0, self._rows - self._listed)
        first = place_to_cut(list(self._stretches()), rows=left, readers=self._readers)
        if first is None:
            return None
        # One less: it is the same whether a cursor names the next row or the last one.
        cut = OpenRange(after=str(first - 1), first=first, is_cut=True, asked=True)
        self._cuts.append(cut)
        return cut

    def holds(self, part: OpenRange) -> bool:
        """Say whether a range is still one of this plan."""
        return part in self._ranges or part in self._cuts

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
        if part.is_cut and not self._root(part, numbers):
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
        if not part.is_cut and self._is_all(part):
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
        if self._sieve is not None and self._ranges:
            return self._sieve
        return tuple(
            IdRange(after=part.resume_at, before=None if part.before is None else str(part.before))
            for part in self._ranges
        )

    def _stretches(self) -> Iterator[Stretch]:
        """Yield what the ranges have ahead of them, divided where they are being cut."""
        greatest = self._greatest or 0
        places = sorted(cut.first for cut in self._cuts)
        for part in self._ranges:
            start = part.start
            if part.finished or start is None:
                continue
            ends = [end for end in (part.before, part.seems_to_end) if end is not None]
            end = min([*ends, greatest + 1])
            inside = places[bisect_left(places, start + 1) : bisect_left(places, end)]
            for low, high in pairwise((start, *inside, end)):
                if low < high:
                    yield Stretch(
                        start=low,
                        end=high,
                        gap=part.gap or max(1.0, greatest / max(1, self._rows)),
                        seen=part.gap is not None,
                        cuts=len(inside),
                    )

    def _heeded(self, part: OpenRange, numbers: Sequence[int]) -> bool:
        """Say whether a page is one of its range; if not, go on without ranges."""
        lowest = part.first - 1 if part.last is None else part.last + 1
        heeded = all(before < after for before, after in pairwise(numbers)) and (
            not numbers or numbers[0] >= lowest
        )
        # One range from the beginning to the end needs no order.
        unneeded = not part.is_cut and self._is_all(part)
        self.ordered = self.ordered and heeded
        if not heeded and not unneeded:
            self._go_on_without(part)
        return heeded or unneeded

    def _is_all(self, part: OpenRange) -> bool:
        return self._ranges == [part] and part.before is None and part.first == 0

    def _go_on_without(self, part: OpenRange) -> None:
        """Give up a cut, or, where ranges of an earlier run are no longer heeded, all of them."""
        self.ordered = False
        if part.is_cut:
            self._cuts.remove(part)
        else:
            self._sieve = self._sieve or self.open_ranges()
            self._ranges, self._cuts = [OpenRange(after=None)], []

    def _root(self, cut: OpenRange, numbers: Sequence[int]) -> bool:
        """Cut a range at the first row that only the cut has seen; say whether there is one."""
        self._cuts.remove(cut)
        lower = self._around(cut.first)
        if lower is None or lower.finished:
            return False
        walked = -1 if lower.last is None else lower.last
        seen = [number for number in numbers if number >= cut.first and number > walked]
        if not seen or (lower.before is not None and seen[0] >= lower.before):
            if walked < cut.first:
                lower.seems_to_end = min(cut.first, lower.seems_to_end or cut.first)
            return False
        cut.is_cut = False
        cut.first, cut.after = seen[0], str(seen[0])
        cut.before, lower.before = lower.before, seen[0]
        cut.seems_to_end, lower.seems_to_end = lower.seems_to_end, None
        self._ranges.insert(self._ranges.index(lower) + 1, cut)
        if walked in numbers:
            # In one page of HubSpot's the one row follows the other: nothing is left between.
            lower.finished = lower.asked = True
            self._forget(lower)
        return True

    def _around(self, number: int) -> OpenRange | None:
        for part in self._ranges:
            if part.first <= number and (part.before is None or number < part.before):
                return part
        return None

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


def _reaches(part: OpenRange, places: Sequence[int]) -> bool:
    """Say whether a range came to a place where it is being cut: what follows is asked for."""
    if part.last is None or not places:
        return False
    place = bisect_left(places, part.first)
    return place < len(places) and places[place] <= part.last + 1


def _number(cursor: str | None) -> int | None:
    return int(cursor) if cursor is not None and cursor.isdecimal() else None
