"""Starts the leash of a run: as a program of its own, or forked from a process that is warm."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from abc import ABC, abstractmethod
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from typing_extensions import override

from crmhub.errors import RunNotStartedError
from crmhub.sync.environment import inherited_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmhub.sync.leash import LeashWish

#: Of a run whose leash was killed, which no other status can be told apart from.
_KILLED = 137


class RunProcess(ABC):
    """A run under its leash."""

    def __init__(self, *, leash: IO[str], output: IO[str]) -> None:
        """Keep both ends.

        Args:
            leash: The worker's end of the pipe that the run hangs on.
            output: What the run says.
        """
        self._leash = leash
        self.output = output

    def let_go(self) -> None:
        """Make the run end; without harm if it has."""
        with contextlib.suppress(BrokenPipeError, ValueError):
            self._leash.close()

    @abstractmethod
    def wait(self) -> int:
        """The status it ended with; 128 + signal where one ended it."""


class Launcher(Protocol):
    """Starts runs."""

    def launched(self, wish: LeashWish) -> contextlib.AbstractContextManager[RunProcess]:
        """The run; leaving the block ends it."""


class _Executed(RunProcess):
    def __init__(self, process: subprocess.Popen[str], *, leash: IO[str], output: IO[str]) -> None:
        super().__init__(leash=leash, output=output)
        self._process = process

    @override
    def wait(self) -> int:
        return self._process.wait()


class ColdLauncher:
    """Starts a new leash, which starts a new Meltano, for each run."""

    @contextlib.contextmanager
    def launched(self, wish: LeashWish) -> Iterator[RunProcess]:
        """The run; leaving the block ends it."""
        process = subprocess.Popen(
            # -S and -P: nothing but the standard library, from nowhere but Python's own folders.
            [sys.executable, "-S", "-P", str(Path(__file__).with_name("leash.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=inherited_environment(os.environ),
            start_new_session=True,
        )
        try:
            with process:
                if process.stdin is None or process.stdout is None:
                    raise RuntimeError("the run was started without pipes")
                process.stdin.write(json.dumps(wish) + "\n")
                process.stdin.flush()
                run = _Executed(process, leash=process.stdin, output=process.stdout)
                try:
                    yield run
                finally:
                    run.let_go()
        finally:
            process.wait()


class _Forked(RunProcess):
    def __init__(self, *, leash: IO[str], output: IO[str], status: IO[str]) -> None:
        super().__init__(leash=leash, output=output)
        self._status_pipe = status
        self._status: int | None = None

    @override
    def wait(self) -> int:
        if self._status is None:
            self._status = int(self._status_pipe.read() or _KILLED)
        return self._status


class WarmLauncher:
    """Has one process load Meltano and fork for each run; safe between threads."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None

    @contextlib.contextmanager
    def launched(self, wish: LeashWish) -> Iterator[RunProcess]:
        """The run; leaving the block ends it."""
        with contextlib.ExitStack() as ours:
            with contextlib.ExitStack() as theirs:
                leash_end, leash = _pipe(theirs, ours)
                output, output_end = _pipe(ours, theirs)
                status, status_end = _pipe(ours, theirs)
                self._send(wish, [end.fileno() for end in (leash_end, output_end, status_end)])
            run = _Forked(leash=leash, output=output, status=status)
            try:
                yield run
            finally:
                run.let_go()
                run.wait()

    def close(self) -> None:
        """End the process; runs that go on hang on their own leashes."""
        with self._lock:
            self._end()

    def _send(self, wish: LeashWish, files: list[int]) -> None:
        message = json.dumps(wish).encode()
        header = len(message).to_bytes(4, "big")
        with self._lock:
            for is_last in (False, True):
                warm = self._socket or self._start()
                try:
                    socket.send_fds(warm, [header], files)
                    warm.sendall(message)
                    has_forked = bool(warm.recv(1))
                except (BrokenPipeError, ConnectionResetError):
                    has_forked = False
                if has_forked:
                    return
                # It was killed: the next one is as good.
                self._end()
                if is_last:
                    raise RunNotStartedError(
                        "Meltano cannot be loaded on this machine: `crmhub doctor` says what is "
                        "amiss, then start the worker again"
                    )

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "crmhub.sync.preloaded", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=inherited_environment(os.environ),
                start_new_session=True,
            )
        self._socket = ours
        return ours

    def _end(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._process is not None:
            self._process.wait()
            self._process = None


def _pipe(readers: contextlib.ExitStack, writers: contextlib.ExitStack) -> tuple[IO[str], IO[str]]:
    """Both ends of a new pipe; each is closed with its stack, whatever happens meanwhile."""
    reading, writing = os.pipe()
    return (
        readers.enter_context(os.fdopen(reading, errors="replace")),
        writers.enter_context(os.fdopen(writing, "w")),
    )
