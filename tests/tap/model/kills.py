"""Where a run of the tap is killed or signalled, and what is left of it."""

from __future__ import annotations

import io
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from hubspot_sandbox import search
from tap_hubspot_crm import output
from tap_hubspot_crm.object_requests import SEARCH_LIMIT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random


class KilledError(BaseException):
    """The process would be gone here: nothing of it runs any more."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How one run goes."""

    settings: Mapping[str, Any]
    #: Killed before this request, or after HubSpot answered it but before the tap has the answer.
    killed_at_request: int | None = None
    is_killed_after_answer: bool = False
    #: Killed when so many bytes were written, perhaps in the middle of a line.
    killed_at_byte: int | None = None
    #: Asked to end (SIGTERM) before this request.
    terminated_at_request: int | None = None
    #: Results a page of a listing or a search holds at most; HubSpot's pages may be short.
    page_size: int | None = None
    #: How many results a search pages through.
    search_cap: int = search.RESULT_LIMIT
    #: Records between two states.
    state_frequency: int = 10_000
    #: Bytes of records that are held back at most.
    block_size: int = output.BLOCK_SIZE
    #: Whether what states remember is as scarce as in portals a thousand times as large.
    is_scarce: bool = False

    def limits(self) -> dict[str, int]:
        """Return the tap's limits by name, so small that a few dozen rows meet them all."""
        page_size = self.page_size or SEARCH_LIMIT
        limits = {"BLOCK_SIZE": self.block_size, "FARTHEST": self.search_cap - page_size}
        if self.page_size is not None:
            limits |= {
                "SEARCH_LIMIT": self.page_size,
                "_WORTH_CUTTING": 4 * self.page_size,
                "PAGE_ROWS": self.page_size,
                "LIST_LIMIT": self.page_size,
                "BATCH_LIMIT": 2 * self.page_size,
                "ASSOCIATIONS_LIMIT": 3 * self.page_size,
            }
        if self.is_scarce:
            limits |= {"SEEN_LIMIT": 15, "ARCHIVED_LIMIT": 6, "OWED_LIMIT": 3}
        return limits


class Pipe(io.RawIOBase):
    """What the tap writes into; a killed process writes nothing more."""

    def __init__(self, limit: int | None) -> None:
        self.received = bytearray()
        self.is_dead = False
        self._limit = limit

    @override
    def writable(self) -> bool:
        return True

    @override
    def write(self, data: Any, /) -> int:
        if self.is_dead:
            return len(data)
        self.received += bytes(data)
        if self._limit is not None and len(self.received) >= self._limit:
            del self.received[self._limit :]
            self.is_dead = True
            raise KilledError
        return len(data)

    def whole_lines(self) -> list[bytes]:
        """Return what came through, without a line that was cut."""
        return bytes(self.received).split(b"\n")[:-1]


class Process:
    """What the parts of a run share: how far it got, and whether it still lives."""

    def __init__(self, plan: Plan, rng: Random) -> None:
        self.plan = plan
        self.rng = rng
        self.pipe = Pipe(plan.killed_at_byte)
        self.requests = 0
        self.is_in_pool = False
        self._is_signal_due = False

    def kill(self) -> None:
        """End it here and now."""
        self.pipe.is_dead = True
        raise KilledError

    def begin_request(self) -> None:
        """Count a request, and end or signal the process where the plan says."""
        if self.pipe.is_dead:
            raise KilledError
        self.requests += 1
        if self.requests == self.plan.killed_at_request and not self.plan.is_killed_after_answer:
            self.kill()
        if self.requests == self.plan.terminated_at_request:
            self._is_signal_due = True
            self.deliver_signal()

    def end_request(self) -> None:
        """End the process where the plan says so."""
        if self.requests == self.plan.killed_at_request:
            self.kill()

    def deliver_signal(self) -> None:
        """Raise a signal that is due, in the thread of the run as Python does."""
        if self._is_signal_due and not self.is_in_pool:
            self._is_signal_due = False
            signal.raise_signal(signal.SIGTERM)
