"""The passes of `deal_contacts`: which contacts belong to which deal, always as whole sets.

HubSpot need not touch a deal when a contact is linked to it or unlinked, so changes are looked for
from both sides, and every deal is read again from time to time.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from tap_hubspot_crm.association_sets import ASSOCIATIONS_LIMIT, AssociationReader, link_record
from tap_hubspot_crm.batch_read import BATCH_LIMIT, blocks
from tap_hubspot_crm.changes import ChangeSearch
from tap_hubspot_crm.events import Checkpoint, CompletePass, Rows
from tap_hubspot_crm.full_pass import next_version
from tap_hubspot_crm.list_read import LIST_LIMIT
from tap_hubspot_crm.object_types import CONTACTS, DEALS
from tap_hubspot_crm.pool import side_by_side
from tap_hubspot_crm.range_listing import list_in_ranges
from tap_hubspot_crm.shared_changes import Changes
from tap_hubspot_crm.state import FullPass, IdRange, Phase
from tap_hubspot_crm.timekeeping import parse_moment, to_milliseconds
from tap_hubspot_crm.unread import UnreadRecords
from tap_hubspot_crm.windows import SEEN_LIMIT, Window, is_due

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator, Mapping
    from datetime import datetime

    from tap_hubspot_crm.client import HubSpotClient
    from tap_hubspot_crm.events import Event
    from tap_hubspot_crm.object_passes import Intervals
    from tap_hubspot_crm.objects import ObjectReader
    from tap_hubspot_crm.rows import Row
    from tap_hubspot_crm.state import AssociationsBookmark


#: How far the clocks of HubSpot's own servers may differ.
_SKEW = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True)
class AssociationSource:
    """All that the passes over the associations share during a run."""

    client: HubSpotClient
    #: Readers that ask for no property beside those the tap itself needs.
    deals: ObjectReader
    contacts: ObjectReader
    contacts_of_deals: AssociationReader
    deals_of_contacts: AssociationReader
    lookback_seconds: int
    #: Deals last changed before it are left out.
    start_date: datetime | None = None
    #: Records whose associations this run could not read.
    unread_deals: UnreadRecords = field(default_factory=lambda: UnreadRecords("sets of deals"))
    unread_contacts: UnreadRecords = field(
        default_factory=lambda: UnreadRecords("sets of contacts")
    )

    def in_scope(self, row: Row) -> bool:
        """Say whether the deal is among those that the settings ask for."""
        return self.start_date is None or parse_moment(row.updated_at) >= self.start_date


def association_passes(
    source: AssociationSource,
    bookmark: AssociationsBookmark,
    *,
    intervals: Intervals,
) -> Iterator[Event]:
    """Tell which sets to send: those that changed, then all of them if that is due."""
    return source.client.until_the_end(_passes(source, bookmark, intervals))


def _passes(
    source: AssociationSource, bookmark: AssociationsBookmark, intervals: Intervals
) -> Iterator[Event]:
    clock = source.client.clock
    # Without another stream nothing was asked yet; the searches tell HubSpot's time, too.
    if bookmark.bookmark is not None and (
        bookmark.full_pass is not None
        or not clock.is_known
        or not complete_pass_due(bookmark, intervals, clock.now())
    ):
        bookmark, _ = yield from _changed_sets(source, bookmark, since=bookmark.bookmark)
    if bookmark.full_pass is not None or complete_pass_due(bookmark, intervals, clock.now()):
        yield from _complete_pass(source, bookmark)


def complete_pass_due(bookmark: AssociationsBookmark, intervals: Intervals, now: datetime) -> bool:
    """Say whether every deal's set is to be read again."""
    return bookmark.bookmark is None or is_due(
        bookmark.full_pass_at, every=min(intervals.full, intervals.associations), now=now
    )


