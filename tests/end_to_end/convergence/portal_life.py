"""What happens in the portals of a history, before, between and during syncs."""

from __future__ import annotations

import contextlib
import threading
from random import Random
from typing import TYPE_CHECKING

from end_to_end.expected_rows import property_kinds
from tap.model.comparison import OBJECT_STREAMS
from tap.model.operations import Operations
from tap.model.silence import Silence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from hubspot_sandbox.sandbox import SandboxPortal

#: Between two changes while a sync goes on, seconds at most.
_LONGEST_PAUSE = 0.4
#: One change in so many is an odd value in one of the properties that the hub stores.
_ONE_IN = 3
#: Kind of a mapped property → texts that people and programs put there; n is a number.
_TEXTS = {
    "email_pseudonym": ("New.Person+{n}@Example.COM", " jörg{n}@bücher.example ", "ann@x.example"),
    "email_pseudonyms": ("a{n}@example.com;B{n}@Example.com;A{n}@example.com", "b{n}@x.example"),
    "phone_pseudonym": ("(030) 1234 {n}", "+44 20 7946 0{n}", "+49 (0)151 2345{n}", "call me"),
    "text": ("Offer for max{n}@example.com", "Call +49 30 1234{n} on Monday", "Plain {n}"),
    "enumeration": ("OPTION_{n}", "one {n};another"),
    "id": ("{n}", "9{n}000000{n}"),
    "boolean": ("true", "false"),
    "numeric": ("0.1000000000000000055511151231257827", "-{n}.50", "0", "19999999999999.{n}"),
    "timestamptz": ("2027-01-02T03:04:05.{n}Z", "1999-12-31T23:59:59Z"),
}


class PortalLife:
    """Changes portals by chance, and knows which rows of them changed without a trace."""

    def __init__(
        self, portals: Sequence[SandboxPortal], *, seed: int, say: Callable[[str], None]
    ) -> None:
        self._say = say
        self._chance = Random(f"people {seed}")
        self._lives = [
            _Life(portal, Random(f"portal {number} {seed}"))
            for number, portal in enumerate(portals)
        ]

    @property
    def operations(self) -> int:
        """How many changes there were."""
        return sum(life.operations.count + life.edits for life in self._lives)

    def silent(self, portal: SandboxPortal) -> frozenset[tuple[str, str]]:
        """Stream and key of every row of a portal that may differ until the next full pass."""
        [life] = [life for life in self._lives if life.portal is portal]
        return life.silence.keys

    def work(self, times: int) -> None:
        """Change something so many times, in whatever portal."""
        for _ in range(times):
            life = self._chance.choice(self._lives)
            self._say(f"portal {life.portal.portal_id}: {life.change_something()}")

    @contextlib.contextmanager
    def going_on(self, *, most: int) -> Iterator[None]:
        """Let people work until the block ends, or so many changes are made."""
        ended = threading.Event()
        failures: list[Exception] = []

        def go_on() -> None:
            try:
                for _ in range(most):
                    if ended.wait(self._chance.uniform(0.0, _LONGEST_PAUSE)):
                        return
                    self.work(1)
            except Exception as error:  # noqa: BLE001 - raised below, in the thread that waits
                failures.append(error)

        working = threading.Thread(target=go_on, name="people")
        working.start()
        try:
            yield
        finally:
            ended.set()
            working.join()
        if failures:
            raise failures[0]


class _Life:
    """One portal."""

    def __init__(self, portal: SandboxPortal, rng: Random) -> None:
        self.portal = portal
        self.silence = Silence(portal)
        self.operations = Operations(portal, self.silence, rng)
        self.edits = 0
        self._rng = rng

    def change_something(self) -> str:
        """Change something and return what, in words."""
        if self._rng.randrange(_ONE_IN):
            return self.operations.one()
        return self._edit_a_value()

    def _edit_a_value(self) -> str:
        stream = self._rng.choice(OBJECT_STREAMS)
        ids = self.portal.stores[stream].ids()
        if not ids:
            return f"found no {stream} to edit"
        record_id = str(self._rng.choice(ids))
        name, kind = self._rng.choice(list(property_kinds(stream).items()))
        text = self._rng.choice(("", *_TEXTS[kind])).format(n=self._rng.randint(100, 999))
        self.portal.edit(stream, record_id, {name: text})
        self.silence.broken(stream, [record_id])
        self.edits += 1
        return f"set {name} of {stream} {record_id} to {text!r}"
