"""What came of many histories."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from end_to_end.convergence.history import Outcome

#: In the order of the line.
_SHOWN = (
    "histories",
    "operations",
    "syncs",
    "faults",
    "kills",
    "resets",
    "restarts",
    "token renewals",
    "reconnects",
    "rows compared",
    "values compared",
    "differences",
)


def line(outcomes: Iterable[Outcome]) -> str:
    """The sums that matter, in one line."""
    sums = _sums(outcomes)
    return "convergence: " + ", ".join(f"{name} {sums[name]:,}" for name in _SHOWN)


def table(outcomes: Iterable[Outcome]) -> str:
    """All that was counted, as Markdown."""
    sums = _sums(outcomes)
    others = sorted(sums.keys() - set(_SHOWN))
    rows = [f"| {name} | {sums[name]:,} |" for name in (*_SHOWN, *others)]
    return "\n".join(["| what | how many |", "|---|---|", *rows])


def story(outcome: Outcome) -> str:
    """What differed in a history and what happened in it, for whoever looks for the cause."""
    again = f"cd tests && python -m end_to_end.convergence --first {outcome.seed} --histories 1"
    return "\n".join(
        [
            f"seed {outcome.seed} ({again}):",
            *outcome.differences[:20],
            "what happened:",
            *outcome.log,
        ]
    )


def _sums(outcomes: Iterable[Outcome]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for outcome in outcomes:
        sums.update(outcome.counts)
    return sums
