"""HubSpot's own limits as the fastest that any client can be: pure arithmetic."""

from __future__ import annotations

from typing import Final

#: Starting Python, the SDK and the tap is not reading, and is left out up to so many seconds.
START_UP_SECONDS: Final = 2.0
#: Ids a second that searches can find: 5 requests of 200 (HubSpot: search guide).
IDS_PER_SECOND: Final = 1_000
_PAGE: Final = 100
_WINDOW_SECONDS: Final = 10


def least_seconds(records: int, calls_per_10_seconds: int) -> float:
    """Return the least time in which so many records can be asked for, 100 a call.

    The limit counts over a rolling window, so the first burst goes out at once and every further
    one a window later; the time ends when the last call may be sent.
    """
    calls = -(-records // _PAGE)
    return (max(calls, 1) - 1) // calls_per_10_seconds * _WINDOW_SECONDS


def reading_seconds(seconds: float) -> float:
    """Return the time of a run without its start-up, 0 where it was no longer than that."""
    return max(seconds - START_UP_SECONDS, 0.0)
