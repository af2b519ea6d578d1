"""The parts of the id space that a search has still to walk, and what proves them complete."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_hubspot_crm.windows import Hit


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
    """A search to make."""

    span: Span
    #: The least and the greatest id to look for; 0 and None for no bound.
    lower: int
    upper: int | None
    #: HubSpot's `after`: an offset into the results.
    offset: str | None
    ahead: bool = False


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a search found, before it is put in its place."""

    #: In the order of the answer.
    hits: Sequence[Hit]
    #: HubSpot's cursor of the next page, None on the last.
    following: str | None
    #: How many rows HubSpot counts from the query's beginning, None where it does not say.
    total: int | None
