"""So many calls at once and so many a minute: a bucket that fills by itself."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

#: A bucket holds the calls of so long a time.
_BURST_SECONDS: Final = 10.0


class CallBucket:
    """Calls that may still be made; each takes one out."""

    def __init__(
        self, *, calls_per_minute: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin full. `clock` tells seconds."""
        self._per_second = calls_per_minute / 60
        self._most = max(1.0, self._per_second * _BURST_SECONDS)
        self._calls = self._most
        self._clock = clock
        self._at = clock()
        self._lock = threading.Lock()

    def take(self) -> float:
        """Take a call out: 0, or seconds until there is one."""
        with self._lock:
            now = self._clock()
            self._calls = min(self._most, self._calls + (now - self._at) * self._per_second)
            self._at = now
            if self._calls >= 1:
                self._calls -= 1
                return 0.0
            return (1 - self._calls) / self._per_second
