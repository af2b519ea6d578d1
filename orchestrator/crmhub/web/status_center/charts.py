"""Charts as SVG: pure functions of what they show.

Lengths across are percentages, so that a chart is as wide as its place and its text keeps its
size; colours are classes of the style sheet.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from crmhub.web.status_center.words import duration, number, state_of_run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crmhub.web.status_center.readings import RunReading

#: Of the two panels, pixels.
_RECORDS_TOP: Final = 24
_RECORDS_HEIGHT: Final = 96
_DURATION_TOP: Final = 156
_DURATION_HEIGHT: Final = 56
_HEIGHT: Final = 216
#: Room for the scale at the left, and the widest bar, percent.
_LEFT: Final = 10.0
_WIDEST: Final = 2.4
#: More lines than that would hide the bars.
_MOST_LINES: Final = 4
_LEAST_PIXELS: Final = 2.0


def bar(share: float, kind: str) -> Markup:
    """One bar of a length from 0 to 1; `kind` is its colour's class."""
    width = min(100.0, max(0.0, share * 100))
    return Markup(
        '<svg class="bar" width="100%" height="10" aria-hidden="true" focusable="false">'
        '<rect class="bar-ground" width="100%" height="10" rx="3"/>'
        '<rect class="bar-{kind}" width="{width}%" height="10" rx="3"/></svg>'
    ).format(kind=kind, width=f"{width:.2f}")


def runs_chart(runs: Sequence[RunReading]) -> Markup:
    """Records (by powers of ten) and duration of runs that have ended, the oldest at the left."""
    parts = [*_records_panel(runs), *_duration_panel(runs)]
    return Markup(
        '<svg class="chart" width="100%" height="{height}" role="img" '
        'aria-label="Records read and duration of the last {count} syncs; the table below has '
        'the figures">{parts}</svg>'
    ).format(height=_HEIGHT, count=len(runs), parts=Markup().join(parts))


def _records_panel(runs: Sequence[RunReading]) -> Iterator[Markup]:
    most = max((run.rows for run in runs), default=0)
    powers = max(1, math.ceil(math.log10(most))) if most > 1 else 1
    yield _heading("Records read, by powers of ten", 12)
    for power in range(0, powers + 1, math.ceil(powers / _MOST_LINES)):
        y = _RECORDS_TOP + _RECORDS_HEIGHT * (1 - power / powers)
        yield _line(y, _short(10**power))
    for place, run in enumerate(runs):
        height = _RECORDS_HEIGHT * (math.log10(run.rows) / powers) if run.rows > 1 else 0.0
        yield _column(place, runs, _RECORDS_TOP + _RECORDS_HEIGHT, height)


def _duration_panel(runs: Sequence[RunReading]) -> Iterator[Markup]:
    taken = [run.duration for run in runs if run.duration is not None]
    longest = max(taken, default=None)
    if longest is None or not longest:
        return
    yield _heading(f"Duration, at most {duration(longest)}", _DURATION_TOP - 12)
    for share in (0.0, 0.5, 1.0):
        yield _line(_DURATION_TOP + _DURATION_HEIGHT * share)
    for place, run in enumerate(runs):
        if run.duration is not None:
            height = _DURATION_HEIGHT * (run.duration / longest)
            yield _column(place, runs, _DURATION_TOP + _DURATION_HEIGHT, height)


def _heading(words: str, y: float) -> Markup:
    return Markup('<text class="chart-heading" x="0" y="{y}">{words}</text>').format(
        y=_pixels(y), words=words
    )


def _line(y: float, words: str = "") -> Markup:
    return Markup(
        '<line class="chart-line" x1="{left}%" x2="100%" y1="{y}" y2="{y}"/>'
        '<text class="chart-scale" x="0" y="{text_y}">{words}</text>'
    ).format(left=_LEFT, y=_pixels(y), text_y=_pixels(y + 4), words=words)


def _column(place: int, runs: Sequence[RunReading], floor: float, height: float) -> Markup:
    run = runs[place]
    slot = (100.0 - _LEFT) / len(runs)
    width = min(_WIDEST, slot * 0.7)
    height = max(_LEAST_PIXELS, height)
    return Markup(
        '<rect class="chart-{name}" x="{x}%" width="{width}%" y="{y}" height="{height}">'
        "<title>{words}</title></rect>"
    ).format(
        name=run.status,
        x=f"{_LEFT + slot * (place + 0.5) - width / 2:.2f}",
        width=f"{width:.2f}",
        y=_pixels(floor - height),
        height=_pixels(height),
        words=_told(run),
    )


def _told(run: RunReading) -> str:
    took = "" if run.duration is None else f" in {duration(run.duration)}"
    at = run.started_at or run.requested_at
    words = state_of_run(run).words
    return f"{at:%d %b %Y, %H:%M} UTC: {words}, {number(run.rows)} records{took}"


def _short(value: int) -> str:
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if value >= size:
            return f"{value // size}{unit}"
    return str(value)


def _pixels(value: float) -> str:
    return f"{value:.1f}"
