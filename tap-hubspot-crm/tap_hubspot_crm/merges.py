"""Which rows were merged into which, as far as this run has seen."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Merges:
    """Follows chains of merges to the row that is left."""

    def __init__(self) -> None:
        """Begin without any merge."""
        self._into: dict[str, str] = {}
        self._losers: defaultdict[str, set[str]] = defaultdict(set)

    @property
    def are_none(self) -> bool:
        """Whether no row is known to be part of another."""
        return not self._into

    def survivor(self, row_id: str) -> str:
        """Return the id of the row that this one is part of now; itself if it was not merged."""
        passed = {row_id}
        while (into := self._into.get(row_id)) is not None and into not in passed:
            passed.add(into)
            row_id = into
        return row_id

    def note(self, survivor: str, losers: Iterable[str]) -> list[str]:
        """Note that rows were merged into another.

        Returns:
            Every row known to be part of the survivor now, those that came by a chain included.
        """
        for loser in losers:
            if loser != survivor and self.survivor(survivor) != loser:
                self._into[loser] = survivor
                self._losers[survivor].add(loser)
        if survivor not in self._losers:
            return []
        return sorted(self._all_losers(survivor, {survivor}), key=int)

    def _all_losers(self, survivor: str, passed: set[str]) -> set[str]:
        found: set[str] = set()
        for loser in self._losers.get(survivor, ()):
            if loser not in passed:
                passed.add(loser)
                found |= {loser} | self._all_losers(loser, passed)
        return found
