"""Programs of ours, each start forked from one process that has them loaded (`warm_process`)."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

from warm_process import HEADER, NUMBER

if TYPE_CHECKING:
    from collections.abc import Mapping

#: After this long a test gives up, seconds.
PATIENCE_SECONDS = 60.0


class WarmProcess:
    """A program that was started; what tests need of `subprocess.Popen`, safe between threads."""

    def __init__(self, pid: int, end: IO[bytes]) -> None:
        self.pid = pid
        self._end = end
        self._status: int | None = None
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        """Its exit status, negative where a signal ended it; None while it runs."""
        with self._lock:
            if self._status is None and select.select([self._end], [], [], 0)[0]:
                with self._end:
                    told = self._end.read(NUMBER.size)
                if len(told) < NUMBER.size:
                    raise RuntimeError("the process that forks is gone")
                self._status = os.waitstatus_to_exitcode(NUMBER.unpack(told)[0])
            return self._status

    def wait(self, timeout: float = PATIENCE_SECONDS) -> int:
        """Its exit status, once it has ended; raises TimeoutExpired after so many seconds."""
        until, pause = time.monotonic() + timeout, 0.001
        while (status := self.poll()) is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
            time.sleep(pause)
            pause = min(2 * pause, 0.02)
        return status

    def send_signal(self, number: int) -> None:
        """Send a signal to it; nothing if it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


class PipedProcess(WarmProcess):
    """A program whose standard streams are pipes of the test's."""

    def __init__(self, process: WarmProcess, stdin: int, stdout: int, stderr: int) -> None:
        super().__init__(process.pid, process._end)
        self.stdin = os.fdopen(stdin, "wb")
        self.stdout = os.fdopen(stdout, "rb")
        self.stderr = os.fdopen(stderr, "rb")

    def communicate(self, timeout: float = PATIENCE_SECONDS) -> tuple[bytes, bytes]:
        """What it still writes to standard output and error until it ends; else as `wait`."""
        with ThreadPoolExecutor() as pool:
            output, errors = pool.submit(self.stdout.read), pool.submit(self.stderr.read)
            try:
                self.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
            return output.result(), errors.result()

    def __enter__(self) -> Self:
        """Leave the block once the program has ended, or is about to."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the pipes and wait for the program."""
        for pipe in (self.stdout, self.stderr):
            pipe.close()
        with contextlib.suppress(BrokenPipeError):
            self.stdin.close()
        self.wait()


class WarmPrograms:
    """Starts console scripts of this environment; safe between threads."""

    def __init__(self, *, packages: Path | None = None) -> None:
        """Start nothing yet; packages in a folder take the place of those of the environment."""
        self._paths = {} if packages is None else {"PYTHONPATH": str(packages)}
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None

    def run(
        self,
        program: str,
        *arguments: str | Path,
        environment: Mapping[str, str],
        directory: Path | None = None,
        standard_input: bytes = b"",
        code: str | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program to its end, else as `start`; what it wrote comes back as text."""
        with (
            tempfile.TemporaryFile() as typed,
            tempfile.TemporaryFile() as output,
            tempfile.TemporaryFile() as errors,
        ):
            typed.write(standard_input)
            typed.seek(0)
            process = self.start(
                program,
                *arguments,
                environment=environment,
                directory=directory,
                streams=(typed.fileno(), output.fileno(), errors.fileno()),
                code=code,
            )
            try:
                status = process.wait()
            finally:
                process.kill()
            output.seek(0)
            errors.seek(0)
            return subprocess.CompletedProcess(
                args=[program, *arguments],
                returncode=status,
                stdout=output.read().decode(),
                stderr=errors.read().decode(),
            )

    def start(
        self,
        program: str,
        *arguments: str | Path,
        environment: Mapping[str, str],
        streams: tuple[int, int, int],
        directory: Path | None = None,
        code: str | None = None,
    ) -> WarmProcess:
        """Start a program.

        Args:
            program: The name of a console script.
            arguments: What follows the name.
            environment: All of its environment.
            streams: File descriptors of its standard input, output and error; the caller's own
                stay open.
            directory: Where it works; here, if None.
            code: Python that is run instead, once the program is loaded.
        """
        wish = json.dumps(
            {
                "program": program,
                "arguments": [str(each) for each in arguments],
                "environment": dict(environment),
                "directory": str(directory or Path.cwd()),
                "code": code,
            }
        ).encode()
        reading, writing = os.pipe()
        try:
            with self._lock:
                warm = self._socket or self._begin()
                socket.send_fds(warm, [HEADER.pack(len(wish))], [*streams, writing])
                warm.sendall(wish)
                told = warm.recv(NUMBER.size)
        finally:
            os.close(writing)
        end = os.fdopen(reading, "rb", buffering=0)
        if not told:
            end.close()
            raise RuntimeError(f"{program} cannot be loaded")
        return WarmProcess(NUMBER.unpack(told)[0], end)

    def piped(
        self, program: str, *arguments: str | Path, environment: Mapping[str, str]
    ) -> PipedProcess:
        """Start a program with pipes for its standard streams, else as `start`."""
        pipes = [os.pipe() for _ in range(3)]
        (typed, stdin), (stdout, output), (stderr, errors) = pipes
        try:
            process = self.start(
                program, *arguments, environment=environment, streams=(typed, output, errors)
            )
        finally:
            for theirs in (typed, output, errors):
                os.close(theirs)
        return PipedProcess(process, stdin, stdout, stderr)

    def close(self) -> None:
        """End the process that forks."""
        if self._socket is not None:
            self._socket.close()
        if self._process is not None:
            self._process.wait()

    def _begin(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-P",
                    str(Path(__file__).with_name("warm_process.py")),
                    str(theirs.fileno()),
                ],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TZ": "UTC", **self._paths},
            )
        self._socket = ours
        return ours
