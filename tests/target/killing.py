"""Runs of the real program that are ended by a signal at a random point."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import random
import signal
import sys
import termios
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from target import stored
from target.expectation import KEYS, Expectation
from target.histories import Source, openings

if TYPE_CHECKING:
    from pathlib import Path

    from target.expectation import Content, Place
    from target.loading import Hub, Message
    from warm_programs import PipedProcess, WarmPrograms

#: A run may not hang: after this long a test gives up, seconds.
PATIENCE = 60.0


@dataclass(kw_only=True)
class History:
    """One connection's history: runs that are killed again and again until they end well.

    Args:
        hub: The connection.
        programs: Of which one is the target.
        folder: For the settings of the program.
        seed: Of the dice.
    """

    hub: Hub
    programs: WarmPrograms
    folder: Path
    seed: int
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Begin with an empty connection."""
        self._dice = random.Random(self.seed)
        self._source = Source(dice=self._dice)
        self._expected = Expectation()
        #: Of a run that is not killed, from the first line that is read: seconds.
        self._length = 0.3
        self._config = self.folder / "config.json"
        self._config.write_text(json.dumps(self.hub.config), encoding="utf-8")

    def play(self, *, runs: int, kills: int) -> None:
        """Let so many runs happen, killed so often in all, and compare all along."""
        lines: list[Message] = []
        for number in range(runs):
            lines = self._source.run(edits=80)
            course = Course(self._expected, lines)
            position = 0
            for _ in range(kills // runs + (number < kills % runs)):
                position = self._killed(lines, position, course)
            self._whole(lines[position:])
            self._compare()
        # Once more from the start of the last run: nothing changes.
        self._whole(lines)
        self._compare()

    def _killed(self, lines: list[Message], position: int, course: Course) -> int:
        """Run from a state and end it by a signal; return the last state it printed.

        A run that ended well before its signal is no kill: it happens again from its beginning.
        """
        number = self._dice.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM])
        fed = _encoded(lines[position:])
        with self._program() as program:
            feeding = Feeding(program, fed)
            if self._dice.random() < 0.5:
                feeding.wait_until_read(self._dice.randrange(len(fed)))
                time.sleep(self._dice.uniform(0, 0.01))
                self.counts["by bytes"] += 1
            else:
                feeding.wait_until_read(1)
                time.sleep(self._dice.uniform(0, self._length))
                self.counts["by the clock"] += 1
            program.send_signal(number)
            status = program.wait(timeout=PATIENCE)
            states, stderr = feeding.ended()
        if status == 0:
            self.counts["ended before"] += 1
            return self._killed(lines, 0, course)
        assert status in {-number, 128 + number}, stderr
        self.counts[signal.Signals(number).name] += 1
        position = states[-1]["line"] if states else position
        self.counts["after a state" if states else "before a state"] += 1
        course.hold(stored.contents(self.hub), position)
        return position

    def _whole(self, lines: list[Message]) -> None:
        with self._program() as program:
            feeding = Feeding(program, _encoded(lines))
            feeding.wait_until_read(1)
            began = time.monotonic()
            status = program.wait(timeout=PATIENCE)
            self._length = time.monotonic() - began
            states, stderr = feeding.ended()
        assert status == 0, stderr
        assert not lines or states[-1] == lines[-1]["value"]

    def _compare(self) -> None:
        found, expected = stored.contents(self.hub), self._expected.contents()
        different = {
            place: (found.get(place), expected.get(place))
            for place in found.keys() | expected.keys()
            if found.get(place) != expected.get(place)
        }
        assert different == {}, (self.seed, different)
        assert stored.seen(self.hub) == self._expected.seen
        assert stored.totals_are_right(self.hub)

    def _program(self) -> PipedProcess:
        return self.programs.piped(
            "target-crmhub-postgres", "--config", self._config, environment=os.environ
        )


class Course:
    """How what is expected changes, line by line of a run.

    Args:
        expected: What is expected before the run; after this, what is expected after it.
        lines: The run.
    """

    def __init__(self, expected: Expectation, lines: list[Message]) -> None:
        #: Place → (line, content from that line on).
        self._changes: dict[Place, list[tuple[int, Content]]] = {}
        last = expected.contents()
        for place, content in last.items():
            self._changes[place] = [(0, content)]
        for number, line in enumerate(lines, start=1):
            expected.take(line)
            places: set[Place] = set()
            if line["type"] == "RECORD":
                stream, key = line["stream"], line["record"][KEYS[line["stream"]]]
                places = {(stream, key), (f"set of {stream}", key)}
            elif line["type"] == "ACTIVATE_VERSION":
                places = set(last)
            for place in places:
                content = expected.content(place)
                if content != last.get(place):
                    last[place] = content
                    self._changes.setdefault(place, []).append((number, content))

    def hold(self, found: dict[Place, Content], position: int) -> None:
        """Check that everything is as of the printed state or, as part of the rest, later."""
        for place in found.keys() | self._changes.keys():
            course = self._changes.get(place, [])
            earlier = [content for line, content in course if line <= position][-1:] or [None]
            later = [content for line, content in course if line > position]
            assert found.get(place) in [*earlier, *later], (place, position)


class Feeding:
    """Writes lines into a program and reads what it prints, each in a thread."""

    def __init__(self, program: PipedProcess, lines: bytes) -> None:
        self._program = program
        self._lines = lines
        self._written = 0
        self._printed: dict[str, bytes] = {}
        self._threads = [
            threading.Thread(target=self._feed),
            threading.Thread(target=self._listen, args=["stdout"]),
            threading.Thread(target=self._listen, args=["stderr"]),
        ]
        for thread in self._threads:
            thread.start()

    def wait_until_read(self, count: int) -> None:
        """Return once the program has taken so many bytes, or has ended."""
        while self._program.poll() is None and self._written - self._unread() < count:
            time.sleep(0.001)

    def ended(self) -> tuple[list[Any], str]:
        """The states that were printed, and stderr."""
        for thread in self._threads:
            thread.join()
        states = [json.loads(line) for line in self._printed["stdout"].splitlines()]
        return states, self._printed["stderr"].decode()

    def _feed(self) -> None:
        with contextlib.suppress(BrokenPipeError), self._program.stdin as stdin:
            for start in range(0, len(self._lines), 4096):
                stdin.write(self._lines[start : start + 4096])
                stdin.flush()
                self._written = min(start + 4096, len(self._lines))
            # Closed only now, as what a closed pipe still holds cannot be told.
            while self._program.poll() is None and self._unread():
                time.sleep(0.001)

    def _unread(self) -> int:
        """Bytes that the program has not taken from its standard input yet."""
        found = bytearray(4)
        with contextlib.suppress(ValueError, OSError):  # closed: all is read
            fcntl.ioctl(self._program.stdin, termios.FIONREAD, found)
        return int.from_bytes(found, sys.byteorder)

    def _listen(self, name: str) -> None:
        with getattr(self._program, name) as stream:
            self._printed[name] = stream.read()


def _encoded(lines: list[Message]) -> bytes:
    return "".join(f"{json.dumps(line)}\n" for line in [*openings(), *lines]).encode()
