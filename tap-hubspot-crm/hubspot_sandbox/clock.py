"""Time for the sandbox: milliseconds since 1970 in UTC, from the machine or set by a test."""

import threading
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol

from typing_extensions import override

DAY_MS = 86_400_000


class Clock(Protocol):
    """What tells the sandbox the time; every part of it asks here and nowhere else."""

    def now_ms(self) -> int:
        """Return milliseconds since 1970 in UTC; never less than it returned before."""

    def sleep(self, seconds: float) -> None:
        """Let this much of the clock's time pass."""


class SystemClock(Clock):
    """The machine's clock, held back where the machine sets it back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest = 0

    @override
    def now_ms(self) -> int:
        with self._lock:
            self._latest = max(self._latest, time.time_ns() // 1_000_000)
            return self._latest

    @override
    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class VirtualClock(Clock):
    """A clock that stands still until it is moved; sleeping moves it."""

    def __init__(self, start_ms: int) -> None:
        self._now = start_ms
        self._lock = threading.Lock()

    @override
    def now_ms(self) -> int:
        return self._now

    @override
    def sleep(self, seconds: float) -> None:
        self.advance(round(seconds * 1000))

    def advance(self, milliseconds: int) -> None:
        """Move the clock forward."""
        if milliseconds < 0:
            raise ValueError("a clock moves forward only: give zero or more milliseconds")
        with self._lock:
            self._now += milliseconds


@lru_cache(maxsize=65_536)
def iso(moment: int) -> str:
    """Return a moment (ms since 1970) as HubSpot writes it: `2026-11-22T10:00:00.123Z`."""
    seconds, milliseconds = divmod(moment, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC).isoformat()[:19]}.{milliseconds:03d}Z"


def parse_moment(text: str) -> int:
    """Return milliseconds since 1970 for epoch milliseconds, an ISO moment or a date.

    Raises:
        ValueError: the text is none of the three.
    """
    if text.removeprefix("-").isdecimal():
        return int(text)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    whole = moment.replace(microsecond=0)
    return round(whole.timestamp()) * 1000 + moment.microsecond // 1000
