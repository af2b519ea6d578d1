"""The one place where requests run side by side.

Passes submit calls and wait for one of them, all from one thread; whatever they know and decide
stays in that thread, so that nothing but the calls themselves must be safe between threads.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

#: How long closing waits for its threads; a signal leaves two seconds for everything.
_CLOSING_SECONDS = 1.0


class Handle(Generic[T_co]):
    """A call that was submitted."""

    def __init__(self, call: Callable[[], T_co]) -> None:
        """Keep the call for later."""
        self._call = call
        self._error: BaseException | None = None
        self.done = False

    def run(self) -> None:
        """Make the call now and keep what comes of it."""
        try:
            self._answer = self._call()
        except BaseException as error:  # noqa: BLE001 - raised again where the result is asked for
            self._error = error
        self.done = True

    def result(self) -> T_co:
        """Return what the call returned, or raise what it raised."""
        if self._error is not None:
            raise self._error
        return self._answer


class RequestPool:
    """Runs calls in at most `max_concurrency` threads, which begin with the first calls.

    Only the calls run in them: `submit`, `wait` and `close` belong to the thread of the run.
    """

    def __init__(self, *, max_concurrency: int) -> None:
        """Begin without any thread."""
        self._most = max_concurrency
        self._waiting: SimpleQueue[Handle[Any] | None] = SimpleQueue()
        # Not a condition: this queue's `get` lets a signal's handler through and cannot be left
        # locked by one.
        self._finished: SimpleQueue[Handle[Any]] = SimpleQueue()
        self._open = 0
        self._threads: list[threading.Thread] = []
        self._numbers = itertools.count(1)

    def submit(self, call: Callable[[], T]) -> Handle[T]:
        """Have a call made as soon as a thread is free."""
        handle = Handle(call)
        while not self._finished.empty():
            self._note_finished()
        self._open += 1
        self._waiting.put(handle)
        if len(self._threads) < min(self._open, self._most):
            self._start()
        return handle

    def wait(self, handles: Collection[Handle[Any]]) -> Handle[Any]:
        """Return one of the handles whose call is done, and raise what the call raised."""
        while True:
            for handle in handles:
                if handle.done:
                    handle.result()
                    return handle
            self._note_finished()

    def close(self) -> None:
        """End every thread, without the calls that none has begun; a call may be submitted again.

        Calls in progress are not waited for longer than a second; whoever closes makes them end.
        """
        waiting, self._waiting, self._finished = self._waiting, SimpleQueue(), SimpleQueue()
        threads, self._threads, self._open = self._threads, [], 0
        while not waiting.empty():
            waiting.get()
        for _ in threads:
            waiting.put(None)
        until = time.monotonic() + _CLOSING_SECONDS
        for thread in threads:
            # A signal may have come before the last one began; it finds that it is to end.
            if thread.is_alive():
                thread.join(max(0.0, until - time.monotonic()))

    def _note_finished(self) -> None:
        self._finished.get()
        self._open -= 1

    def _start(self) -> None:
        worker = _Worker(
            name=f"tap-hubspot-crm-{next(self._numbers)}",
            waiting=self._waiting,
            finished=self._finished,
        )
        self._threads.append(worker)
        worker.start()


class _Worker(threading.Thread):
    def __init__(
        self,
        *,
        name: str,
        waiting: SimpleQueue[Handle[Any] | None],
        finished: SimpleQueue[Handle[Any]],
    ) -> None:
        super().__init__(name=name, daemon=True)
        self._todo = waiting
        self._finished = finished

    @override
    def run(self) -> None:
        while (handle := self._todo.get()) is not None:
            handle.run()
            self._finished.put(handle)


def side_by_side(pool: RequestPool, calls: Iterable[Callable[[], T]], *, most: int) -> Iterator[T]:
    """Make calls side by side and yield what they return, as they are done.

    Args:
        pool: Makes them.
        calls: What to call.
        most: How many are submitted at once, so that their results do not pile up.
    """
    left = iter(calls)
    open_ = deque(pool.submit(call) for call in itertools.islice(left, most))
    while open_:
        handle = pool.wait(open_)
        open_.remove(handle)
        open_.extend(pool.submit(call) for call in itertools.islice(left, 1))
        yield handle.result()
