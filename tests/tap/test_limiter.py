"""The limiter: never a call too many in any window, and none too few."""

from __future__ import annotations

import threading
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tap.canned import FakeTime

from tap_hubspot_crm.limiter import Call, Limiter, TokenBucket

if TYPE_CHECKING:
    from collections.abc import Sequence


def _most_in_a_window(counted: Sequence[float], window: float) -> int:
    ordered = sorted(counted)
    return max(sum(start <= moment < start + window for moment in ordered) for start in ordered)


def test_searches_come_five_to_a_second_from_the_first_on(fake_time: FakeTime) -> None:
    """A full bucket that is refilled as well would let ten through in the first second."""
    limiter = Limiter(calls_per_10_seconds=100, searches_per_second=5, timer=fake_time.timer)
    sent = []
    for _ in range(50):
        call = limiter.bucket(search=True).take()
        sent.append(fake_time.now)
        limiter.bucket(search=True).answered(call)
    assert _most_in_a_window(sent, 1.0) == 5
    assert sent[-1] - sent[0] < 9 * 1.05


@given(seed=st.integers(0, 10_000), slowest=st.sampled_from([0.0, 0.3, 2.0]))
@settings(max_examples=60, deadline=None)
def test_hubspot_never_counts_too_many_whenever_it_counts_each_call(
    seed: int, slowest: float
) -> None:
    """Calls in flight side by side, each counted anywhere between sending and answer."""
    dice = Random(seed)
    time = FakeTime()
    bucket = TokenBucket(limit=20, window=10.0, timer=time.timer)
    in_flight: list[tuple[float, Call]] = []
    counted: list[float] = []

    def answer(until: float) -> None:
        for moment, call in sorted(in_flight, key=lambda item: item[0]):
            if moment <= until:
                now, time.now = time.now, moment
                bucket.answered(call)
                time.now = max(now, moment)
                in_flight.remove((moment, call))

    # The first answer tells how long a call takes at least.
    first = bucket.take()
    counted.append(time.now + 0.05)
    time.now += 0.2
    bucket.answered(first)
    while len(counted) < 120:
        while len(in_flight) >= 8:
            time.now = max(time.now, min(moment for moment, _ in in_flight))
            answer(time.now)
        found = bucket._try_take()
        if isinstance(found, float):
            time.now += found
            answer(time.now)
            continue
        late = dice.uniform(0.0, slowest)
        counted.append(time.now + 0.05 + late)
        in_flight.append((time.now + 0.2 + late, found))
        time.now += 0.001
        answer(time.now)
    assert _most_in_a_window(counted, 9.999) <= 20


def test_calls_that_take_equally_long_use_the_window_in_full(fake_time: FakeTime) -> None:
    bucket = TokenBucket(limit=10, window=10.0, timer=fake_time.timer)
    sent = []
    for _ in range(40):
        call = bucket.take()
        sent.append(fake_time.now)
        fake_time.now += 0.2
        bucket.answered(call)
    assert sent[10] - sent[0] == pytest.approx(10.0)
    assert sent[30] - sent[0] == pytest.approx(30.0)


def test_a_reached_limit_holds_everybody_back(fake_time: FakeTime) -> None:
    bucket = TokenBucket(limit=100, window=10.0, timer=fake_time.timer)
    bucket.close_for(7.0)
    for _ in range(3):
        bucket.take()
    assert fake_time.slept == [7.0]


def test_our_own_calls_in_flight_are_not_taken_for_somebody_elses(fake_time: FakeTime) -> None:
    bucket = TokenBucket(limit=10, window=10.0, timer=fake_time.timer)
    calls = [bucket.take() for _ in range(6)]
    bucket.answered(calls[0])
    # HubSpot had seen five of the six when it wrote the header.
    bucket.correct(limit=10, remaining=5, call=calls[0])
    for _ in range(4):
        bucket.take()
    assert fake_time.slept == []


def test_a_limit_that_headers_raise_is_used(fake_time: FakeTime) -> None:
    bucket = TokenBucket(limit=2, window=10.0, timer=fake_time.timer)
    call = bucket.take()
    bucket.answered(call)
    bucket.correct(limit=4, remaining=3, call=call)
    for _ in range(3):
        bucket.take()
    assert fake_time.slept == []


def test_threads_together_take_no_more_than_the_limit() -> None:
    """Real threads, a clock that stands still: whoever finds the window full goes away."""

    class _FullError(Exception):
        pass

    def full(_seconds: float) -> None:
        raise _FullError

    bucket = TokenBucket(limit=50, window=10.0, timer=FakeTime().timer, pause=full)
    taken: list[Call] = []

    def take() -> None:
        try:
            while True:
                taken.append(bucket.take())
        except _FullError:
            return

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 50
