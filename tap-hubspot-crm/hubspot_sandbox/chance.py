"""Seeded chance in the words of the seeds: how often, which one, one of several kinds."""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """Draws from one seeded generator; the same seed draws the same."""

    def __init__(self, rng: Random) -> None:
        self.draw = rng.random
        self.wait = rng.expovariate

    def often(self, share: float) -> bool:
        """Return True in this share of cases."""
        return self.draw() < share

    def one(self, things: Sequence[T]) -> T:
        """Return one of the things, each as likely."""
        return things[int(self.draw() * len(things))]

    def early(self, things: Sequence[T], slope: int = 2) -> T:
        """Return one of the things, the first ones more likely the greater the slope."""
        return things[int(self.draw() ** slope * len(things))]

    def kind(self, shares: dict[str, float]) -> str:
        """Return one of the kinds with its share of cases, "" for what the shares leave."""
        left = self.draw()
        for name, share in shares.items():
            left -= share
            if left < 0:
                return name
        return ""

    def below(self, bound: int) -> int:
        """Return a whole number from 0 up to, but not including, the bound."""
        return int(self.draw() * bound)
