"""The end of a history: nothing changes any more, and all must be as the portal has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tap.model.comparison import OBJECT_STREAMS, compare, property_names
from tap.model.losses import Holdings
from tap.model.peculiarities import Drawn, refused_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap.model.consumer import Consumer
    from tap.model.outcome import Outcome
    from tap.model.process import Run

    from hubspot_sandbox.sandbox import Sandbox, SandboxPortal

#: Settings for a run that makes every pass.
EVERYTHING: Final = {
    "reconcile_interval_hours": 0,
    "archived_interval_minutes": 0,
    "associations_interval_minutes": 0,
}
#: An interval that no history sees the end of.
_NEVER: Final = 1_000_000
#: Settings for a run that makes the quick passes only.
_QUICK: Final = {
    "reconcile_interval_hours": _NEVER,
    "archived_interval_minutes": 0,
    "associations_interval_minutes": _NEVER,
}
#: Settings as the tap has them by default.
_USUAL: Final = {
    "reconcile_interval_hours": 24,
    "archived_interval_minutes": 360,
    "associations_interval_minutes": 1440,
}


@dataclass(frozen=True, kw_only=True)
class Rest:
    """Syncs a portal at rest until all is done, and notes what differs."""

    #: What answers; its dialect is set.
    sandbox: Sandbox
    #: What the consumer must hold.
    portal: SandboxPortal
    #: What the runs so far gave.
    consumer: Consumer
    #: The dialect of the history.
    drawn: Drawn
    #: Names of properties by stream, as the settings have them.
    wanted: Mapping[str, Any]
    #: Takes what was counted and found.
    outcome: Outcome
    #: Runs the tap with these intervals.
    run: Callable[[Mapping[str, Any]], Run]
    #: Lets the time between two runs pass.
    pause: Callable[[], None]

    def look(self, silent: frozenset[tuple[str, str]]) -> None:
        """Compare after a plain run, after a full pass, and once every record can be read.

        Args:
            silent: Stream and key of rows that only a full pass can find changed.
        """
        self.sandbox.dialect = self.drawn.at_rest
        self._sync(_QUICK)
        refused = refused_rows(self.portal, self.drawn.at_rest)
        self._compare("after the last sync", silent | refused, is_after_full_pass=False)
        self.pause()
        held = Holdings(self.consumer)
        self._sync(EVERYTHING)
        self._compare("after a full pass", refused, is_after_full_pass=True)
        lost = held.lost(self.consumer, self.portal)
        self.outcome.differences += [f"a full pass lost {row}" for row in lost]
        if refused:
            self.sandbox.dialect = self.drawn.without_refusals
            self.pause()
            self._sync(EVERYTHING)
            self._compare("when all can be read", frozenset(), is_after_full_pass=True)
        self.pause()
        self.outcome.differences += [
            f"when nothing changed: {message['stream']} was sent again"
            for message in self._sync(_USUAL).messages
            if message["type"] == "RECORD" and message["stream"] not in {"owners", "pipelines"}
        ][:5]

    def _sync(self, settings: Mapping[str, Any]) -> Run:
        run = self.run(settings)
        if run.ended != "done":
            self.outcome.differences.append(
                f"an undisturbed sync ended with {run.ended}: {run.message}"
            )
        self.consumer.apply(run.messages)
        states = [m["value"] for m in run.messages if m["type"] == "STATE"]
        self.consumer.state = states[-1] if states else self.consumer.state
        return run

    def _compare(
        self, when: str, silent: frozenset[tuple[str, str]], *, is_after_full_pass: bool
    ) -> None:
        comparison = compare(
            self.consumer,
            self.portal,
            properties={
                stream: property_names(
                    self.portal, stream, self.wanted.get(stream), self.drawn.unreadable
                )
                for stream in OBJECT_STREAMS
            },
            silent=silent,
            is_after_full_pass=is_after_full_pass,
        )
        self.outcome.counts["rows compared"] += comparison.rows
        self.outcome.counts["differences"] += len(comparison.differences)
        self.outcome.differences += [f"{when}: {line}" for line in comparison.differences]
