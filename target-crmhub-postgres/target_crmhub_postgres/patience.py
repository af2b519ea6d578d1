"""How long a transaction is tried again: often at first, then seldom, and not for ever."""

from __future__ import annotations

import logging
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import threading

    from target_crmhub_postgres.errors import PassingFailureError

#: A transaction is tried this often at most, the first time included.
MOST_TRIES: Final = 12
#: No try begins later than this after the first failure, seconds.
MOST_SECONDS: Final = 120.0
#: The first wait, seconds; each further one is twice as long, up to the longest.
FIRST_WAIT: Final = 0.1
LONGEST_WAIT: Final = 10.0

_LOGGER: Final = logging.getLogger("CrmHubLoader")


@dataclass(kw_only=True)
class Patience:
    """The tries of one transaction.

    Args:
        closing: Set by another thread once there is nothing more to wait for.
    """

    closing: threading.Event
    _failures: int = field(default=0, init=False)
    _first_failure: float = field(default=0.0, init=False)

    def waited_for(self, failure: PassingFailureError) -> bool:
        """Wait before the next try; False if there is none left.

        A signal ends the wait with the process: its handler runs in between.
        """
        now = time.monotonic()
        self._failures += 1
        if self._failures == 1:
            self._first_failure = now
        wait = wait_after(self._failures)
        if self._failures >= MOST_TRIES or now + wait > self._first_failure + MOST_SECONDS:
            return False
        _LOGGER.warning(
            "%s: trying again in %.1f s (try %d of %d)",
            failure.reason,
            wait,
            self._failures + 1,
            MOST_TRIES,
        )
        return not self.closing.wait(wait)


def wait_after(failures: int) -> float:
    """Return the seconds to wait after so many failures in a row.

    Spread over the upper half, so that many loads do not come back at the same moment.
    """
    longest = min(FIRST_WAIT * 2.0 ** (failures - 1), LONGEST_WAIT)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
