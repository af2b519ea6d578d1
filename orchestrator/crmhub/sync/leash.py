"""The process between a worker and `meltano run`: it never lets the run outlive the worker.

Started with a pipe as standard input. When the pipe closes, because the worker wants the run to
end or is itself gone, the run's process group is asked to end, then made to. Always at the end,
the run's private directory is deleted. Imports nothing but the standard library: it is in the way
of every run.

As a program it reads what to run from the first line of its standard input, so that secrets
appear in no argument list, and exits with the run's own status, or 128 + signal.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import shutil
import signal
import sys
import threading
from typing import TYPE_CHECKING, NoReturn, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
#: What a shell says of a command that could not be started.
_NOT_STARTED = 127


class LeashWish(TypedDict):
    """What the worker asks for."""

    command: list[str]
    #: The whole environment of the run; nothing is inherited.
    environment: dict[str, str]
    working_directory: str
    #: Deleted at the end.
    private_directory: str
    #: Between asking the run to end and making it, seconds.
    grace_seconds: float


def hold(wish: LeashWish, become: Callable[[LeashWish], NoReturn]) -> int:
    """Run what is wished and return its status, or 128 + signal.

    Args:
        wish: What.
        become: Turns the new process, which is in its place already, into the run.
    """
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    try:
        _hold_directory(wish["private_directory"])
        run = _start(wish, become)
        ended = threading.Event()
        threading.Thread(
            target=_end_when_pipe_closes, args=(run, ended, wish["grace_seconds"]), daemon=True
        ).start()
        signal.signal(signal.SIGTERM, lambda *_: _signal_group(run, signal.SIGTERM))
        status = os.waitstatus_to_exitcode(os.waitpid(run, 0)[1])
        ended.set()
        # Meltano is gone; a plugin that did not notice goes now.
        _signal_group(run, signal.SIGKILL)
    finally:
        shutil.rmtree(wish["private_directory"], ignore_errors=True)
    return status if status >= 0 else 128 - status


def main() -> int:
    """Run what standard input asks for; the status to exit with."""
    return hold(json.loads(sys.stdin.readline()), _execute)


def _execute(wish: LeashWish) -> NoReturn:
    os.execve(wish["command"][0], wish["command"], wish["environment"])  # noqa: S606 - our own command


def _start(wish: LeashWish, become: Callable[[LeashWish], NoReturn]) -> int:
    """The run's process id, which is its process group's too. No second thread exists yet."""
    run = os.fork()
    if run:
        return run
    try:
        os.setsid()
        os.umask(0o077)
        _end_with_leash()
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.chdir(wish["working_directory"])
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        become(wish)
    except OSError as error:
        os.write(2, f"the run could not be started: {error.strerror}\n".encode())
    finally:
        os._exit(_NOT_STARTED)


def _hold_directory(directory: str) -> None:
    """Lock the directory, for as long as this process lives, so that nobody takes it for left."""
    fcntl.flock(os.open(directory, os.O_RDONLY), fcntl.LOCK_SH)


def _end_when_pipe_closes(run: int, ended: threading.Event, grace_seconds: float) -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    _signal_group(run, signal.SIGTERM)
    if not ended.wait(grace_seconds):
        _signal_group(run, signal.SIGKILL)


def _signal_group(run: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(run, number)


def _end_with_leash() -> None:
    """Ask Linux to end the run should even the leash be killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
