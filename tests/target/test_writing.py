"""Batches are written beside the reading: in order, one at a time, and nothing after a failure."""

from __future__ import annotations

import os
import threading
import time
from functools import partial

import pytest

from target_crmhub_postgres.errors import DatabaseFailureError
from target_crmhub_postgres.lines import Alarm, blocks_of
from target_crmhub_postgres.writing import Writer


def fail() -> None:
    raise DatabaseFailureError("made up")


def test_batches_are_written_in_order_and_a_state_after_those_before_it() -> None:
    alarm, done = Alarm(), list[str]()
    writer = Writer(alarm)
    may_end = threading.Event()
    writer.write(lambda: done.append("first") if may_end.wait(10) else None)
    writer.afterwards(lambda: done.append("state of the first"))
    writer.write(lambda: done.append("second"))
    assert done == []
    may_end.set()
    writer.afterwards(lambda: done.append("state of the second"))
    writer.wait()
    writer.close()
    alarm.close()
    assert done == ["first", "state of the first", "second", "state of the second"]


def test_at_most_one_batch_waits_beside_the_one_that_is_written() -> None:
    alarm, begun, counted = Alarm(), list[int](), list[int]()
    may_end = threading.Semaphore(0)
    writer = Writer(alarm)

    def work(number: int) -> None:
        begun.append(number)
        may_end.acquire(timeout=10)

    def give() -> None:
        for number in range(6):
            writer.write(partial(work, number))
            counted.append(number)

    giving = threading.Thread(target=give)
    giving.start()
    for ended in range(6):
        while len(begun) <= ended:
            time.sleep(0.01)
        # One is written, one waits, and one more may just have been handed over.
        assert len(counted) <= ended + 2
        may_end.release()
    giving.join()
    writer.wait()
    writer.close()
    alarm.close()
    assert begun == list(range(6))


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
        blocks = blocks_of(source, alarm, writer.wait)
        assert next(blocks) == b"one\ntwo\n"
        writer.write(fail)
        with pytest.raises(DatabaseFailureError):
            next(blocks)
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
        blocks = [bytes(block) for block in blocks_of(source, alarm, fail) if block]  # type: ignore[arg-type] # a pipe gives bytes
        sending.join()
    alarm.close()
    assert b"".join(blocks) == b"ab\n\n" + long + b"\nlast"
    assert all(block.endswith(b"\n") for block in blocks[:-1])


class _Text:
    """Standard input as text, above its bytes."""

    def __init__(self, source: object) -> None:
        self.buffer = source
