"""What the headers of an answer tell of HubSpot's limits (HubSpot: usage guidelines)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEN_SECONDS: Final = 10_000


@dataclass(frozen=True, kw_only=True)
class RateHeaders:
    """The limits an answer named; None or zero where it named none."""

    #: Calls in ten seconds.
    limit: int | None
    remaining: int | None
    #: Calls a day, and how many of them are used.
    daily: int
    daily_used: int

    @property
    def daily_share_used(self) -> float:
        """The used part of the day's calls, 0 where the answer named none."""
        return self.daily_used / self.daily if self.daily else 0.0


def read_rate_headers(headers: Mapping[str, str]) -> RateHeaders:
    """Return the limits that an answer's headers name, however little it is."""
    interval = _count(headers.get("X-HubSpot-RateLimit-Interval-Milliseconds"))
    limit = _count(headers.get("X-HubSpot-RateLimit-Max")) if interval == _TEN_SECONDS else None
    daily = _count(headers.get("X-HubSpot-RateLimit-Daily")) or 0
    left = _count(headers.get("X-HubSpot-RateLimit-Daily-Remaining"))
    return RateHeaders(
        limit=limit,
        remaining=_count(headers.get("X-HubSpot-RateLimit-Remaining")),
        daily=daily,
        daily_used=0 if left is None else daily - left,
    )


def _count(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None