def _changed_sets(
    source: AssociationSource, bookmark: AssociationsBookmark, *, since: datetime
) -> Generator[Event, None, tuple[AssociationsBookmark, bool]]:
    """Send the set of every deal that changed, and of every deal of a contact that changed.

    Returns:
        The new bookmark, and whether every change was found. If not, the bookmark says that every
        set is to be read again.
    """
    lookback = source.lookback_seconds
    windows = _windows(bookmark, since=since, lookback_seconds=lookback)
    deals, contacts = windows[DEALS.name], windows[CONTACTS.name]
    read_since = None
    if bookmark.full_pass is not None and since == bookmark.full_pass.started_at:
        # Every set was read after that moment, so older changes are in them already.
        read_since = to_milliseconds(since - _SKEW)
    # Only a search that began after those readings is of use then.
    shared = read_since is None
    of_deals = _unseen(source.deals, deals, read_since, shared=shared)
    changed_deals = of_deals.modified
    # Found by contacts' own stream perhaps, which ran before: the earlier of the two counts.
    of_their_contacts = _unseen(source.contacts, contacts, read_since, shared=shared)
    changed_contacts = of_their_contacts.modified
    started_at = min(of_deals.started_at, of_their_contacts.started_at)
    of_contacts = _deals_of(source, {*changed_contacts, *bookmark.owed_contacts})
    unchanged = (of_contacts | bookmark.owed_deals) - set(changed_deals)
    wanted = {*changed_deals, *_in_scope(source, unchanged)}
    yield from _send_sets(source, wanted, version=bookmark.version)
    yield Rows(
        records=[link_record(deal_id, {}) for deal_id in bookmark.gone_deals - wanted],
        version=bookmark.version,
        read_at=source.client.clock.now(),
    )
    for window, changed in ((deals, changed_deals), (contacts, changed_contacts)):
        for row_id, modified in changed.items():
            window.remember(row_id, modified)
    is_complete = not (of_deals.is_short or of_their_contacts.is_short)
    caught_up = replace(
        bookmark,
        bookmark=started_at,
        full_pass_at=bookmark.full_pass_at if is_complete else None,
        seen_deals=deals.to_keep(started_at, lookback_seconds=lookback),
        seen_contacts=contacts.to_keep(started_at, lookback_seconds=lookback),
        # What could not be read now is asked for again by the next run.
        owed_deals=source.unread_deals.ids,
        gone_deals=frozenset(),
        owed_contacts=source.unread_contacts.ids,
    )
    yield Checkpoint(bookmark=caught_up)
    return caught_up, is_complete


def _windows(
    bookmark: AssociationsBookmark, *, since: datetime, lookback_seconds: int
) -> dict[str, Window]:
    return {
        object_type: Window.since(since, lookback_seconds=lookback_seconds, seen=known)
        for object_type, known in bookmark.seen_by_type.items()
    }


def wanted_changes(
    bookmark: AssociationsBookmark, *, intervals: Intervals, now: datetime, lookback_seconds: int
) -> dict[str, Window]:
    """Return the windows whose changes the pass to come looks at, by object type.

    None are wanted if it will read every deal anyway.
    """
    complete = bookmark.full_pass is None and complete_pass_due(bookmark, intervals, now)
    if bookmark.bookmark is None or complete:
        return {}
    return _windows(bookmark, since=bookmark.bookmark, lookback_seconds=lookback_seconds)


def _unseen(
    reader: ObjectReader, window: Window, read_since: int | None, *, shared: bool
) -> Changes:
    """Return the changed rows with their modification times, and when the search began.

    Args:
        reader: Searches contacts or deals.
        window: Where to look; hits before `read_since` are noted in it as sent.
        read_since: Milliseconds; changes before it need no reading, None if all do.
        shared: Whether what the object's own stream found in this run will do.
    """
    if shared:
        found = reader.client.changes.found(reader.object_type, window)
        if found is not None:
            return found
    changed: dict[str, int] = {}
    search = ChangeSearch(reader, window.lower)
    for hits in search.all():
        for hit in hits:
            if read_since is not None and hit.modified < read_since:
                window.remember(hit.id, hit.modified)
            elif not window.knows(hit):
                changed[hit.id] = max(hit.modified, changed.get(hit.id, 0))
    return Changes(modified=changed, started_at=search.started_at, is_short=search.is_short)


def _deals_of(source: AssociationSource, contact_ids: Collection[str]) -> set[str]:
    client = source.client
    read = source.deals_of_contacts.read
    calls = [partial(read, ids) for ids in blocks(contact_ids, ASSOCIATIONS_LIMIT)]
    found: set[str] = set()
    for sets in side_by_side(client.pool, calls, most=client.max_concurrency):
        source.unread_contacts.note(sets.unread, sets.links)
        for links in sets.links.values():
            found.update(links)
    return found


