"""Has anything changed since the bookmark? Tells without starting a run.

Nothing is printed, written or kept; importing this needs no Singer SDK.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tap_hubspot_crm.associations import complete_pass_due
from tap_hubspot_crm.client import HubSpotClient
from tap_hubspot_crm.definitions import names_digest, read_definitions
from tap_hubspot_crm.errors import TapError
from tap_hubspot_crm.listings import read_owners, read_pipelines
from tap_hubspot_crm.object_passes import Intervals, archived_pass_due, full_pass_due
from tap_hubspot_crm.object_types import OBJECT_TYPES
from tap_hubspot_crm.objects import ObjectReader
from tap_hubspot_crm.settings import Settings, read_settings
from tap_hubspot_crm.state import BOOKMARKS, AssociationsBookmark, ListingBookmark, ObjectBookmark
from tap_hubspot_crm.state_json import read_bookmarks
from tap_hubspot_crm.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from tap_hubspot_crm.state import Bookmark
    from tap_hubspot_crm.timekeeping import Timer

__all__ = ("STREAMS", "TapError", "Verdict", "count_records", "intervals_of", "probe")

#: Every stream that the tap has.
STREAMS = tuple(BOOKMARKS)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a probe found."""

    #: The first stream for which a run would have something to do; None if there is none.
    stream: str | None
    #: Not after the probe's first request, in HubSpot's time. If `stream` is None, everything
    #: that HubSpot's index had up to then was sent by the run that wrote the state.
    asked_at: datetime | None

    @property
    def changed(self) -> bool:
        """Whether a run has anything to do."""
        return self.stream is not None


def intervals_of(settings: Settings) -> Intervals:
    """Return when the slower passes are due."""
    return Intervals(
        full=timedelta(hours=settings.reconcile_interval_hours),
        archived=timedelta(minutes=settings.archived_interval_minutes),
        associations=timedelta(minutes=settings.associations_interval_minutes),
    )


def probe(
    config: Mapping[str, Any],
    state: object,
    *,
    streams: Iterable[str] = STREAMS,
    timer: Timer | None = None,
) -> Verdict:
    """Return whether a run with this state would have anything to do.

    If nothing changed that takes one search an object type that the stream looks at, or three
    listings; and, where the settings do not name the properties, the listings of those.

    Args:
        config: The tap's settings.
        state: The Singer state of the last run; an empty one means that everything is to be read.
        streams: The selected streams.
        timer: How to measure and wait; the machine's own by default.

    Raises:
        TapError: As the tap itself would.
    """
    settings = read_settings(config)
    bookmarks = read_bookmarks(state)
    client = HubSpotClient(settings, timer=timer)
    try:
        asked_at: datetime | None = None
        for stream in streams:
            changed, moment = _stream_changed(client, settings, stream, bookmarks[stream])
            asked_at = asked_at or moment
            if changed:
                return Verdict(stream=stream, asked_at=asked_at)
        return Verdict(stream=None, asked_at=asked_at)
    finally:
        client.close()


def count_records(config: Mapping[str, Any], *, timer: Timer | None = None) -> dict[str, int]:
    """Return how many records HubSpot has of each stream that it counts.

    Live records of an object type by its search index, which lags behind by seconds; pipelines and
    owners by their listings, archived ones included. Sets of associations are not counted anywhere.

    Raises:
        TapError: As the tap itself would.
    """
    client = HubSpotClient(read_settings(config), timer=timer)
    try:
        counts: dict[str, int] = {}
        for stream in OBJECT_TYPES:
            known = ObjectReader(client, stream).greatest_id()
            counts[stream] = 0 if known is None else known[1]
        counts["pipelines"] = len(read_pipelines(client).records)
        counts["owners"] = len(read_owners(client).records)
        return counts
    finally:
        client.close()


def _stream_changed(
    client: HubSpotClient, settings: Settings, stream: str, bookmark: Bookmark
) -> tuple[bool, datetime | None]:
    """Return whether the stream has something to do, and when HubSpot was first asked."""
    if isinstance(bookmark, ListingBookmark):
        listing = read_owners(client) if stream == "owners" else read_pipelines(client)
        return listing.digest != bookmark.digest, listing.asked_at
    if bookmark.bookmark is None or bookmark.full_pass is not None:
        return True, None
    seen = (
        {stream: bookmark.seen} if isinstance(bookmark, ObjectBookmark) else bookmark.seen_by_type
    )
    asked_at: datetime | None = None
    for object_type, known in seen.items():
        window = Window.since(
            bookmark.bookmark, lookback_seconds=settings.lookback_seconds, seen=known
        )
        for page in ObjectReader(client, object_type).search(window):
            asked_at = asked_at or page.asked_at
            if not all(window.knows(hit) for hit in page.found.hits):
                return True, asked_at
    if _slower_pass_due(bookmark, intervals_of(settings), client.clock.now()):
        return True, asked_at
    if isinstance(bookmark, ObjectBookmark):
        return _has_new_properties(client, settings, stream, bookmark), asked_at
    return bool(bookmark.owed_deals or bookmark.gone_deals or bookmark.owed_contacts), asked_at


def _has_new_properties(
    client: HubSpotClient, settings: Settings, stream: str, bookmark: ObjectBookmark
) -> bool:
    """Say whether rows were read without a property that they may have by now."""
    wanted = settings.properties.get(stream)
    if wanted is not None and names_digest(wanted) == bookmark.properties_digest:
        return False
    definitions = read_definitions(
        client, stream, wanted=wanted, refused_before=lambda: bookmark.refused
    )
    return definitions.digest != bookmark.properties_digest


def _slower_pass_due(
    bookmark: ObjectBookmark | AssociationsBookmark, intervals: Intervals, now: datetime
) -> bool:
    if isinstance(bookmark, AssociationsBookmark):
        return complete_pass_due(bookmark, intervals, now)
    return full_pass_due(bookmark, intervals, now) or archived_pass_due(bookmark, intervals, now)
