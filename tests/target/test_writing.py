"""Batches are written beside the reading: in order, one at a time, and nothing after a failure."""

from __future__ import annotations

import os
import threading

import pytest

from target_crmhub_postgres.errors import DatabaseFailureError
from target_crmhub_postgres.lines import Alarm, lines_of
from target_crmhub_postgres.writing import Writer


def fail() -> None:
    raise DatabaseFailureError("made up")


def test_a_batch_waits_for_the_one_before_it_and_a_state_for_both() -> None:
    alarm, done = Alarm(), list[str]()
    writer = Writer(alarm)
    may_end = threading.Event()
    writer.write(lambda: done.append("first") if may_end.wait(10) else None)
    writer.afterwards(lambda: done.append("state of the first"))
    assert done == []
    may_end.set()
    writer.write(lambda: done.append("second"))
    assert done[:2] == ["first", "state of the first"]
    writer.afterwards(lambda: done.append("state of the second"))
    writer.wait()
    writer.close()
    alarm.close()
    assert done == ["first", "state of the first", "second", "state of the second"]


def test_nothing_is_done_after_a_failure_and_it_is_told_at_every_wait() -> None:
    alarm, done = Alarm(), list[str]()
    writer = Writer(alarm)
    writer.write(fail)
    writer.afterwards(lambda: done.append("state"))
    for _ in range(2):
        with pytest.raises(DatabaseFailureError):
            writer.wait()
    with pytest.raises(DatabaseFailureError):
        writer.write(lambda: done.append("batch"))
    writer.close()
    alarm.close()
    assert done == []


def test_who_waits_for_input_hears_of_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """The input is open, and nothing comes."""
    reading, writing = os.pipe()
    alarm = Alarm()
    writer = Writer(alarm)
    with os.fdopen(reading, "rb") as source, os.fdopen(writing, "wb") as sender:
        monkeypatch.setattr("sys.stdin", _Text(source))
        sender.write(b"one\ntwo\nthr")
        sender.flush()
        lines = lines_of(source, alarm, writer.wait)
        assert [next(lines), next(lines)] == [b"one", b"two"]
        writer.write(fail)
        with pytest.raises(DatabaseFailureError):
            next(lines)
    writer.close()
    alarm.close()


def test_lines_are_whole_however_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    alarm = Alarm()
    long = b"x" * 700_000
    with os.fdopen(reading, "rb") as source:
        monkeypatch.setattr("sys.stdin", _Text(source))

        def send() -> None:
            with os.fdopen(writing, "wb", buffering=0) as sender:
                for part in (b"a", b"b\n\n", long, b"\nlast"):
                    sender.write(part)

        sending = threading.Thread(target=send)
        sending.start()
        assert list(lines_of(source, alarm, fail)) == [b"ab", b"", long, b"last"]
        sending.join()
    alarm.close()


class _Text:
    """Standard input as text, above its bytes."""

    def __init__(self, source: object) -> None:
        self.buffer = source
