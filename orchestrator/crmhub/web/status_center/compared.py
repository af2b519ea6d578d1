"""What a card says of HubSpot's counts beside ours: pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from crmhub.comparisons import Comparison
from crmhub.web.status_center.streams import STREAM_WORDS
from crmhub.web.status_center.words import number, remedy_of
from tap_hubspot_crm.probe import OBJECT_STREAMS

if TYPE_CHECKING:
    from datetime import datetime

    from crmhub.web.status_center.readings import ConnectionReading

_FIRST: Final = "The next full pass ends with it."
_NEXT: Final = "The next sync ends with it."


@dataclass(frozen=True, kw_only=True)
class CountLine:
    """One stream's counts in words."""

    stream: str
    ours: str
    hubspot: str
    #: What a difference can mean; None where there is none.
    meaning: str | None


@dataclass(frozen=True, kw_only=True)
class Compared:
    """How complete a connection's copy is by HubSpot's own counts."""

    name: Literal["never", "same", "different", "failed"]
    words: str
    #: When the counts were told, and what they were; None and empty: they never were.
    counted_at: datetime | None
    lines: tuple[CountLine, ...]
    #: When a later try failed; None: none did.
    failed_at: datetime | None = None
    #: What comes next; None where nothing is to be said.
    advice: str | None = None


def compared_of(connection: ConnectionReading) -> Compared | None:
    """What is known of a connection's counts; None while there is nothing to compare."""
    found = [
        Comparison(
            stream=stream,
            hubspot=kept["hubspot"],
            ours=kept["ours"],
            leaves_out=kept["leaves_out"],
        )
        for stream in STREAM_WORDS
        # A worker of a later release may keep more of each.
        if (kept := connection.counts.get(stream)) is not None
    ]
    next_one = _NEXT if connection.compare_wanted_at is not None else None
    if connection.compare_failed_at is not None:
        why = remedy_of(connection.compare_error_class or "").meaning
        return Compared(
            name="failed",
            words="Could not be compared with HubSpot",
            counted_at=connection.compared_at,
            lines=_lines(found),
            failed_at=connection.compare_failed_at,
            advice=f"{why}. {_NEXT}",
        )
    if found:
        is_different = any(each.differs for each in found)
        return Compared(
            name="different" if is_different else "same",
            words=_words(found),
            counted_at=connection.compared_at,
            lines=_lines(found),
            advice=next_one,
        )
    if connection.last_sync_at is None or connection.status not in {"connected", "paused"}:
        return None
    return Compared(
        name="never",
        words="Not compared with HubSpot yet",
        counted_at=None,
        lines=(),
        advice=next_one or _FIRST,
    )


def _words(found: list[Comparison]) -> str:
    if any(each.differs for each in found):
        return "Not the same counts as HubSpot"
    if any(each.difference for each in found):
        return "The same counts as HubSpot, but for what is left out"
    return "The same counts as HubSpot"


def _lines(found: list[Comparison]) -> tuple[CountLine, ...]:
    return tuple(
        CountLine(
            stream=STREAM_WORDS[each.stream],
            ours=number(each.ours),
            hubspot=number(each.hubspot),
            meaning=each.meaning if each.difference else None,
        )
        for each in found
        if each.difference or each.stream in OBJECT_STREAMS
    )
