"""Has anything changed since the bookmark? Tells without starting a run.

Nothing is printed, written or kept; importing this needs no Singer SDK.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tap_hubspot_crm.account import check_account
from tap_hubspot_crm.associations import complete_pass_due
from tap_hubspot_crm.client import HubSpotClient
from tap_hubspot_crm.definitions import names_digest, read_definitions
from tap_hubspot_crm.errors import Abandoned, TapError
from tap_hubspot_crm.listings import LISTINGS
from tap_hubspot_crm.object_passes import Intervals, archived_pass_due, full_pass_due
from tap_hubspot_crm.object_types import OBJECT_TYPES
from tap_hubspot_crm.objects import ObjectReader
from tap_hubspot_crm.self_check.results import CheckResult
from tap_hubspot_crm.self_check.run import self_check
from tap_hubspot_crm.settings import Settings, read_settings
from tap_hubspot_crm.state import BOOKMARKS, AssociationsBookmark, ListingBookmark, ObjectBookmark
from tap_hubspot_crm.state_json import read_bookmarks
from tap_hubspot_crm.windows import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from tap_hubspot_crm.state import Bookmark
    from tap_hubspot_crm.timekeeping import Timer

__all__ = (
    "OBJECT_STREAMS",
    "STREAMS",
    "Abandoned",
    "CheckResult",
    "TapError",
    "Verdict",
    "count_records",
    "intervals_of",
    "probe",
    "self_check",
)

#: Every stream that the tap has.
STREAMS = tuple(BOOKMARKS)
#: Those of an object type: start_date leaves older records out of them, and full passes, which tell
#: what is gone, are rare.
OBJECT_STREAMS = tuple(OBJECT_TYPES)


def _nobody_ends_it(_end: Callable[[], None]) -> None:
    """Leave it to its own end."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a probe found."""

    #: A stream for which a run would have something to do; None if there is none.
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
    attach: Callable[[Callable[[], None]], None] = _nobody_ends_it,
) -> Verdict:
    """Return whether a run with this state would have anything to do.

    If nothing changed that takes one search an object type, the listing of pipelines and three of
    owners; where the settings do not name the properties, the listings of those; where they name
    the account, one call for it.

    Args:
        config: The tap's settings.
        state: The Singer state of the last run; an empty one means that everything is to be read.
        streams: The selected streams.
        timer: How to measure and wait; the machine's own by default.
        attach: Is told by what another thread can end the probe.

    Raises:
        TapError: As the tap itself would.
        Abandoned: It was ended; no `Exception`.
    """
    settings = read_settings(config)
    bookmarks = read_bookmarks(state)
    client = HubSpotClient(settings, timer=timer)
    attach(client.abandon)
    probing = _Probing(client, settings, {stream: bookmarks[stream] for stream in streams})
    try:
        check_account(client, settings.expected_account_id)
        stream = next((each for each in probing.bookmarks if probing.has_news(each)), None)
        return Verdict(stream=stream, asked_at=probing.asked_at)
    finally:
        client.close()


def count_records(
    config: Mapping[str, Any],
    *,
    timer: Timer | None = None,
    attach: Callable[[Callable[[], None]], None] = _nobody_ends_it,
) -> dict[str, int]:
    """Return how many records HubSpot has of each stream that it counts.

    Live records of an object type by its search index, which lags behind by seconds; pipelines and
    owners by their listings, archived ones included. Sets of associations are not counted anywhere.

    Args:
        config: The tap's settings.
        timer: How to measure and wait; the machine's own by default.
        attach: Is told by what another thread can end the counting.

    Raises:
        TapError: As the tap itself would.
        Abandoned: It was ended; no `Exception`.
    """
    settings = read_settings(config)
    client = HubSpotClient(settings, timer=timer)
    attach(client.abandon)
    try:
        check_account(client, settings.expected_account_id)
        counts: dict[str, int] = {}
        for stream in OBJECT_TYPES:
            known = ObjectReader(client, stream).greatest_id()
            counts[stream] = 0 if known is None else known[1]
        counts |= {stream: len(read(client).records) for stream, read in LISTINGS.items()}
        return counts
    finally:
        client.close()


