"""The results of a self-check as text for people."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Final, get_args

from tap_hubspot_crm.self_check.results import CHECKS, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_hubspot_crm.self_check.results import CheckResult

#: Characters in a line.
WIDTH: Final = 80
_GAP: Final = "  "
_VERDICTS: Final[tuple[str, ...]] = get_args(Verdict)
_LEGEND: Final = (
    "handled: HubSpot differs from its documentation, and the tap copes with it.",
    "unknown: the portal has nothing to try it on.",
)


def table_of(results: Sequence[CheckResult]) -> str:
    """Return a table of at most 80 columns, with a line break at its end."""
    names = max(map(len, CHECKS))
    verdicts = max(map(len, _VERDICTS))
    left = names + verdicts + 2 * len(_GAP)
    lines = [f"{'check':{names}}{_GAP}{'verdict':{verdicts}}{_GAP}what was seen"]
    for result in results:
        begin = f"{result.name:{names}}{_GAP}{result.verdict:{verdicts}}{_GAP}"
        for text in _texts(result, WIDTH - left):
            lines.append(f"{begin}{text}")
            begin = " " * left
    counts = (
        f"{sum(result.verdict == verdict for result in results)} {verdict}" for verdict in _VERDICTS
    )
    return "\n".join([*lines, "", ", ".join(counts), *_LEGEND, ""])


def _texts(result: CheckResult, width: int) -> Iterator[str]:
    yield from wrap(result.seen, width) or [""]
    if result.remedy:
        yield from wrap(f"What to do: {result.remedy}", width)
