"""The incremental pass: everything changed since a bookmark, found by search, read by id."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from tap_hubspot_crm.batch_read import BATCH_LIMIT, blocks
from tap_hubspot_crm.changes import ChangeSearch
from tap_hubspot_crm.errors import TapError
from tap_hubspot_crm.events import Checkpoint, Touched
from tap_hubspot_crm.pool import side_by_side
from tap_hubspot_crm.retrying import BRIEF
from tap_hubspot_crm.windows import Hit, Window

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence
    from datetime import datetime

    from tap_hubspot_crm.events import Event
    from tap_hubspot_crm.pool import Handle
    from tap_hubspot_crm.reading import Reading
    from tap_hubspot_crm.sending import ObjectSource
    from tap_hubspot_crm.state import ObjectBookmark


@dataclass(frozen=True, kw_only=True)
class ChangesLookedFor:
    """The search of an incremental pass, as it begins."""

    window: Window
    #: Milliseconds since 1970; the window's own, or less where another stream wants more.
    lower: int
    search: ChangeSearch


def look_for_changes(
    source: ObjectSource, bookmark: ObjectBookmark, *, since: datetime
) -> ChangesLookedFor:
    """Return the search for all that was modified since a moment, less the lookback.

    Nothing is asked yet: `incremental_pass` does so, or `search.ask` before it.
    """
    reader = source.reader
    seen = bookmark.seen
    if not source.knows(bookmark):
        # A row may have been filled and read, and is remembered, without a property that was
        # defined meanwhile: what changed since the definitions were last read is read again.
        since, seen = min(since, bookmark.properties_at or since), {}
    window = Window.since(since, lookback_seconds=source.lookback_seconds, seen=seen)
    lower = reader.client.changes.begin(reader.object_type, window.lower)
    return ChangesLookedFor(window=window, lower=lower, search=ChangeSearch(reader, lower))


def incremental_pass(
    source: ObjectSource,
    bookmark: ObjectBookmark,
    *,
    since: datetime,
    looked_for: ChangesLookedFor | None = None,
) -> Generator[Event, None, tuple[ObjectBookmark, bool]]:
    """Send every row modified since a moment, less the lookback.

    Search results name rows only: their bodies may be stale, or younger than the window.

    Args:
        source: Reads and shapes the rows.
        bookmark: Where the stream stands.
        since: The moment; the bookmark's own, or the start of a full pass.
        looked_for: What `look_for_changes` returned for the same, if that was begun before.

    Returns:
        The new bookmark, with the moment before this pass's first search in HubSpot's time, and
        whether every row was found. If not, the bookmark says that a full pass is due.
    """
    reader = source.reader
    looked_for = looked_for or look_for_changes(source, bookmark, since=since)
    window, lower, search = looked_for.window, looked_for.lower, looked_for.search
    shared = reader.client.changes
    changed = _ChangedRows(source, window, lower=lower, version=bookmark.version)
    hits = search.first()
    while True:
        shared.note(reader.object_type, hits, lower=lower)
        changed.add(hits, last=search.finished)
        search.submit()
        changed.submit(most=reader.client.max_concurrency - len(search.handles))
        handles = [*search.handles, *changed.reads]
        if not handles:
            break
        done = reader.client.pool.wait(handles)
        if done in changed.reads:
            hits = ()
            yield from changed.send(done)
        else:
            hits = search.take(done)
    yield from changed.send_unread(bookmark.unread)
    yield from changed.send_rest()
    shared.end(reader.object_type, lower, search.started_at, is_short=search.is_short)
    caught_up = replace(
        source.told(bookmark),
        bookmark=search.started_at,
        full_pass_at=None if search.is_short else bookmark.full_pass_at,
        shortfalls=bookmark.shortfalls + search.shortfalls,
        seen=window.to_keep(search.started_at, lookback_seconds=source.lookback_seconds),
    )
    yield Checkpoint(bookmark=caught_up)
    return caught_up, not search.is_short


class _ChangedRows:
    """Reads what searches found, while they go on, and sends it."""

    def __init__(self, source: ObjectSource, window: Window, *, lower: int, version: int) -> None:
        self._source = source
        self._window = window
        self._lower = lower
        self._version = version
        #: By id: what the index shows twice is read once.
        self._unread: dict[str, Hit] = {}
        self._last = False
        self.reads: dict[Handle[Reading], Sequence[Hit]] = {}
        self._merged: dict[str, Hit] = {}
        self._missing: set[str] = set()

    def add(self, hits: Sequence[Hit], *, last: bool) -> None:
        """Take over search results.

        Args:
            hits: What a search found.
            last: Whether there will be no more.
        """
        window = self._window
        for hit in hits:
            if not self._lower <= hit.modified < window.lower and not window.knows(hit):
                self._unread[hit.id] = hit
        self._last = last

    def submit(self, *, most: int) -> None:
        """Have rows read, up to `most` requests at once; full ones, but for the last."""
        reader = self._source.reader
        while self._unread and len(self.reads) < max(1, most):
            if len(self._unread) < BATCH_LIMIT and not self._last:
                return
            ids = list(islice(self._unread, BATCH_LIMIT))
            hits = [self._unread.pop(id_) for id_ in ids]
            self.reads[reader.client.pool.submit(partial(reader.read, ids))] = hits

    def send(self, read: Handle[Reading]) -> Iterator[Event]:
        """Send the rows of a reading that is done.

        A row that was merged into another comes at the end: the other one may be in a reading of
        its own that is still on its way, and would look older or younger than it is.
        """
        hits = self.reads.pop(read)
        reading = read.result()
        yield from self._send(replace(reading, merged={}), hits)
        self._merged |= {hit.id: hit for hit in hits if hit.id in reading.merged}
        self._missing |= reading.missing

    def send_unread(self, ids: Iterable[str]) -> Iterator[Event]:
        """Send what earlier runs could not read, where HubSpot answers for it now."""
        for block in blocks(ids, BATCH_LIMIT):
            try:
                reading = self._source.reader.read(block, policy=BRIEF)
            except TapError as error:
                if not error.is_divisible:
                    raise
                continue
            yield from self._send(replace(reading, merged={}), ())
            self._merged |= {id_: Hit(id=id_, modified=0) for id_ in reading.merged}
            self._missing |= reading.missing

    def send_rest(self) -> Iterator[Event]:
        """Send what became of rows that were merged, or are gone."""
        reader, client = self._source.reader, self._source.reader.client
        merged = list(self._merged.values())
        for start in range(0, len(merged), BATCH_LIMIT):
            hits = merged[start : start + BATCH_LIMIT]
            reading = reader.read([hit.id for hit in hits])
            yield from self._send(reading, hits)
            self._missing |= reading.missing
        # Archived since the index last looked, or purged; the archived listing knows later, but
        # asking now costs one request.
        parts = blocks(self._missing, BATCH_LIMIT)
        calls = [partial(reader.read, part, archived=True) for part in parts]
        nowhere: set[str] = set()
        for archived in side_by_side(client.pool, calls, most=client.max_concurrency):
            yield self._source.rows(archived, self._version)
            yield Touched(gone=frozenset(row.id for row in archived.rows))
            nowhere |= archived.missing
        for block in blocks(nowhere, BATCH_LIMIT):
            # The index shows it, and no read does: that has to be so twice to be believed.
            yield from self._send(reader.read(block), ())

    def _send(self, reading: Reading, hits: Sequence[Hit]) -> Iterator[Event]:
        yield self._source.rows(reading, self._version)
        rows = (*reading.rows, *reading.merged.values())
        # Remembered is what was read, not what the index showed: if the store ran behind the
        # index, the next pass reads the row again.
        for row in rows:
            self._window.remember(row.id, row.modified)
        for hit in hits:
            if hit.id in reading.merged:
                self._window.remember(hit.id, hit.modified)
        losers = (row.merged_ids for row in rows)
        yield Touched(gone=frozenset(reading.merged).union(*losers))
