"""The parts of the id space that a search has still to look at, and what proves them complete."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_hubspot_crm.object_requests import SEARCH_LIMIT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_hubspot_crm.windows import Hit

#: HubSpot shows 10,000 results of a search (search guide); the page must end before.
FARTHEST = 10_000 - SEARCH_LIMIT


@dataclass(frozen=True, kw_only=True)
class Leap:
    """What a page is taken to hold all of, until a mark proves it.

    A hit on a row that was merged away may be shown under the survivor's id, far from where it
    stands. So an id that a page shows is no proof of how far the page reaches; the same hit shown
    again by a search that begins, or ends, at this id is one.
    """

    #: The hit to be shown again.
    mark: Hit
    #: From which id to which, both included, everything was on the page if the mark is.
    lower: int
    upper: int | None
    #: What was on the page, not to be taken twice.
    found: frozenset[Hit] = field(repr=False)
    #: How many marks before this one could not be shown again.
    doubts: int = 0


@dataclass(kw_only=True, eq=False)
class Span:
    """A part of the id space that is still to be searched."""

    #: The least id in it; 0 at the very beginning.
    lower: int = 0
    #: The greatest id in it; None for the last span.
    upper: int | None = None
    #: The leap to its lower end: its first hit is to be the mark.
    before: Leap | None = None
    #: The leap from its upper end on: its last hit is to be the mark.
    after: Leap | None = None
    #: What was found of it already.
    found: frozenset[Hit] = frozenset()
    #: Where HubSpot's cursor leads after a page without rows.
    offset: str | None = None
    #: How many rows HubSpot counts in it, None where it does not say.
    left: int | None = None
    #: How many marks in a row could not be shown again.
    doubts: int = 0
    #: Whether its next page, or its middle, is being asked for.
    asked: bool = False
    looking_ahead: bool = False
    finished: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Query:
    """A search to make; equal only to itself, so that a plan can look up what it was for."""

    #: The least and the greatest id to look for; 0 and None for no bound.
    lower: int
    upper: int | None
    #: HubSpot's `after`: an offset into the results.
    offset: str | None
    #: Whether the row with the id `lower` itself is left out.
    is_lower_excluded: bool = False
    #: Only rows modified then or later, in milliseconds since 1970; None for all of the search.
    since: int | None = None


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a search found, before it is put in its place."""

    #: In the order of the answer.
    hits: Sequence[Hit]
    #: HubSpot's cursor of the next page, None on the last.
    following: str | None
    #: How many rows HubSpot counts from the query's beginning, None where it does not say.
    total: int | None


@dataclass(kw_only=True, eq=False)
class Part:
    """A part of the id space: ids above one, up to another."""

    #: 0 for no bound.
    above: int = 0
    #: None for no bound.
    upto: int | None = None
    #: How many rows HubSpot counted in the part that this one is a half of.
    counted_in_both: int | None = None
    #: How many cuts in a row took no row away from it.
    idle_cuts: int = 0
    #: Where HubSpot's cursor leads, in a part that cannot be cut.
    offset: str | None = None
    shown: set[Hit] = field(default_factory=set, repr=False)
    #: What its last page, without a cursor, showed and HubSpot counted: it is asked for twice.
    ended_with: tuple[int, int] | None = None
    #: Whether it is to show only how the filter compares ids.
    is_test: bool = False
    #: Whether it is to show what was changed since the walk began, as far as HubSpot pages.
    is_recent: bool = False

    @property
    def is_everything(self) -> bool:
        """Whether it is the whole search."""
        return not (self.above or self.is_recent) and self.upto is None

    def holds_as_number(self, hit: Hit) -> bool:
        """Say whether a hit belongs in it if ids are compared as numbers."""
        return self.above < hit.number and (self.upto is None or hit.number <= self.upto)

    def holds_as_text(self, hit: Hit) -> bool:
        """Say whether a hit belongs in it if ids are compared as text."""
        above = str(self.above) if self.above else ""
        return above < hit.id and (self.upto is None or hit.id <= str(self.upto))

    def follow(self, cursor: str | None) -> bool:
        """Go on to another page, if there is one and HubSpot pages so far."""
        place = int(cursor) if cursor is not None and cursor.isdecimal() else 0
        if not int(self.offset or 0) < place <= FARTHEST:
            return False
        self.offset = cursor
        return True
