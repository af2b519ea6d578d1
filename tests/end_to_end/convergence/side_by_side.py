"""Plays several histories at a time: most of what takes long in one is waiting."""

from __future__ import annotations

import signal
import sys
import time
from multiprocessing import get_context
from typing import TYPE_CHECKING

from end_to_end.convergence.history import Outcome, play

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from multiprocessing.pool import AsyncResult

#: Between two looks for one that has ended, seconds.
_LOOK_SECONDS = 0.2


def played(seeds: Iterator[int], *, jobs: int) -> Generator[Outcome]:
    """Play the histories of these seeds, so many at a time; yields each as it ends.

    A seed is taken when its history can begin. Closing ends those that go on.
    """
    # Each in a new process: nothing of one history is there in the next.
    with get_context("spawn").Pool(jobs, _end_in_order, maxtasksperchild=1) as pool:
        going_on: list[AsyncResult[Outcome]] = []
        while True:
            while len(going_on) < jobs and (seed := next(seeds, None)) is not None:
                going_on.append(pool.apply_async(play, [seed]))
            if not going_on:
                return
            for result in [each for each in going_on if each.ready()]:
                going_on.remove(result)
                yield result.get()
            time.sleep(_LOOK_SECONDS)


def _end_in_order() -> None:
    """Ended from outside, a history takes its workers, its server and its folders along."""
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
