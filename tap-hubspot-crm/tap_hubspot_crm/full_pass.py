"""The full pass: everything there is, so that what a consumer holds beyond it is gone.

The order closes every gap between the parts: a record archived while the live listing runs is in
the second archived listing, one restored meanwhile is read by id, one created or edited meanwhile
is found by the incremental pass from the full pass's own start.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tap_hubspot_crm.archived import Listed, send_newly_archived, send_returned
from tap_hubspot_crm.events import Checkpoint, CompletePass, Touched
from tap_hubspot_crm.incremental import incremental_pass, look_for_changes
from tap_hubspot_crm.range_listing import ask_for_extent, list_in_ranges
from tap_hubspot_crm.state import ARCHIVED_LIMIT, FullPass, IdRange, Phase
from tap_hubspot_crm.state_json import keep_newest
from tap_hubspot_crm.timekeeping import parse_moment, to_milliseconds
from tap_hubspot_crm.windows import SEEN_LIMIT

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from datetime import datetime

    from tap_hubspot_crm.events import Event
    from tap_hubspot_crm.range_listing import Extent
    from tap_hubspot_crm.rows import Row
    from tap_hubspot_crm.sending import ObjectSource
    from tap_hubspot_crm.state import ObjectBookmark


def full_pass(
    source: ObjectSource, bookmark: ObjectBookmark
) -> Generator[Event, None, ObjectBookmark]:
    """Begin a full pass, or go on with an unfinished one, up to its end.

    Returns:
        The bookmark after it.
    """
    extent = _extent(source, bookmark)
    if bookmark.full_pass is None or bookmark.full_pass.phase is Phase.ARCHIVED:
        bookmark, listed_before = yield from _list_archived_first(source, bookmark)
    else:
        listed_before = bookmark.full_pass.archived_ids
    running = _running(bookmark)
    if running.phase is Phase.LIVE:
        bookmark = yield from _list_live(source, bookmark, listed_before, extent)
    # Beside the archived listing, which may begin only after the live one: a row archived meanwhile
    # must not slip through between the two. One that was archived and is restored in the moment
    # between these two requests was archived at the bookmark, which is that of the search, and so
    # is of the next pass; but not if more pages of the listing follow, and minutes with them.
    looked_for = look_for_changes(source, bookmark, since=running.started_at)
    looked_for.search.ask()
    listed = yield from _list_archived_again(source, bookmark, listed_before)
    yield from send_returned(source, listed_before - listed.ids, version=bookmark.version)
    bookmark, is_complete = yield from incremental_pass(
        source,
        bookmark,
        since=running.started_at,
        looked_for=looked_for if listed.pages == 1 else None,
    )
    if is_complete and source.unread.are_refused:
        # Where HubSpot was silent about a record, nothing may be dropped; nor where one may have
        # changed, come or come back behind the listing and no search shows it.
        yield CompletePass(version=bookmark.version, kept=source.unread.ids)
    complete = replace(
        source.told(bookmark),
        full_pass=None,
        full_pass_at=running.started_at if is_complete else None,
        archived_at=listed.asked_at,
        archived_ids=keep_newest(listed.ids - source.unread.ids, ARCHIVED_LIMIT),
    )
    yield Checkpoint(bookmark=complete)
    return complete


def next_version(version: int, started_at: datetime) -> int:
    """Return a version above every earlier one of the stream: the time in milliseconds."""
    return max(version + 1, to_milliseconds(started_at))


def _extent(source: ObjectSource, bookmark: ObjectBookmark) -> Extent | None:
    """Have asked, while the archived listing runs, what helps to divide the live one."""
    running = bookmark.full_pass
    if running is not None and running.phase is Phase.ARCHIVED_AGAIN:
        return None
    begins = running is None or running.phase is Phase.ARCHIVED
    return ask_for_extent(source.reader, from_the_beginning=begins)


def _running(bookmark: ObjectBookmark) -> FullPass:
    if bookmark.full_pass is None:
        raise AssertionError("a full pass goes on that was not begun")
    return bookmark.full_pass


def _begun(source: ObjectSource, bookmark: ObjectBookmark, asked_at: datetime) -> ObjectBookmark:
    if bookmark.full_pass is not None:
        return bookmark
    return replace(
        source.told(bookmark),
        version=next_version(bookmark.version, asked_at),
        full_pass=FullPass(started_at=asked_at, phase=Phase.ARCHIVED),
        bookmark=bookmark.bookmark or asked_at,
        # What was sent under the version before counts for nothing in this one.
        seen={},
    )


def _list_archived_first(
    source: ObjectSource, bookmark: ObjectBookmark
) -> Generator[Event, None, tuple[ObjectBookmark, frozenset[str]]]:
    ids: set[str] = set()
    for page in source.reader.list_pages(archived=True):
        begins = bookmark.full_pass is None
        bookmark = _begun(source, bookmark, page.asked_at)
        if begins:
            yield Checkpoint(bookmark=bookmark)
        ids.update(page.ids)
        yield source.rows(page.reading, bookmark.version)
    listed = frozenset(ids)
    # The live listing brings them, without a word that they are back.
    yield Touched(returned=bookmark.archived_ids - listed)
    running = replace(
        _running(bookmark),
        phase=Phase.LIVE,
        open_ranges=(IdRange(),),
        archived_ids=keep_newest(listed, ARCHIVED_LIMIT),
    )
    bookmark = replace(bookmark, full_pass=running)
    yield Checkpoint(bookmark=bookmark)
    return bookmark, listed


def _list_live(
    source: ObjectSource,
    bookmark: ObjectBookmark,
    listed_before: frozenset[str],
    extent: Extent | None,
) -> Generator[Event, None, ObjectBookmark]:
    running = replace(_running(bookmark), archived_ids=keep_newest(listed_before, ARCHIVED_LIMIT))
    since = running.started_at - timedelta(seconds=source.lookback_seconds)
    # Shared by every checkpoint of this listing; a row enters only after it was sent.
    seen = dict(bookmark.seen)
    for part in list_in_ranges(source.reader, running.open_ranges, extent=extent):
        yield source.rows(part.reading, bookmark.version, only=part.ids)
        _remember(seen, part.reading.rows, part.ids, since)
        running = replace(running, open_ranges=part.open_ranges)
        bookmark = replace(bookmark, seen=seen, full_pass=running, unread=source.unread.ids)
        yield Checkpoint(bookmark=bookmark)
    bookmark = replace(bookmark, full_pass=replace(running, phase=Phase.ARCHIVED_AGAIN))
    yield Checkpoint(bookmark=bookmark)
    return bookmark


def _remember(
    seen: dict[str, int], rows: Iterable[Row], inside: frozenset[str], since: datetime
) -> None:
    """Note rows of the lookback window, so that catching up does not read them again."""
    for row in rows:
        if parse_moment(row.modified_at) >= since and row.id in inside and len(seen) < SEEN_LIMIT:
            seen[row.id] = row.modified


def _list_archived_again(
    source: ObjectSource, bookmark: ObjectBookmark, listed_before: frozenset[str]
) -> Generator[Event, None, Listed]:
    since = _running(bookmark).started_at - timedelta(seconds=source.lookback_seconds)
    ids: set[str] = set()
    pages = 0
    asked_at: datetime | None = None
    for page in source.reader.list_pages(archived=True):
        pages += 1
        asked_at = asked_at or page.asked_at
        ids.update(page.ids)
        source.note(page.reading)
        fresh = [
            row.id
            for row in page.reading.listed
            if row.id not in listed_before
            or row.archived_at is None
            or parse_moment(row.archived_at) >= since
        ]
        yield from send_newly_archived(source, page, fresh, version=bookmark.version)
    return Listed(ids=frozenset(ids), pages=pages, asked_at=asked_at or since)
