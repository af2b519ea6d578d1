"""The process between a worker and `meltano run`: it never lets the run outlive the worker.

Started with a pipe as standard input, on which one JSON line says what to run (`LeashWish`);
secrets thus appear in no argument list. When the pipe closes, because the worker wants the
run to end or is itself gone, the run's process group is asked to end, then made to. Always
at the end, the run's private directory is deleted. Exits with the run's own status, or
128 + signal. Imports nothing but the standard library: it is in the way of every run.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from typing import TypedDict

_PR_SET_PDEATHSIG = 1


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


def main() -> int:
    """Run what standard input asks for; the status to exit with."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    wish: LeashWish = json.loads(sys.stdin.readline())
    try:
        process = subprocess.Popen(
            wish["command"],
            env=wish["environment"],
            cwd=wish["working_directory"],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            umask=0o077,
            preexec_fn=_end_with_leash,  # noqa: PLW1509 - no second thread exists yet
        )
        ended = threading.Event()
        threading.Thread(
            target=_end_when_pipe_closes, args=(process, ended, wish["grace_seconds"]), daemon=True
        ).start()
        signal.signal(signal.SIGTERM, lambda *_: _signal_group(process, signal.SIGTERM))
        status = process.wait()
        ended.set()
        # Meltano is gone; a plugin that did not notice goes now.
        _signal_group(process, signal.SIGKILL)
    finally:
        shutil.rmtree(wish["private_directory"], ignore_errors=True)
    return status if status >= 0 else 128 - status


def _end_when_pipe_closes(
    process: subprocess.Popen[bytes], ended: threading.Event, grace_seconds: float
) -> None:
    sys.stdin.read()
    _signal_group(process, signal.SIGTERM)
    if not ended.wait(grace_seconds):
        _signal_group(process, signal.SIGKILL)


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _end_with_leash() -> None:
    """Ask Linux to end the run should even the leash be killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
