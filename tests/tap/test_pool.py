"""The pool: bounded, in threads of its own, and ended with the run."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tap_hubspot_crm.pool import RequestPool, side_by_side

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG = 10.0


@pytest.fixture
def pool() -> Iterator[RequestPool]:
    """A pool of three threads."""
    made = RequestPool(max_concurrency=3)
    yield made
    made.close()


def _threads() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith("tap-hubspot-crm")]


def test_no_more_calls_run_at_once_than_allowed_and_as_many_do(pool: RequestPool) -> None:
    together = threading.Barrier(3)
    lock = threading.Lock()
    running: list[int] = [0]
    most: list[int] = [0]

    def call() -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        together.wait(LONG)
        with lock:
            running[0] -= 1

    handles = [pool.submit(call) for _ in range(9)]
    while handles:
        handles.remove(pool.wait(handles))
    assert most == [3]


def test_what_is_done_first_is_returned_first(pool: RequestPool) -> None:
    held = threading.Event()
    slow = pool.submit(lambda: held.wait(LONG))
    quick = pool.submit(lambda: "quick")
    assert pool.wait([slow, quick]) is quick
    assert quick.result() == "quick"
    held.set()
    assert pool.wait([slow]) is slow


def test_waiting_raises_what_the_call_raised(pool: RequestPool) -> None:
    def call() -> None:
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        pool.wait([pool.submit(call)])


def test_closing_ends_every_thread_and_begins_no_further_call(pool: RequestPool) -> None:
    held = threading.Event()
    begun = threading.Event()
    late: list[int] = []

    def call() -> None:
        begun.set()
        held.wait(LONG)

    for _ in range(3):
        pool.submit(call)
    pool.submit(lambda: late.append(1))
    assert begun.wait(LONG)
    assert len(_threads()) == 3
    # Not before the pool is being closed: until then a thread that is free takes the last call.
    release = threading.Timer(0.3, held.set)
    release.start()
    pool.close()
    release.join()
    assert _threads() == []
    assert late == []
    again = pool.submit(lambda: "again")
    assert pool.wait([again]).result() == "again"


def test_a_pool_can_be_closed_while_a_thread_of_it_begins(
    pool: RequestPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal's handler may end the run at any moment."""

    class _SignalError(Exception):
        pass

    def interrupted(_thread: threading.Thread) -> None:
        raise _SignalError

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(_SignalError):
        pool.submit(lambda: None)
    pool.close()
    assert _threads() == []


def test_threads_begin_only_as_they_are_needed(pool: RequestPool) -> None:
    for _ in range(3):
        pool.wait([pool.submit(lambda: None)])
    assert len(_threads()) == 1


def test_side_by_side_begins_no_more_than_can_be_in_flight(pool: RequestPool) -> None:
    begun: list[int] = []

    def call(number: int) -> int:
        begun.append(number)
        return number

    results = side_by_side(pool, [partial(call, number) for number in range(20)], most=3)
    assert next(results) in range(3)
    assert len(begun) <= 4
    assert len(list(results)) == 19
