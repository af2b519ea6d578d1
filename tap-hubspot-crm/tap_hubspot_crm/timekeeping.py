"""Time: the machine's, which only measures how long, and HubSpot's, which says when.

Nothing in the tap compares HubSpot's times with the machine's clock, which may be an hour off.
"""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, kw_only=True)
class Timer:
    """How the tap measures and waits, replaceable as a whole by a test's own time."""

    #: Seconds that never run backwards.
    monotonic: Callable[[], float] = time.monotonic
    #: Waits that many seconds.
    sleep: Callable[[float], None] = time.sleep
    #: The machine's own idea of now, used only before HubSpot first answered.
    wall: Callable[[], datetime] = lambda: datetime.now(UTC)
    #: From 0 to 1: spreads the tries of clients that failed together.
    jitter: Callable[[], float] = random.random

    def wait(self, seconds: float, until: threading.Event) -> None:
        """Wait that many seconds, or until the event, which cuts only a real wait short."""
        if self.sleep is time.sleep:
            until.wait(seconds)
        else:
            self.sleep(seconds)


class HubSpotClock:
    """HubSpot's time, told by the Date headers of its answers.

    A Date header has whole seconds, cut off. Each one says that HubSpot's time was at least that
    when the answer arrived, so the largest difference seen between a header and our monotonic
    seconds gives a time that is never ahead of HubSpot's, never runs backwards and comes within
    a second of it, with the fractions that the header lacks.
    """

    def __init__(self, timer: Timer) -> None:
        """Start without knowledge of HubSpot's time."""
        self._timer = timer
        self._ahead: timedelta | None = None
        self._lock = threading.Lock()

    def observe(self, date: datetime, arrived: float) -> datetime:
        """Return when an answer arrived, in HubSpot's time.

        Args:
            date: Its Date header.
            arrived: Our monotonic seconds when it arrived.
        """
        ahead = date - _EPOCH - timedelta(seconds=arrived)
        with self._lock:
            self._ahead = ahead if self._ahead is None else max(self._ahead, ahead)
            return _EPOCH + self._ahead + timedelta(seconds=arrived)

    @staticmethod
    def before(date: datetime, elapsed: float) -> datetime:
        """Return a moment not after the sending of a request.

        Args:
            date: The Date header of its answer, stamped after the sending.
            elapsed: Seconds from sending to arrival.
        """
        return date - timedelta(seconds=elapsed)

    @property
    def is_known(self) -> bool:
        """Whether HubSpot has told its time."""
        with self._lock:
            return self._ahead is not None

    def now(self) -> datetime:
        """Return HubSpot's time, or the machine's as long as HubSpot has not answered."""
        with self._lock:
            if self._ahead is None:
                return self._timer.wall()
            return _EPOCH + self._ahead + timedelta(seconds=self._timer.monotonic())


_EPOCH = datetime.fromtimestamp(0, UTC)


def parse_date_header(text: str) -> datetime | None:
    """Return the moment of an HTTP Date header (RFC 9110), or None where it is none."""
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def to_milliseconds(moment: datetime) -> int:
    """Return whole milliseconds since 1970, cut off, as HubSpot's search filters take them."""
    since = moment - _EPOCH
    # By hand: dividing two timedeltas takes four times as long, and every row's time comes by here.
    return (since.days * 86_400 + since.seconds) * 1_000 + since.microseconds // 1_000


def parse_moment(text: str) -> datetime:
    """Return the moment of HubSpot's ISO text (`2026-11-22T10:00:00.123Z`).

    Raises:
        ValueError: The text is no time.
    """
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def format_moment(moment: datetime) -> str:
    """Return the ISO text of a moment with milliseconds, as HubSpot writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + (
        f"{moment.microsecond // 1000:03d}Z"
    )
