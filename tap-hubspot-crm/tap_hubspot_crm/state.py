"""The bookmarks: what each stream remembers between runs.

Everything a run needs is here, typed; reading and writing their JSON is in `state_json`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from tap_hubspot_crm.object_types import CONTACTS, DEALS, OBJECT_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

#: How many archived ids, and how many owed or gone deals or contacts, a bookmark keeps.
ARCHIVED_LIMIT = 50_000
OWED_LIMIT = 10_000


class Phase(StrEnum):
    """How far a full pass got; a phase that was cut off begins again, except the live listing."""

    ARCHIVED = "archived"
    LIVE = "live"
    ARCHIVED_AGAIN = "archived_again"


@dataclass(frozen=True, kw_only=True)
class IdRange:
    """A part of the live listing still to be read."""

    #: HubSpot's cursor of the next page; None for the very first page.
    after: str | None = None
    #: The id at which the range ends, not included; None for the last range.
    before: str | None = None


@dataclass(frozen=True, kw_only=True)
class FullPass:
    """An unfinished full pass. Its version is that of its bookmark."""

    #: HubSpot's time before its first request; the pass ends by catching up from there.
    started_at: datetime
    phase: Phase
    open_ranges: tuple[IdRange, ...] = (IdRange(),)
    #: Ids of the first archived listing.
    archived_ids: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class ObjectBookmark:
    """What the stream of an object type remembers."""

    #: Everything HubSpot changed before this moment was sent; None before the first full pass.
    bookmark: datetime | None = None
    #: Rows of the lookback window sent under the current version: id to modification time in
    #: milliseconds. Only what is written to stdout already may enter it.
    seen: Mapping[str, int] = field(default_factory=dict)
    #: SHA-256 of the names of the properties with which those rows were read, and a moment at
    #: which the portal had these. Empty in a state written before this was kept.
    properties_digest: str = ""
    properties_at: datetime | None = None
    #: The first sensitivity of properties that HubSpot refused to list; asked again in full passes.
    refused: str = ""
    #: Properties that HubSpot refused to read; asked for again in full passes.
    unreadable: frozenset[str] = frozenset()
    #: Records that HubSpot gave no usable answer about; each run asks for them again.
    unread: frozenset[str] = frozenset()
    #: Version of the last full pass that was begun.
    version: int = 0
    #: When the last complete full pass began; None if a new one is due.
    full_pass_at: datetime | None = None
    #: How many searches so far missed rows in their first way: most of them found these in another.
    shortfalls: int = 0
    #: When the archived records were last listed, and which there were.
    archived_at: datetime | None = None
    archived_ids: frozenset[str] = frozenset()
    full_pass: FullPass | None = None


@dataclass(frozen=True, kw_only=True)
class AssociationsBookmark:
    """What `deal_contacts` remembers."""

    bookmark: datetime | None = None
    seen_deals: Mapping[str, int] = field(default_factory=dict)
    seen_contacts: Mapping[str, int] = field(default_factory=dict)
    version: int = 0
    full_pass_at: datetime | None = None
    full_pass: FullPass | None = None
    #: Left by the passes of deals and contacts: restored deals to read, deals that are gone and
    #: have no contacts any more, and restored contacts whose deals are to be read.
    owed_deals: frozenset[str] = frozenset()
    gone_deals: frozenset[str] = frozenset()
    owed_contacts: frozenset[str] = frozenset()

    @property
    def seen_by_type(self) -> dict[str, Mapping[str, int]]:
        """Object type to the rows of its lookback window that were seen."""
        return {DEALS.name: self.seen_deals, CONTACTS.name: self.seen_contacts}


@dataclass(frozen=True, kw_only=True)
class ListingBookmark:
    """What `pipelines` and `owners` remember: each run is a full pass."""

    version: int = 0
    #: SHA-256 of the last listing, by which a probe sees whether it changed.
    digest: str = ""


Bookmark: TypeAlias = ObjectBookmark | AssociationsBookmark | ListingBookmark

#: Stream name to the kind of its bookmark.
BOOKMARKS: Mapping[str, type[Bookmark]] = {
    **dict.fromkeys(OBJECT_TYPES, ObjectBookmark),
    "deal_contacts": AssociationsBookmark,
    "pipelines": ListingBookmark,
    "owners": ListingBookmark,
}