def _in_scope(source: AssociationSource, deal_ids: Collection[str]) -> set[str]:
    """Leave out deals that start_date leaves out; that costs a reading only where it is set."""
    if source.start_date is None:
        return set(deal_ids)
    client = source.client
    calls = [partial(source.deals.read, ids) for ids in blocks(deal_ids, BATCH_LIMIT)]
    kept: set[str] = set()
    for reading in side_by_side(client.pool, calls, most=client.max_concurrency):
        kept.update(row.id for row in reading.rows if source.in_scope(row))
        kept.update(reading.unread)
    return kept


def _send_sets(
    source: AssociationSource, deal_ids: Collection[str], *, version: int
) -> Iterator[Event]:
    client = source.client
    read = source.contacts_of_deals.read
    calls = [partial(read, ids) for ids in blocks(deal_ids, ASSOCIATIONS_LIMIT)]
    for sets in side_by_side(client.pool, calls, most=client.max_concurrency):
        source.unread_deals.note(sets.unread, sets.links)
        yield Rows(
            records=[link_record(deal_id, links) for deal_id, links in sets.links.items()],
            version=version,
            read_at=sets.answered_at,
        )


def _complete_pass(
    source: AssociationSource, bookmark: AssociationsBookmark
) -> Generator[Event, None, AssociationsBookmark]:
    """Send the set of every live deal, then what changed meanwhile; then the pass is complete."""
    bookmark = yield from _send_all(source, bookmark)
    if bookmark.full_pass is None:
        raise AssertionError("a complete pass ends that was not begun")
    began_at = bookmark.full_pass.started_at
    bookmark, is_complete = yield from _changed_sets(source, bookmark, since=began_at)
    if is_complete and source.unread_deals.are_refused:
        # Where HubSpot was silent about a set or shows no change of it, nothing may be dropped.
        yield CompletePass(version=bookmark.version, kept=source.unread_deals.ids)
    full_pass_at = began_at if is_complete else None
    complete = replace(bookmark, full_pass=None, full_pass_at=full_pass_at)
    yield Checkpoint(bookmark=complete)
    return complete


def _send_all(
    source: AssociationSource, bookmark: AssociationsBookmark
) -> Generator[Event, None, AssociationsBookmark]:
    running = bookmark.full_pass
    open_ranges = (IdRange(),) if running is None else running.open_ranges
    # Shared by every checkpoint of this pass; a deal enters only after its set was sent.
    seen = {} if running is None else dict(bookmark.seen_deals)
    waiting: dict[str, int] = {}
    for part in list_in_ranges(source.deals, open_ranges):
        if running is None:
            running = FullPass(started_at=part.asked_at, phase=Phase.LIVE)
            bookmark = _begun(bookmark, running)
        waiting.update(
            (row.id, row.modified)
            for row in part.reading.rows
            if row.id in part.ids and source.in_scope(row)
        )
        source.unread_deals.note(part.reading.unread, ())
        if part.open_ranges and len(waiting) <= ASSOCIATIONS_LIMIT - LIST_LIMIT:
            continue
        yield from _send_sets(source, waiting, version=bookmark.version)
        _remember(seen, waiting, running, source)
        waiting.clear()
        running = replace(running, open_ranges=part.open_ranges)
        bookmark = replace(
            bookmark,
            seen_deals=seen,
            full_pass=running,
            owed_deals=bookmark.owed_deals | source.unread_deals.ids,
        )
        yield Checkpoint(bookmark=bookmark)
    return bookmark


def _begun(bookmark: AssociationsBookmark, running: FullPass) -> AssociationsBookmark:
    return replace(
        bookmark,
        version=next_version(bookmark.version, running.started_at),
        full_pass=running,
        bookmark=bookmark.bookmark or running.started_at,
        # What was sent under the version before counts for nothing in this one.
        seen_deals={},
        seen_contacts={},
        # All are read now, and what is archived is to be left out.
        owed_deals=frozenset(),
        gone_deals=frozenset(),
        owed_contacts=frozenset(),
    )


def _remember(
    seen: dict[str, int],
    sent: Mapping[str, int],
    running: FullPass,
    source: AssociationSource,
) -> None:
    """Note deals of the lookback window, so that catching up does not read them again."""
    lower = to_milliseconds(running.started_at - timedelta(seconds=source.lookback_seconds))
    for deal_id, modified in sent.items():
        if modified >= lower and len(seen) < SEEN_LIMIT:
            seen[deal_id] = modified
