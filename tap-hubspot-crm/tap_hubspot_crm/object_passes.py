"""Which passes a run makes over the records of an object type, and in which order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_hubspot_crm.archived import archived_pass
from tap_hubspot_crm.full_pass import full_pass
from tap_hubspot_crm.incremental import incremental_pass
from tap_hubspot_crm.windows import is_due

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

    from tap_hubspot_crm.events import Event
    from tap_hubspot_crm.sending import ObjectSource
    from tap_hubspot_crm.state import ObjectBookmark


@dataclass(frozen=True, kw_only=True)
class Intervals:
    """How long the slower passes wait; zero means on this run."""

    full: timedelta
    archived: timedelta
    associations: timedelta


def object_passes(
    source: ObjectSource, bookmark: ObjectBookmark, *, intervals: Intervals, now: datetime
) -> Iterator[Event]:
    """Tell what to send: new changes first, then a full pass or an archived pass if one is due.

    Args:
        source: Reads and shapes the rows.
        bookmark: Where the stream stands.
        intervals: When the slower passes are due.
        now: HubSpot's time.
    """
    return source.reader.client.until_the_end(_passes(source, bookmark, intervals, now))


def _passes(
    source: ObjectSource, bookmark: ObjectBookmark, intervals: Intervals, now: datetime
) -> Iterator[Event]:
    if bookmark.bookmark is not None and (
        bookmark.full_pass is not None or not full_pass_due(bookmark, intervals, now)
    ):
        bookmark, _ = yield from incremental_pass(source, bookmark, since=bookmark.bookmark)
    if bookmark.full_pass is not None or full_pass_due(bookmark, intervals, now):
        yield from full_pass(source, bookmark)
    elif archived_pass_due(bookmark, intervals, now):
        yield from archived_pass(source, bookmark)


def full_pass_due(bookmark: ObjectBookmark, intervals: Intervals, now: datetime) -> bool:
    """Say whether a new full pass is to begin."""
    return bookmark.bookmark is None or is_due(bookmark.full_pass_at, every=intervals.full, now=now)


def archived_pass_due(bookmark: ObjectBookmark, intervals: Intervals, now: datetime) -> bool:
    """Say whether the archived records are to be listed again."""
    return is_due(bookmark.archived_at, every=intervals.archived, now=now)
