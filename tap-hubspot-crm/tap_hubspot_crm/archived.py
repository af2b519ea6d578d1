"""The archived pass: records that were archived, and those that came back.

Archiving does not touch the modification time, and a search never shows an archived record, so
the whole archived listing is read each time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tap_hubspot_crm.batch_read import BATCH_LIMIT, blocks
from tap_hubspot_crm.events import Checkpoint, Touched
from tap_hubspot_crm.state import ARCHIVED_LIMIT
from tap_hubspot_crm.state_json import keep_newest
from tap_hubspot_crm.timekeeping import parse_moment

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator, Sequence
    from datetime import datetime

    from tap_hubspot_crm.events import Event
    from tap_hubspot_crm.reading import ListedPage, Reading
    from tap_hubspot_crm.rows import Row
    from tap_hubspot_crm.sending import ObjectSource
    from tap_hubspot_crm.state import ObjectBookmark


@dataclass(frozen=True, kw_only=True)
class Listed:
    """What an archived listing showed."""

    ids: frozenset[str]
    pages: int
    #: Not after its first request.
    asked_at: datetime


def archived_pass(
    source: ObjectSource, bookmark: ObjectBookmark
) -> Generator[Event, None, ObjectBookmark]:
    """Send what was archived, restored or merged away since the archived records were last listed.

    Returns:
        The bookmark with the new list of archived ids.
    """
    ids: set[str] = set()
    asked_at: datetime | None = None
    for page in source.reader.list_pages(archived=True):
        asked_at = asked_at or page.asked_at
        ids.update(page.ids)
        source.note(page.reading)
        fresh = [row.id for row in page.reading.listed if _is_new(row, bookmark, source)]
        yield from send_newly_archived(source, page, fresh, version=bookmark.version)
    yield from send_returned(source, bookmark.archived_ids - ids, version=bookmark.version)
    listed = replace(
        source.told(bookmark),
        archived_at=asked_at,
        # What could not be read is met as new by the next listing.
        archived_ids=keep_newest(ids - source.unread.ids, ARCHIVED_LIMIT),
    )
    yield Checkpoint(bookmark=listed)
    return listed


def send_newly_archived(
    source: ObjectSource, page: ListedPage, ids: Sequence[str], *, version: int
) -> Iterator[Event]:
    """Send rows of a page of the archived listing that were not known as archived.

    The listing may show a row that was merged away or came back; only a read by id tells.
    """
    if not ids:
        return
    now = source.reader.read(ids)
    yield source.rows(now, version)
    yield source.rows(page.reading, version, only=now.missing)
    yield Touched(returned=_row_ids(now), gone=now.missing | frozenset(now.merged))


def send_returned(source: ObjectSource, ids: Collection[str], *, version: int) -> Iterator[Event]:
    """Send what became of rows that are no longer archived.

    A restored row is sent as it is, a merged one as a tombstone; one that was purged leaves no
    trace and is dealt with by the next full pass.
    """
    for block in blocks(ids, BATCH_LIMIT):
        reading = source.reader.read_listed(block)
        yield source.rows(reading, version)
        yield Touched(returned=_row_ids(reading), gone=frozenset(reading.merged))


def _row_ids(reading: Reading) -> frozenset[str]:
    return frozenset(row.id for row in reading.rows)


def _is_new(row: Row, bookmark: ObjectBookmark, source: ObjectSource) -> bool:
    """Say whether a row may have been archived since the last listing."""
    if row.archived_at is None or bookmark.archived_at is None:
        return True
    if row.id not in bookmark.archived_ids and len(bookmark.archived_ids) < ARCHIVED_LIMIT:
        return True
    # Restored, edited and archived again between two listings, or beyond what state remembers.
    recently = bookmark.archived_at - timedelta(seconds=source.lookback_seconds)
    return parse_moment(row.archived_at) >= recently
