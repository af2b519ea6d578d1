"""Keeps the run under HubSpot's limits, whatever sends the requests.

HubSpot counts calls over a rolling window (usage guidelines), at a moment between the sending of
a call and its answer that nobody tells. A call that took longer than the fastest one may have been
counted later by as much; taking it to be so keeps the window from holding one call too many, and
costs nothing where all calls take equally long.
"""

from __future__ import annotations

import threading
from bisect import bisect_right, insort
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_hubspot_crm.timekeeping import Timer

#: How long calls are remembered beyond the window, to tell foreign calls from ours in headers.
_MEMORY_SECONDS = 30.0
#: How often to look whether a call that fills the window was answered.
_LOOK_SECONDS = 0.02
_SHORTEST_WAIT = 0.001


@dataclass(frozen=True, kw_only=True, eq=False)
class Call:
    """A call that was taken from a bucket."""

    sent: float


class TokenBucket:
    """At most `limit` calls within any `window` seconds; safe between threads."""

    def __init__(
        self,
        *,
        limit: int,
        window: float,
        timer: Timer,
        pause: Callable[[float], None] | None = None,
    ) -> None:
        """Start full.

        Args:
            limit: Calls within the window.
            window: Seconds.
            timer: How to measure.
            pause: How to wait; the timer's own by default.
        """
        self._limit = limit
        self._window = window
        self._timer = timer
        self._pause = pause or timer.sleep
        #: In the order of their sending; a dict, since it keeps that.
        self._in_flight: dict[Call, None] = {}
        #: When calls were answered, rising. HubSpot counted each at most the fastest answer's
        #: time before, so the calls in flight are counted after all of these.
        self._answered: list[float] = []
        self._fastest: float | None = None
        self._closed_until = float("-inf")
        self._lock = threading.Lock()
        self._turn = threading.Lock()

    @property
    def limit(self) -> int:
        """How many calls the window takes."""
        return self._limit

    def take(self) -> Call:
        """Wait until a call is free, and take it; say with `answered` when its answer came."""
        # One thread at a time watches the window: the next free call is for one alone.
        with self._turn:
            while isinstance(found := self._try_take(), float):
                self._pause(found)
            return found

    def answered(self, call: Call) -> None:
        """Note that a call was answered, or came to nothing; only the first time counts."""
        with self._lock:
            if call in self._in_flight:
                now = self._timer.monotonic()
                latency = now - call.sent
                self._fastest = latency if self._fastest is None else min(self._fastest, latency)
                del self._in_flight[call]
                insort(self._answered, now)

    def close_for(self, seconds: float) -> None:
        """Hand out nothing for so long: HubSpot said that the limit is reached."""
        with self._lock:
            self._closed_until = max(self._closed_until, self._timer.monotonic() + seconds)

    def correct(self, *, limit: int, remaining: int | None, call: Call | None = None) -> None:
        """Take over what response headers say.

        Args:
            limit: HubSpot's own size of the window.
            remaining: Calls it still allowed; fewer than we count means that somebody else
                uses the same limit, and their calls are counted as if they were ours.
            call: The call whose answer says so.
        """
        with self._lock:
            self._limit = max(1, limit)
            if remaining is None:
                return
            now = self._timer.monotonic()
            sent = now if call is None else call.sent
            # HubSpot wrote the header when the call came in, and knew no more than this of ours.
            earlier = len(self._answered) - bisect_right(self._answered, sent - self._window)
            foreign = self._limit - remaining - earlier - len(self._in_flight)
            # They may have been counted up to now, as one of ours that is answered later.
            counted_like = now + (now - sent if self._fastest is None else self._fastest)
            for _ in range(max(0, min(foreign, self._limit))):
                insort(self._answered, counted_like)

    def _try_take(self) -> Call | float:
        """Take a call, or return the seconds to wait before the next try."""
        with self._lock:
            now = self._timer.monotonic()
            if now < self._closed_until:
                return self._closed_until - now
            self._forget(now)
            if (wait := self._wait(now)) > 0:
                return wait
            call = Call(sent=now)
            self._in_flight[call] = None
            return call

    def _wait(self, now: float) -> float:
        """Return the seconds until the window has room, zero if it has."""
        room = self._limit - len(self._in_flight)
        if room > len(self._answered):
            return 0.0
        if room > 0:
            counted = self._answered[-room] - (self._fastest or 0.0)
        else:
            # Taken to be counted as late as can be: a call that takes longer may be so by as much.
            sent = list(self._in_flight)[-self._limit].sent
            counted = sent if self._fastest is None else max(sent, now - self._fastest)
        if counted <= now - self._window:
            return 0.0
        wait = max(counted + self._window - now, _SHORTEST_WAIT)
        # A call in flight may turn out to have been counted earlier than feared.
        return min(wait, _LOOK_SECONDS) if room <= 0 and self._fastest is not None else wait

    def _forget(self, now: float) -> None:
        old = bisect_right(self._answered, now - self._window - _MEMORY_SECONDS)
        del self._answered[:old]


#: Added to the windows: HubSpot's clock and ours need not tick alike.
_GUARD = 0.002


class Limiter:
    """The buckets of one run: searches, and everything else.

    Search responses carry no rate headers (HubSpot: usage guidelines), so only the burst bucket
    is corrected.
    """

    def __init__(
        self,
        *,
        calls_per_10_seconds: int,
        searches_per_second: int,
        timer: Timer,
        pause: Callable[[float], None] | None = None,
    ) -> None:
        """Start with what the settings say; waiting is the timer's unless `pause` does it."""
        self.burst = TokenBucket(
            limit=calls_per_10_seconds, window=10.0 * (1 + _GUARD), timer=timer, pause=pause
        )
        self.search = TokenBucket(
            limit=searches_per_second, window=1.0 + 10 * _GUARD, timer=timer, pause=pause
        )

    def bucket(self, *, search: bool) -> TokenBucket:
        """Return the bucket that a request draws from."""
        return self.search if search else self.burst
