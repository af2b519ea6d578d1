"""The time of one process of the tap, on a machine whose clock may be off."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tap_hubspot_crm.timekeeping import Timer

if TYPE_CHECKING:
    from datetime import timedelta
    from random import Random

    from hubspot_sandbox.clock import VirtualClock

_DAY_MS = 24 * 3_600_000


def timer_of(clock: VirtualClock, rng: Random, *, off: timedelta) -> Timer:
    """Return the time of a process: it began to count when it was started.

    Args:
        clock: HubSpot's time.
        rng: Decides when it was started, and the jitter.
        off: How far the machine's idea of now is from HubSpot's.
    """
    begun = clock.now_ms() - rng.randint(0, _DAY_MS)

    def wall() -> datetime:
        return datetime.fromtimestamp(clock.now_ms() / 1000, UTC) + off

    return Timer(
        monotonic=lambda: (clock.now_ms() - begun) / 1000,
        # Of whole milliseconds, upwards: a wait must pass some time.
        sleep=lambda seconds: clock.advance(math.ceil(seconds * 1000)),
        wall=wall,
        jitter=rng.random,
    )
