"""Writes batches in a thread of its own, while the next one is read.

In order: a state is printed after the batches before it, and nothing is done after a failure.
"""

from __future__ import annotations

import contextlib
import gc
import sys
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from target_crmhub_postgres.lines import Alarm


#: Batches that wait beside the one that is written.
_WAITING: Final = 1
#: New objects between two looks of the garbage collector; by default 700. Rows hold no cycles.
_OBJECTS: Final = 100_000
#: How long a thread that works may let the other one wait, seconds; by default 0.005.
_SWITCH_SECONDS: Final = 0.0002


class Writer:
    """One thread, and at most one batch that waits for it beside the one in it.

    So the database is busy while the next batch is read, though one takes longer than another.

    Args:
        alarm: Rung when work fails, so that nobody waits for input in vain.
    """

    def __init__(self, alarm: Alarm) -> None:
        self._alarm = alarm
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")
        #: Batches that may not be written yet, oldest first.
        self._batches: deque[Future[None]] = deque()
        #: Work is done in order: the last one done, everything is.
        self._last: Future[None] | None = None
        self._failure: BaseException | None = None

    def write(self, work: Callable[[], None]) -> None:
        """Have a batch written once those before it are; raises what one of them failed with."""
        if len(self._batches) > _WAITING:
            self._batches.popleft().result()
        if self._failure is not None:
            raise self._failure
        self._batches.append(self._begin(work))

    def afterwards(self, work: Callable[[], None]) -> None:
        """Have something done once everything before it is."""
        self._begin(work)

    def wait(self) -> None:
        """Wait until everything is done; raises what failed."""
        if self._last is not None:
            self._last.result()
            self._last = None
            self._batches.clear()
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        """Wait until nothing is under way any more, whether it failed or not."""
        self._thread.shutdown(wait=True)

    def _begin(self, work: Callable[[], None]) -> Future[None]:
        self._last = self._thread.submit(self._done, work)
        return self._last

    def _done(self, work: Callable[[], None]) -> None:
        if self._failure is not None:
            return
        try:
            work()
        except BaseException as failure:  # noqa: BLE001 - it is raised where it is waited for
            self._failure = failure
            self._alarm.ring()


@contextlib.contextmanager
def tuned_interpreter() -> Iterator[None]:
    """Have Python suit two threads, one that reads and one that writes, until the block ends.

    The garbage collector looks less often. Whoever waits for the interpreter gets it sooner: the
    database waits for the writer's next statement meanwhile, a dozen times a batch.
    """
    thresholds, interval = gc.get_threshold(), sys.getswitchinterval()
    gc.set_threshold(_OBJECTS, *thresholds[1:])
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        sys.setswitchinterval(interval)
