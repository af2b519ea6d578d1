"""What a pass tells its stream to do, in order: passes know HubSpot, streams know Singer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tap_hubspot_crm.state import Bookmark


#: A record; the structure of those that are many is made for their stream.
Record: TypeAlias = dict[str, Any] | Struct


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Records to send."""

    records: Sequence[Record] = field(repr=False)
    version: int
    #: When HubSpot answered with them, in its own time.
    read_at: datetime


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """All that was told before is sent: a run may end here and go on from this bookmark."""

    bookmark: Bookmark


@dataclass(frozen=True, kw_only=True)
class Touched:
    """Rows whose associations are stale though no search need show it."""

    #: Live again.
    returned: frozenset[str] = frozenset()
    #: Archived or merged away.
    gone: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class CompletePass:
    """Everything that exists was sent with this version; what was not is gone."""

    version: int
    #: What exists, or may exist, and was not sent, since HubSpot refuses to read it.
    kept: frozenset[str] = frozenset()


Event: TypeAlias = Rows | Checkpoint | Touched | CompletePass
