"""What became of a history."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Outcome:
    """What a history counted and found."""

    seed: int
    counts: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)
    #: What happened, the newest last.
    log: deque[str] = field(default_factory=lambda: deque(maxlen=100_000))
