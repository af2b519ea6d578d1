"""A small portal, the tap and a consumer for short scenarios, without chance."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from tap.model.comparison import OBJECT_STREAMS, compare
from tap.model.consumer import Consumer
from tap.model.kills import Plan
from tap.model.process import Run, run_tap

from hubspot_sandbox.app import SandboxApp
from hubspot_sandbox.clock import VirtualClock
from hubspot_sandbox.dialect import Dialect
from hubspot_sandbox.limits import Limits
from hubspot_sandbox.sandbox import Sandbox
from tap_hubspot_crm.timekeeping import Timer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap.model.comparison import ObjectStream

_FREE = Limits(calls_per_10_seconds=100_000, searches_per_second=10_000)
_PROPERTIES = {
    "contacts": ["firstname", "num_associated_deals"],
    "deals": ["dealname", "num_associated_contacts"],
}
#: Settings for a run that makes every pass there is, and for one that makes the quick ones only.
FULL: Mapping[str, int] = {
    "reconcile_interval_hours": 0,
    "archived_interval_minutes": 0,
    "associations_interval_minutes": 0,
}
QUICK: Mapping[str, int] = {
    "reconcile_interval_hours": 1_000_000,
    "archived_interval_minutes": 0,
    "associations_interval_minutes": 1_000_000,
}


@dataclass(kw_only=True)
class Stage:
    """Where a scenario is played."""

    contacts: int = 20
    deals: int = 8
    consumer: Consumer = field(default_factory=Consumer)

    def __post_init__(self) -> None:
        """Build the portal."""
        self._clock = VirtualClock(1_795_000_000_000)
        self._sandbox = Sandbox(clock=self._clock, dialect=Dialect(sensitive_listing="403"))
        self._app = SandboxApp(self._sandbox)
        self.portal = self._sandbox.add_portal(
            contacts=self.contacts, deals=self.deals, limits=_FREE
        )
        self._waiting: list[tuple[tuple[str, int], Callable[[], object]]] = []

    def ids(self, stream: ObjectStream) -> list[str]:
        """Return the ids of the live records, in order."""
        return [str(id_) for id_ in self.portal.stores[stream].ids()]

    def when_listed(self, stream: ObjectStream, times: int, action: Callable[[], object]) -> None:
        """Have something done in the next run, as soon as it has listed a page so many times.

        A full pass lists the archived records, the live ones, and the archived ones again.
        """
        self._waiting.append(((f"/{stream}", times), action))

    def sync(self, settings: Mapping[str, Any], **plan: Any) -> Run:  # noqa: ANN401 - a Plan's fields
        """Run the tap from the consumer's state, and have the consumer take what it prints."""
        self._clock.advance(60_000)
        self._sandbox.forget_requests()
        run = run_tap(
            self._app,
            Plan(
                settings={
                    "access_token": self.portal.access_token,
                    "properties": _PROPERTIES,
                    "searches_per_second": 10_000,
                    "calls_per_10_seconds": 100_000,
                    **settings,
                },
                **plan,
            ),
            state=self.consumer.state,
            timer=Timer(
                monotonic=lambda: self._clock.now_ms() / 1000,
                sleep=self._clock.sleep,
                jitter=lambda: 0.0,
            ),
            rng=Random(1),
            meanwhile=self._meanwhile,
        )
        self.consumer.apply(run.messages)
        states = [m["value"] for m in run.messages if m["type"] == "STATE"]
        self.consumer.state = states[-1] if states else self.consumer.state
        return run

    def differences(self) -> list[str]:
        """Return what the consumer holds otherwise than the portal."""
        comparison = compare(
            self.consumer,
            self.portal,
            properties={stream: _PROPERTIES[stream] for stream in OBJECT_STREAMS},
            is_after_full_pass=True,
        )
        return comparison.differences

    def _meanwhile(self) -> None:
        self._clock.advance(20)
        listed = Counter(
            f"/{call.path.rpartition('/')[2]}"
            for call in self._sandbox.requests()
            if call.method == "GET" and "/objects/" in call.path
        )
        for entry in list(self._waiting):
            (path, times), action = entry
            if listed[path] >= times:
                self._waiting.remove(entry)
                action()
