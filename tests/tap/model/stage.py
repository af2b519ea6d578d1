"""A small portal, the tap and a consumer for short scenarios, without chance."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from tap.model.comparison import OBJECT_STREAMS, compare, property_names
from tap.model.consumer import Consumer
from tap.model.kills import Plan
from tap.model.process import Run, run_tap

from hubspot_sandbox.app import SandboxApp
from hubspot_sandbox.clock import VirtualClock
from hubspot_sandbox.limits import Limits
from hubspot_sandbox.sandbox import Sandbox
from tap_hubspot_crm.timekeeping import Timer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from tap.model.comparison import ObjectStream

_FREE = Limits(calls_per_10_seconds=100_000, searches_per_second=10_000)
#: Time that passes before a run.
PAUSE_SECONDS = 60
_PROPERTIES: Mapping[ObjectStream, Sequence[str]] = {
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
    #: Names of the properties to read; None: all that the portal has.
    properties: Mapping[ObjectStream, Sequence[str]] | None = field(
        default_factory=lambda: _PROPERTIES
    )
    consumer: Consumer = field(default_factory=Consumer)

    def __post_init__(self) -> None:
        """Build the portal."""
        self.clock = VirtualClock(1_795_000_000_000)
        self.sandbox = Sandbox(clock=self.clock)
        self._app = SandboxApp(self.sandbox)
        self.portal = self.sandbox.add_portal(
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
        self.clock.advance(PAUSE_SECONDS * 1000)
        self.sandbox.forget_requests()
        wanted = {} if self.properties is None else {"properties": self.properties}
        run = run_tap(
            self._app,
            Plan(
                settings={
                    "access_token": self.portal.access_token,
                    **wanted,
                    "searches_per_second": 10_000,
                    "calls_per_10_seconds": 100_000,
                    **settings,
                },
                **plan,
            ),
            state=self.consumer.state,
            timer=Timer(
                monotonic=lambda: self.clock.now_ms() / 1000,
                sleep=self.clock.sleep,
                jitter=lambda: 0.0,
            ),
            rng=Random(1),
            meanwhile=self._meanwhile,
        )
        self.consumer.apply(run.messages)
        states = [m["value"] for m in run.messages if m["type"] == "STATE"]
        self.consumer.state = states[-1] if states else self.consumer.state
        return run

    def differences(
        self, *, is_after_full_pass: bool = True, unreadable: Collection[str] = ()
    ) -> list[str]:
        """Return what the consumer holds otherwise than the portal.

        Args:
            is_after_full_pass: Whether what leaves no trace must be right, too.
            unreadable: Properties that the token may not read.
        """
        names = {
            stream: property_names(
                self.portal,
                stream,
                None if self.properties is None else self.properties[stream],
                unreadable,
            )
            for stream in OBJECT_STREAMS
        }
        comparison = compare(
            self.consumer,
            self.portal,
            properties=names,
            is_after_full_pass=is_after_full_pass,
        )
        return comparison.differences

    def _meanwhile(self) -> None:
        self.clock.advance(20)
        listed = Counter(
            f"/{call.path.rpartition('/')[2]}"
            for call in self.sandbox.requests()
            if call.method == "GET" and "/objects/" in call.path
        )
        for entry in list(self._waiting):
            (path, times), action = entry
            if listed[path] >= times:
                self._waiting.remove(entry)
                action()
