"""One history: a portal, everything that happens to it and to the tap, and what is left of it."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from tap.model.circumstances import (
    ENDS,
    MORE_ENDS,
    draw_dialect,
    draw_ending,
    draw_faults,
    draw_habits,
    draw_search_habits,
    draw_settings,
    shown,
)
from tap.model.comparison import OBJECT_STREAMS, ObjectStream
from tap.model.consumer import Consumer
from tap.model.kills import Plan
from tap.model.losses import Holdings
from tap.model.machine_time import timer_of
from tap.model.operations import Operations
from tap.model.outcome import Outcome
from tap.model.peculiarities import (
    COUNTED,
    draw_peculiarities,
    is_misordered,
)
from tap.model.process import Run, run_tap
from tap.model.rest import EVERYTHING, Rest
from tap.model.silence import Silence

from hubspot_sandbox import search
from hubspot_sandbox.app import SandboxApp
from hubspot_sandbox.clock import VirtualClock, iso
from hubspot_sandbox.faults import Faults
from hubspot_sandbox.limits import Limits
from hubspot_sandbox.sandbox import Sandbox
from hubspot_sandbox.tokens import TokenHabits
from tap_hubspot_crm.state import ObjectBookmark
from tap_hubspot_crm.state_json import read_bookmarks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_BEGIN = 1_795_000_000_000
_SECOND = 1_000
_MINUTE = 60 * _SECOND
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
#: Among so many seeds is one with more records than a search shows, pages as large as HubSpot's.
_EVERY_BIG = 50
#: To most of those a search shows so many; to one among 500 seeds, as many as HubSpot's do.
_BIG = 2_000
_EVERY_HUGE = 500
#: Portals with fewer records than this have none that HubSpot refuses.
_FEW = 20
#: A process takes longer than that to start, so that no two runs share a second.
_START = 1_100


class History:
    """Plays the history of a seed: the same seed, the same history."""

    def __init__(self, seed: int) -> None:
        self.outcome = Outcome(seed=seed)
        self._rng = Random(f"history {seed}")
        self._clock = VirtualClock(_BEGIN + self._rng.randint(0, _DAY))
        rng = self._rng
        self._is_big = seed % _EVERY_BIG == _EVERY_BIG - 1
        is_less = self._is_big and (seed + 1) % _EVERY_HUGE != 0
        #: Results that a search of pages as large as HubSpot's shows.
        self._shown = _BIG if is_less else search.RESULT_LIMIT
        contacts = self._shown + 300 if self._is_big else rng.choice([5, 30, 80, 150, 300])
        deals = rng.choice([0, 4, 20, 60, 120])
        self._drawn = draw_peculiarities(
            rng, draw_dialect(rng), seed=seed, is_small=contacts < _FEW or deals < _FEW
        )
        self._sandbox = Sandbox(clock=self._clock, dialect=self._drawn.meanwhile)
        self._app = SandboxApp(self._sandbox)
        self._portal = self._sandbox.add_portal(
            contacts=contacts,
            deals=deals,
            seed=seed,
            limits=Limits(searches_count_as_calls=rng.random() < 0.3),
        )
        self._portal.habits = draw_habits(rng)
        self._silence = Silence(self._portal)
        self._operations = Operations(self._portal, self._silence, rng)
        self._consumer = Consumer()
        self._settings = draw_settings(rng, self._portal, all_properties=not self._is_big)
        self._portal.search_habits = draw_search_habits(
            rng, seed, most_ms=self._settings["lookback_seconds"] * 900
        )
        self._sandbox.tokens.habits = TokenHabits(lifetime_seconds=rng.choice([70, 300, 1800]))
        ends = {**ENDS, **MORE_ENDS}
        self._sandbox.faults = draw_faults(rng, seed, ends)
        self._expected_ends = {
            *(ends[rule.kind] for rule in self._sandbox.faults.rules),
            *self._drawn.ends,
        }
        # Records that go during a search can stand in for some that it misses (BEHAVIOR.md, 26).
        busy = [0.0] if is_misordered(self._sandbox.dialect) else [0.0, 0.03, 0.1, 0.4]
        self._busy = rng.choice(busy)
        self._budget = 0
        self._page_size = None if self._is_big else rng.choice([None, 3, 7, 20])
        self._state_frequency = rng.choice([1, 5, 40, 10_000])
        self._block_size = rng.choice([1, 2_000, 256 * 1024])
        self._is_scarce = not self._is_big and rng.random() < 0.2
        self._are_runs_unbroken = False
        if not self._is_scarce and rng.random() < 0.3:
            self._are_runs_unbroken = True
            self._operations.known_archived = self._known_archived
            self._sandbox.faults = Faults()
        self._clock_is_off = timedelta(hours=rng.choice([0, 0, -1, 1]))

    def play(self) -> Outcome:
        """Play it to its end and return what was counted and found."""
        self._say(f"settings {shown(self._settings)}, habits {self._portal.habits}")
        self._say(f"dialect {self._drawn.meanwhile}")
        self.outcome.counts["histories"] = 1
        for _ in range(2 if self._is_big else self._rng.randint(3, 12)):
            self._live_on()
            self._sync()
            if self._rng.random() < 0.06:
                self._consumer.state = None
                self._say("reset: the state is dropped")
        self._settle()
        self.outcome.counts["operations"] = self._operations.count
        for bookmark in read_bookmarks(self._consumer.state or {}).values():
            self.outcome.counts["shortfalls"] += getattr(bookmark, "shortfalls", 0)
        return self.outcome

    def _known_archived(self, stream: ObjectStream) -> frozenset[str]:
        bookmark = read_bookmarks(self._consumer.state or {})[stream]
        return bookmark.archived_ids if isinstance(bookmark, ObjectBookmark) else frozenset()

    def _live_on(self) -> None:
        """Let time pass and people work between two runs."""
        rng = self._rng
        for _ in range(rng.choice([0, 1, 3, 8, 15])):
            self._clock.advance(rng.choice([0, 1, 900, 20 * _SECOND]))
            self._say(self._operations.one())
        if self._is_big:
            self._say(self._operations.touch_all("contacts"))
        elif rng.random() < 0.05:
            self._say(self._operations.touch_all(rng.choice(OBJECT_STREAMS)))
        if rng.random() < 0.1:
            self._sandbox.tokens.expire(self._portal.portal_id)
            self._say("the access tokens expired")
        pauses = [0, _SECOND, _MINUTE, 10 * _MINUTE, _HOUR, 7 * _HOUR, 26 * _HOUR]
        self._clock.advance(_START + rng.choice(pauses))

    def _sync(self) -> None:
        rng = self._rng
        self._budget = rng.choice([0, 5, 40])
        extra = {name: 0 for name in EVERYTHING if rng.random() < 0.15}
        killing = {} if self._are_runs_unbroken else draw_ending(rng)
        self._say(f"sync begins: {extra} {killing}")
        held, count = Holdings(self._consumer), self._operations.count
        run = self._run({**self._settings, **extra}, **killing)
        self._receive(run)
        if self._operations.count == count:
            lost = held.lost(self._consumer, self._portal)
            self.outcome.differences += [f"a sync lost {row}" for row in lost]

    def _run(self, settings: Mapping[str, Any], **killing: Any) -> Run:  # noqa: ANN401 - a plan's
        plan = Plan(
            settings=settings,
            page_size=self._page_size,
            search_cap=self._shown if self._page_size is None else 7 * self._page_size,
            state_frequency=self._state_frequency,
            block_size=self._block_size,
            is_scarce=self._is_scarce,
            **killing,
        )
        run = run_tap(
            self._app,
            plan,
            state=self._consumer.state,
            timer=timer_of(self._clock, self._rng, off=self._clock_is_off),
            rng=self._rng,
            meanwhile=self._meanwhile,
        )
        counts = self.outcome.counts
        counts["syncs"] += 1
        counts["requests"] += run.requests
        counts["kills"] += run.ended in {"killed", "terminated"}
        if run.ended not in {"done", "killed", "terminated"}:
            counts[f"ended by {run.ended}"] += 1
            if run.ended not in self._expected_ends:
                self.outcome.differences.append(f"a sync ended with {run.ended}: {run.message}")
        counts["records"] += sum(message["type"] == "RECORD" for message in run.messages)
        self._say(f"sync ended: {run.ended}, {run.requests} requests, {len(run.messages)} lines")
        return run

    def _receive(self, run: Run) -> None:
        """Hand the lines on; now and then the other side fails too."""
        rng, messages = self._rng, run.messages
        states = [place for place, message in enumerate(messages) if message["type"] == "STATE"]
        if run.ended != "done" and rng.random() < 0.4:
            # What follows the last printed state need not have been written.
            least = states[-1] + 1 if states else 0
            messages = messages[: rng.randint(least, len(messages))]
        self._consumer.apply(messages)
        if states and not self._are_runs_unbroken and rng.random() < 0.1:
            lost = rng.randint(1, len(states))
            states = states[:-lost]
            self._say(f"the last {lost} states are lost")
        if states:
            self._consumer.state = messages[states[-1]]["value"]

    def _settle(self) -> None:
        """Let the portal rest, and look at what the consumer ends with."""
        self._budget = 0
        self.outcome.counts["faults"] = sum(self._sandbox.fault_plan.played.values())
        played = self._sandbox.quirks.played
        for name, switches in COUNTED.items():
            self.outcome.counts[name] = sum(played[switch] for switch in switches)
        self._sandbox.faults = Faults()
        self._clock.advance(2 * _DAY)
        Rest(
            sandbox=self._sandbox,
            portal=self._portal,
            consumer=self._consumer,
            drawn=self._drawn,
            wanted=self._settings.get("properties", {}),
            outcome=self.outcome,
            run=self._run_to_end,
            pause=lambda: self._clock.advance(_START),
        ).look(self._silence.keys)

    def _run_to_end(self, settings: Mapping[str, Any]) -> Run:
        self._say(f"sync begins: {dict(settings)}")
        return self._run({**self._settings, **settings})

    def _meanwhile(self) -> None:
        """Let a part of a request's time pass, with everything that happens in it."""
        rng = self._rng
        self._clock.advance(rng.choice([0, 1, 30, 120, 350]))
        if rng.random() < 0.001:
            self._clock.advance(rng.choice([_MINUTE, _HOUR]))
            self._say("the clock jumped")
        if self._budget > 0 and rng.random() < self._busy:
            for line in self._work():
                self._say(f"meanwhile {line}")

    def _work(self) -> Iterator[str]:
        for _ in range(self._rng.choice([1, 1, 2, 4])):
            self._budget -= 1
            yield self._operations.one()
            self._clock.advance(self._rng.choice([0, 0, 1, 40]))

    def _say(self, line: str) -> None:
        self.outcome.log.append(f"{iso(self._clock.now_ms())} {line}")


def play(seed: int) -> Outcome:
    """Play the history of a seed."""
    return History(seed).play()
