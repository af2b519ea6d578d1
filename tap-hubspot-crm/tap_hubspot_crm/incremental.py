"""The incremental pass: everything changed since a bookmark, found by search, read by id."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tap_hubspot_crm.events import Checkpoint, Touched
from tap_hubspot_crm.objects import BATCH_LIMIT
from tap_hubspot_crm.windows import Hit, Window

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from datetime import datetime

    from tap_hubspot_crm.events import Event
    from tap_hubspot_crm.objects import SearchPage
    from tap_hubspot_crm.sending import ObjectSource
    from tap_hubspot_crm.state import ObjectBookmark


def incremental_pass(
    source: ObjectSource, bookmark: ObjectBookmark, *, since: datetime
) -> Generator[Event, None, ObjectBookmark]:
    """Send every row modified since a moment, less the lookback.

    Search results name rows only: their bodies may be stale, or younger than the window.

    Args:
        source: Reads and shapes the rows.
        bookmark: Where the stream stands.
        since: The moment; the bookmark's own, or the start of a full pass.

    Returns:
        The new bookmark: the moment before this pass's first search, in HubSpot's time.
    """
    window = Window.since(since, lookback_seconds=source.lookback_seconds, seen=bookmark.seen)
    started_at: datetime | None = None
    for page in source.reader.search(window):
        started_at = started_at or page.asked_at
        for batch in unseen_batches(page, window):
            yield from _send(source, batch, window, version=bookmark.version)
    if started_at is None:
        return bookmark
    caught_up = replace(
        bookmark,
        bookmark=started_at,
        seen=window.to_keep(started_at, lookback_seconds=source.lookback_seconds),
    )
    yield Checkpoint(bookmark=caught_up)
    return caught_up


def unseen_batches(page: SearchPage, window: Window) -> Iterator[Sequence[Hit]]:
    """Yield the hits of a page that were not sent yet, in groups that one read takes."""
    unseen = [hit for hit in page.hits if not window.knows(hit)]
    for start in range(0, len(unseen), BATCH_LIMIT):
        yield unseen[start : start + BATCH_LIMIT]


def _send(
    source: ObjectSource, hits: Sequence[Hit], window: Window, *, version: int
) -> Iterator[Event]:
    reading = source.reader.read([hit.id for hit in hits])
    yield source.rows(reading, version)
    # Remembered is what was read, not what the index showed: if the store ran behind the index,
    # the next pass reads the row again.
    for row in (*reading.rows, *reading.merged.values()):
        window.remember(row.id, row.modified)
    for hit in hits:
        if hit.id in reading.merged:
            window.remember(hit.id, hit.modified)
    losers = (row.merged_ids for row in (*reading.rows, *reading.merged.values()))
    yield Touched(gone=frozenset(reading.merged).union(*losers))
    if reading.missing:
        # Archived since the index last looked, or purged; the archived listing knows later, but
        # asking now costs one request.
        archived = source.reader.read(sorted(reading.missing, key=int), archived=True)
        yield source.rows(archived, version)
        yield Touched(gone=frozenset(row.id for row in archived.rows))