class _Probing:
    """What a probe has asked so far: each object type is searched once, whoever looks at it."""

    def __init__(
        self, client: HubSpotClient, settings: Settings, bookmarks: Mapping[str, Bookmark]
    ) -> None:
        self._client = client
        self._settings = settings
        self.bookmarks = bookmarks
        #: When HubSpot was first asked, in its own time; None before.
        self.asked_at: datetime | None = None
        #: Object type to the streams that do not know all that a search of it found.
        self._surprised: dict[str, set[str]] = {}

    def has_news(self, stream: str) -> bool:
        """Return whether a run would have something to do for the stream."""
        bookmark = self.bookmarks[stream]
        if isinstance(bookmark, ListingBookmark):
            listing = LISTINGS[stream](self._client)
            self.asked_at = self.asked_at or listing.asked_at
            return listing.digest != bookmark.digest
        unread = isinstance(bookmark, ObjectBookmark) and bookmark.unread
        if bookmark.bookmark is None or bookmark.full_pass is not None or unread:
            return True
        if any(stream in self._search(object_type) for object_type in _seen(stream, bookmark)):
            return True
        if _slower_pass_due(bookmark, intervals_of(self._settings), self._client.clock.now()):
            return True
        if isinstance(bookmark, ObjectBookmark):
            return _has_new_properties(self._client, self._settings, stream, bookmark)
        return bool(bookmark.owed_deals or bookmark.gone_deals or bookmark.owed_contacts)

    def _search(self, object_type: str) -> set[str]:
        """Return the streams to which a search of the type shows something new.

        As far back as any of them looks, and no further than to a page on which one has found
        something: then a run is to be started, whatever the others would find.
        """
        if object_type not in self._surprised:
            windows = self._windows(object_type)
            widest = min(windows.values(), key=lambda window: window.lower)
            surprised = self._surprised.setdefault(object_type, set())
            for page in ObjectReader(self._client, object_type).search(widest):
                self.asked_at = self.asked_at or page.asked_at
                for stream, window in windows.items():
                    # What HubSpot counts and does not show may be new: a run finds out.
                    if page.is_short or any(
                        not widest.lower <= hit.modified < window.lower and not window.knows(hit)
                        for hit in page.found.hits
                    ):
                        surprised.add(stream)
                if surprised:
                    break
        return self._surprised[object_type]

    def _windows(self, object_type: str) -> dict[str, Window]:
        """Return what each stream with a bookmark looks at in the type."""
        windows: dict[str, Window] = {}
        for stream, bookmark in self.bookmarks.items():
            if isinstance(bookmark, ListingBookmark) or bookmark.bookmark is None:
                continue
            seen = _seen(stream, bookmark)
            if object_type in seen:
                windows[stream] = Window.since(
                    bookmark.bookmark,
                    lookback_seconds=self._settings.lookback_seconds,
                    seen=seen[object_type],
                )
        return windows


def _seen(
    stream: str, bookmark: ObjectBookmark | AssociationsBookmark
) -> Mapping[str, Mapping[str, int]]:
    """Return the object types that a stream looks at, with the rows of each that it has seen."""
    if isinstance(bookmark, ObjectBookmark):
        return {stream: bookmark.seen}
    return bookmark.seen_by_type


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
    return definitions.without(bookmark.unreadable).digest != bookmark.properties_digest


def _slower_pass_due(
    bookmark: ObjectBookmark | AssociationsBookmark, intervals: Intervals, now: datetime
) -> bool:
    if isinstance(bookmark, AssociationsBookmark):
        return complete_pass_due(bookmark, intervals, now)
    return full_pass_due(bookmark, intervals, now) or archived_pass_due(bookmark, intervals, now)
