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
#: Where text begins: left of the chart's own place, where the style sheet leaves room for it.
_SCALE: Final = "-3em"
#: The widest column, percent.
_WIDEST: Final = 2.4
#: More lines than that would hide the columns.
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
    most = max((run.rows for run in runs), default=0)
    powers = max(1, math.ceil(math.log10(most))) if most > 1 else 1
    longest = max((run.duration for run in runs if run.duration is not None), default=None)
    words = [_heading("Records read, by powers of ten", _RECORDS_TOP - 12)]
    drawn = []
    for power in range(0, powers + 1, math.ceil(powers / _MOST_LINES)):
        y = _RECORDS_TOP + _RECORDS_HEIGHT * (1 - power / powers)
        words.append(_scale(y, _short(10**power)))
        drawn.append(_line(y))
    drawn += _columns(
        runs,
        [math.log10(run.rows) / powers if run.rows > 1 else 0.0 for run in runs],
        floor=_RECORDS_TOP + _RECORDS_HEIGHT,
        height=_RECORDS_HEIGHT,
    )
    if longest:
        words.append(_heading(f"Duration, at most {duration(longest)}", _DURATION_TOP - 12))
        drawn += [_line(_DURATION_TOP + _DURATION_HEIGHT * share) for share in (0.0, 0.5, 1.0)]
        drawn += _columns(
            runs,
            [None if run.duration is None else run.duration / longest for run in runs],
            floor=_DURATION_TOP + _DURATION_HEIGHT,
            height=_DURATION_HEIGHT,
        )
    return Markup(
        '<svg class="chart" width="100%" height="{height}" role="img" '
        'aria-label="Records read and duration of the last {count} syncs; the table below has '
        'the figures">{words}{drawn}</svg>'
    ).format(
        height=_HEIGHT, count=len(runs), words=Markup().join(words), drawn=Markup().join(drawn)
    )


def _heading(words: str, y: float) -> Markup:
    return Markup('<text class="chart-heading" x="{x}" y="{y}">{words}</text>').format(
        x=_SCALE, y=_pixels(y), words=words
    )


def _scale(y: float, words: str) -> Markup:
    return Markup('<text x="{x}" y="{y}">{words}</text>').format(
        x=_SCALE, y=_pixels(y + 4), words=words
    )


def _line(y: float) -> Markup:
    return Markup('<line class="chart-line" x1="0" x2="100%" y1="{y}" y2="{y}"/>').format(
        y=_pixels(y)
    )


def _columns(
    runs: Sequence[RunReading], shares: Sequence[float | None], *, floor: float, height: float
) -> Iterator[Markup]:
    """A column a run that stands on `floor`; a share from 0 to 1 is of `height`, None is none."""
    slot = 100.0 / len(runs)
    width = min(_WIDEST, slot * 0.7)
    for place, (run, share) in enumerate(zip(runs, shares, strict=True)):
        if share is not None:
            tall = max(_LEAST_PIXELS, share * height)
            yield Markup(
                '<rect class="chart-{name}" x="{x}%" width="{width}%" y="{y}" height="{height}">'
                "<title>{words}</title></rect>"
            ).format(
                name=run.status,
                x=f"{slot * (place + 0.5) - width / 2:.2f}",
                width=f"{width:.2f}",
                y=_pixels(floor - tall),
                height=_pixels(tall),
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
