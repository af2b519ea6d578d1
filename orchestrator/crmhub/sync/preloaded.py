"""A process that has Meltano loaded and forks for each run, which saves half of what a run costs.

Importing Meltano takes 0.65 s of a core (facts: Meltano, cost of one empty sync). This process does
it once. It holds one end of a socket of its worker; each message is a `LeashWish` with three open
files: the leash's standard input, the run's output, and where the leash writes the run's status.
It has one thread, keeps nothing of a wish, and ends with its worker.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import struct
import sys
import threading
from typing import TYPE_CHECKING, NoReturn

import meltano.cli

from crmhub.sync.leash import LeashWish, hold

if TYPE_CHECKING:
    from types import FrameType

#: Before each wish: its length in bytes.
HEADER = struct.Struct("!I")
#: Standard input of the leash, output of the run, and the pipe for its status.
FILES = 3

#: What the worker hears once a run has begun.
FORKED = b"."

#: What Meltano loads only when it runs; every run does.
LOADED_LATE = (
    "alembic.command",
    "anyio._backends._asyncio",
    "crmhub.state_backend.store",
    "mako.template",
    "sqlalchemy.dialects.sqlite",
)


def main() -> int:
    """Fork for each wish until the worker is gone."""
    signal.signal(signal.SIGCHLD, _let_them_rest)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # The worker decides when runs end; with it, the socket closes.
        signal.signal(number, signal.SIG_IGN)
    for name in LOADED_LATE:
        importlib.import_module(name)
    # What lies there now is looked through by no run, and so stays shared between them.
    gc.freeze()
    worker = socket.socket(fileno=int(sys.argv[1]))
    while True:
        header, files, _flags, _address = socket.recv_fds(worker, HEADER.size, FILES)
        if not header:
            return 0
        wish = _receive(worker, HEADER.unpack(header)[0])
        if threading.active_count() > 1:
            raise RuntimeError("a thread runs in the process that forks")
        if os.fork() == 0:
            worker.close()
            _lead(wish, files)
        for file in files:
            os.close(file)
        worker.sendall(FORKED)


def _let_them_rest(_number: int, _frame: FrameType | None) -> None:
    """Take note of the ends of runs: their time then counts as this process's children's.

    Their status is not asked for: the leash tells it itself.
    """
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _receive(worker: socket.socket, length: int) -> bytes:
    parts = bytearray()
    while len(parts) < length:
        part = worker.recv(length - len(parts))
        if not part:
            raise EOFError("the worker went away in the middle of a wish")
        parts += part
    return bytes(parts)


def _lead(wish: bytes, files: list[int]) -> NoReturn:
    """Be the leash of one run."""
    status = 1
    try:
        for signal_ in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(signal_, signal.SIG_DFL)
        os.setsid()
        standard_input, output, status_pipe = files
        os.dup2(standard_input, 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(standard_input)
        os.close(output)
        os.set_inheritable(status_pipe, False)
        status = hold(json.loads(wish), _run_meltano)
        os.write(status_pipe, str(status).encode())
    finally:
        os._exit(status)


def _run_meltano(wish: LeashWish) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(wish["environment"])
    sys.argv = wish["command"]
    status = 1
    try:
        meltano.cli.main()
        status = 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    sys.exit(main())
