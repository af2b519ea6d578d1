"""Keeps the run under HubSpot's limits, whatever sends the requests.

HubSpot counts calls over a rolling window (usage guidelines), so each bucket remembers when it
handed out its last tokens and hands out the next only when the oldest has left the window.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap_hubspot_crm.timekeeping import Timer


class TokenBucket:
    """At most `limit` calls within any `window` seconds; safe between threads."""

    def __init__(self, *, limit: int, window: float, timer: Timer) -> None:
        """Start full."""
        self._limit = limit
        self._window = window
        self._timer = timer
        self._taken: deque[float] = deque()
        self._closed_until = 0.0
        self._lock = threading.Lock()

    @property
    def limit(self) -> int:
        """How many calls the window takes."""
        return self._limit

    def take(self) -> None:
        """Wait until a call is free, and take it."""
        while (wait := self._try_take()) > 0:
            self._timer.sleep(wait)

    def close_for(self, seconds: float) -> None:
        """Hand out nothing for so long: HubSpot said that the limit is reached."""
        with self._lock:
            self._closed_until = max(self._closed_until, self._timer.monotonic() + seconds)

    def correct(self, *, limit: int, remaining: int | None) -> None:
        """Take over what response headers say.

        Args:
            limit: HubSpot's own size of the window.
            remaining: Calls it still allows now; fewer than we count means that somebody else
                uses the same limit, and their calls are counted as if they were ours.
        """
        with self._lock:
            self._limit = max(1, limit)
            if remaining is None:
                return
            now = self._timer.monotonic()
            self._forget(now)
            foreign = self._limit - remaining - len(self._taken)
            self._taken.extend([now] * max(0, min(foreign, self._limit)))

    def _try_take(self) -> float:
        """Take a call and return 0, or return the seconds to wait before the next try."""
        with self._lock:
            now = self._timer.monotonic()
            if now < self._closed_until:
                return self._closed_until - now
            self._forget(now)
            if len(self._taken) < self._limit:
                self._taken.append(now)
                return 0.0
            oldest = self._taken[len(self._taken) - self._limit]
            return max(oldest + self._window - now, 0.001)

    def _forget(self, now: float) -> None:
        while self._taken and self._taken[0] <= now - self._window:
            self._taken.popleft()


class Limiter:
    """The buckets of one run: searches, and everything else.

    Search responses carry no rate headers (HubSpot: usage guidelines), so only the burst bucket
    is corrected.
    """

    def __init__(
        self, *, calls_per_10_seconds: int, searches_per_second: int, timer: Timer
    ) -> None:
        """Start with what the settings say."""
        self.burst = TokenBucket(limit=calls_per_10_seconds, window=10.0, timer=timer)
        self.search = TokenBucket(limit=searches_per_second, window=1.0, timer=timer)

    def bucket(self, *, search: bool) -> TokenBucket:
        """Return the bucket that a request draws from."""
        return self.search if search else self.burst
