"""Notices that somebody set this machine's clock back.

What is done every few seconds is done by the clock (procrastinate's periodic tasks): after it was
set back by an hour, nothing would be done for an hour.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_LOOK_SECONDS: Final = 2.0
#: A clock that is steered runs slower; one that is set jumps.
_JUMP_SECONDS: Final = 1.0


async def clock_set_back(
    clock: Callable[[], float] | None = None, *, look_seconds: float = _LOOK_SECONDS
) -> float:
    """Return once the clock was set back: by how many seconds.

    Args:
        clock: Seconds since 1970; absent: the machine's.
        look_seconds: Between two looks.
    """
    clock = clock or time.time
    ahead = clock() - time.monotonic()
    while True:
        await asyncio.sleep(look_seconds)
        before, ahead = ahead, clock() - time.monotonic()
        if before - ahead > _JUMP_SECONDS:
            return before - ahead
