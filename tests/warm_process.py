"""A process that has programs of ours loaded and forks for each start of one of them.

To import a program costs up to a second of a core, and the tests start hundreds. What is forked is
a process like any other: with its own environment, directory, standard streams, signals and exit
status. The tests' side is `warm_programs`; each message is a wish in JSON with four open files:
standard input, output and error, and where the program's end is written to.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import logging
import os
import signal
import socket
import struct
import sys
import tempfile
import threading
import time
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from types import FrameType

#: Before each wish: its length in bytes.
HEADER: Final = struct.Struct("!I")
#: Standard input, output and error, and the pipe for the end.
FILES: Final = 4
#: A process id; and how a process ended, as `waitpid` has it.
NUMBER: Final = struct.Struct("!i")
#: What a program loads only when it runs, by the program's name.
LOADED_LATE: Final = {
    "crmhub": ("crmhub.demo.play", "crmhub.engine.working", "target_crmhub_postgres.mapping"),
    "meltano": ("alembic.command", "crmhub.state_backend.store", "mako.template"),
}


class Forks:
    """The processes that run, and who waits for their ends."""

    def __init__(self) -> None:
        self._pipes: dict[int, int] = {}

    def add(self, pid: int, pipe: int) -> None:
        """Tell this pipe of the end of this process."""
        self._pipes[pid] = pipe

    def tell_ends(self, _number: int = 0, _frame: FrameType | None = None) -> None:
        """Take note of processes that ended, and tell those who wait."""
        # Not of all: what is imported may start processes too, and waits for them itself.
        for pid in list(self._pipes):
            try:
                ended, status = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                # Seen by a call that interrupted this one.
                continue
            if ended:
                pipe = self._pipes.pop(pid)
                with contextlib.suppress(BrokenPipeError):
                    os.write(pipe, NUMBER.pack(status))
                os.close(pipe)

    def forget(self) -> None:
        """Close all pipes: they are another process's."""
        for pipe in self._pipes.values():
            os.close(pipe)


def main() -> None:
    """Fork for each wish until the tests are gone; in the fork, be the program."""
    forks = Forks()
    tests = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGCHLD, forks.tell_ends)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        header, files, _flags, _address = socket.recv_fds(tests, HEADER.size, FILES)
        if not header:
            return
        wish = json.loads(_receive(tests, HEADER.unpack(header)[0]))
        script = _loaded(wish["program"])
        if threading.active_count() > 1:
            raise RuntimeError(f"{wish['program']} starts a thread where it is imported")
        # The end of a process is told once it is known whom to tell.
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
        pid = os.fork()
        if pid == 0:
            tests.close()
            forks.forget()
            _become(wish, files)
            if wish["code"] is None:
                # Found only here: plugins of the SDK set up their logs where they are looked for.
                sys.exit(script.load()())
            exec(compile(wish["code"], "<code>", "exec"), {"__name__": "__main__"})  # noqa: S102 - a test's own code
            return
        forks.add(pid, files.pop())
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
        for file in files:
            os.close(file)
        tests.sendall(NUMBER.pack(pid))


def _loaded(name: str) -> EntryPoint:
    [script] = entry_points(group="console_scripts", name=name)
    if script.module not in sys.modules:
        for module in (script.module, *LOADED_LATE.get(name, ())):
            importlib.import_module(module)
        # What lies there now is looked through by no program, and so stays shared between them.
        gc.freeze()
    return script


def _receive(tests: socket.socket, length: int) -> bytes:
    parts = bytearray()
    while len(parts) < length:
        part = tests.recv(length - len(parts))
        if not part:
            raise EOFError("the tests went away in the middle of a wish")
        parts += part
    return bytes(parts)


def _become(wish: dict[str, Any], files: list[int]) -> None:
    """Leave nothing that the program could tell from a start of its own."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
    *streams, end = files
    for number, file in enumerate(streams):
        os.dup2(file, number)
        os.close(file)
    os.close(end)
    os.chdir(wish["directory"])
    os.environ.clear()
    os.environ.update(wish["environment"])
    time.tzset()
    # Another program may have set up its own logs where it was imported.
    logging.root.handlers.clear()
    tempfile.tempdir = None
    sys.argv = [wish["program"], *wish["arguments"]]


if __name__ == "__main__":
    main()
