"""Counts the values that do not fit their column or property and are read as null.

One odd value costs one value: the rest of its row is stored. A run ends with one warning that names
each stream and path, what was wrong there, how often and in which records; it holds no value.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Records that are named for each place and reason.
_MOST_KEYS: Final = 3
#: Places that are named in the warning; the rest is counted.
_MOST_PLACES: Final = 30


class OddValues:
    """The odd values of one stream."""

    def __init__(self) -> None:
        #: (path, what is wrong) → how many.
        self.counts: Counter[tuple[str, str]] = Counter()
        #: The same → the first records it was met in.
        self.keys: defaultdict[tuple[str, str], list[str]] = defaultdict(list)

    def count(self, path: str, reason: str, key: str | None = None) -> None:
        """Count one value.

        Args:
            path: The column or property.
            reason: What is wrong; ends the sentence `<path> …`, without the value.
            key: Of the record, as messages may show it; None where it is not known.
        """
        place = path, reason
        self.counts[place] += 1
        if key is not None and len(self.keys[place]) < _MOST_KEYS and key not in self.keys[place]:
            self.keys[place].append(key)


class RunOddValues:
    """The odd values of all streams of a run."""

    def __init__(self) -> None:
        self._streams: dict[str, OddValues] = {}

    def of(self, stream: str) -> OddValues:
        """Return those of one stream, counted from now on."""
        return self._streams.setdefault(stream, OddValues())

    def take_warning(self) -> str | None:
        """Return the warning, most frequent places first, once; None without odd values."""
        found = [
            (count, f"{stream}.{path} {reason} ({_times(count, odd_values.keys[path, reason])})")
            for stream, odd_values in self._streams.items()
            for (path, reason), count in odd_values.counts.items()
        ]
        self._streams.clear()
        if not found:
            return None
        found.sort(key=lambda place: -place[0])
        words = [text for _, text in found[:_MOST_PLACES]]
        if len(found) > _MOST_PLACES:
            words.append(f"and {len(found) - _MOST_PLACES} more places")
        return (
            f"odd values that were read as null: {sum(count for count, _ in found)}; "
            f"correct them in the source, the rest of each row is stored: {'; '.join(words)}"
        )


def _times(count: int, keys: Sequence[str]) -> str:
    """Return how often, and the first records, as `2 times: key 501, 502`."""
    times = "once" if count == 1 else f"{count} times"
    return f"{times}: key {', '.join(keys)}" if keys else times
