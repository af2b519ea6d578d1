"""Asks for less where a request for all of it failed, until the culprit stands alone."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from tap_hubspot_crm.errors import TapError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

T = TypeVar("T")
R = TypeVar("R")

_FORBIDDEN = 403


@dataclass(frozen=True, kw_only=True)
class Division(Generic[T, R]):
    """What came of asking for parts."""

    #: One for each part that was answered; none if not even a part was.
    answers: Sequence[R] = field(repr=False)
    #: What failed alone, with the reason.
    refused: Mapping[T, TapError]
    #: How much the largest part held that was answered.
    largest: int


def divide(
    ask: Callable[[Sequence[T]], R], items: Sequence[T], *, to_the_end: bool = False
) -> Division[T, R]:
    """Ask for the halves of what failed as a whole, and for theirs in turn.

    It stops early where nothing succeeds: then no item is at fault, but all that was tried.

    Args:
        ask: Makes the request for some of the items.
        items: What a request for all of them failed for.
        to_the_end: Whether others are known to succeed, so that each item is tried.

    Raises:
        TapError: A part failed in a way that asking for less cannot help.
    """
    answers: list[R] = []
    refused: dict[T, TapError] = {}
    largest = failures = 0
    # A path down to each end of the items, and a little more.
    most_failures = 2 * len(items).bit_length() + 2
    parts = deque(_halves(items))
    while parts and (to_the_end or answers or failures < most_failures):
        part = parts.popleft()
        try:
            answers.append(ask(part))
        except TapError as error:
            if not may_succeed_in_part(error):
                raise
            failures += 1
            if len(part) == 1:
                refused[part[0]] = error
            else:
                parts.extendleft(reversed(_halves(part)))
        else:
            largest = max(largest, len(part))
    for item in [*refused] if answers else ():
        # Alone and with few tries it may have failed by chance.
        try:
            answers.append(ask([item]))
        except TapError as error:
            if not may_succeed_in_part(error):
                raise
        else:
            del refused[item]
    return Division(answers=answers, refused=refused if answers else {}, largest=largest)


def may_succeed_in_part(error: TapError) -> bool:
    """Say whether a request for less may succeed where this error ended one."""
    return error.is_divisible or error.status == _FORBIDDEN


def _halves(items: Sequence[T]) -> list[Sequence[T]]:
    middle = len(items) // 2
    return [items[:middle], items[middle:]] if middle else []
