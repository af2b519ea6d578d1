"""Where to cut a listing, so that ranges of it are read side by side and end together.

Guesses only, from the ids seen so far: a wrong one costs a request, never a row. Every cut costs
about half a page in any case, since the last page below it ends in rows that are read above it;
so the fewer the better, and those a page or two ahead best, where the guess is nearly exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE_ROWS = 100
#: A stretch with fewer pages ahead is not worth a cut. Two pages one after another at the very end
#: take longer than the cut costs.
_PAGES_WORTH_CUTTING = 1.3
#: One where it may be a bad guess is worth several at once only with so many; with fewer it is
#: worth one if rows of its range were seen, and none otherwise.
_PAGES_WORTH_GUESSING = 8
#: How many guesses at once a range bears of which no row was seen yet.
_MOST_UNSEEN = 3
#: The same for a range that seems longer than all that is left: its rows must end somewhere, and
#: beyond that cuts find nothing.
_MOST_TOO_LONG = 2
_TOO_LONG = 1.5
#: Pages by which a cut is made too early, times the root of the pages ahead: a few rows read twice
#: cost less than a page for the few rows by which a cut would be too late.
_EARLY = 0.12


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """The ids that one reader has ahead of it, up to where the next one begins."""

    start: int
    #: Not included.
    end: int
    #: How far apart its ids seem to be.
    gap: float
    #: Whether rows of its range were seen.
    seen: bool
    #: Cuts of its range whose outcome is not known yet.
    cuts: int


def readers_worth(rows: int) -> int:
    """Return how many readers are worth their cuts for so many rows, which a few pages are not."""
    return 1 + int(2 * math.sqrt(rows / PAGE_ROWS))


def place_to_cut(stretches: Sequence[Stretch], *, rows: int, readers: int) -> int | None:
    """Return the id from which another reader best begins, None where none is worth it.

    Args:
        stretches: What is left to be read.
        rows: How many rows that seem to be in all.
        readers: How many readers there can be.
    """
    seeming = [(part.end - part.start) / part.gap for part in stretches]
    guesses = _fair_shares(seeming, rows)
    # The ends of all should come together, so what is cut off is whole shares of this size.
    share = max(float(PAGE_ROWS), rows / readers)
    for place in sorted(range(len(stretches)), key=lambda place: -guesses[place]):
        guess, part = guesses[place], stretches[place]
        if guess < _PAGES_WORTH_CUTTING * PAGE_ROWS:
            return None
        if part.seen and seeming[place] <= _TOO_LONG * guess:
            most = readers
        elif guess >= _PAGES_WORTH_GUESSING * PAGE_ROWS:
            most = _MOST_TOO_LONG if part.seen else _MOST_UNSEEN
        else:
            most = 1 if part.seen else 0
        if part.cuts >= most:
            continue
        shares = guess / share
        below = guess / 2 if shares < 2 else round(shares / 2) * share  # noqa: PLR2004 - two halves
        middle = part.start + int(_whole_pages(below) * part.gap)
        if part.start < middle < part.end:
            return middle
    return None


def _whole_pages(rows: float) -> float:
    pages = max(1, int(rows / PAGE_ROWS))
    return PAGE_ROWS * (pages - _EARLY * math.sqrt(pages))


def _fair_shares(wanted: Sequence[float], total: float) -> list[float]:
    """Return how much each gets of a total: what it wants, or as much as all others at most."""
    shares = [0.0] * len(wanted)
    left = float(total)
    for number, place in enumerate(sorted(range(len(wanted)), key=lambda place: wanted[place])):
        shares[place] = min(wanted[place], left / (len(wanted) - number))
        left -= shares[place]
    return shares
