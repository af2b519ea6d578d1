"""The demo from its first step to its last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmhub.demo.portals import change
from crmhub.demo.stage import Stage, Steps, demo_stage
from crmhub.demo.summary import show_summary
from crmhub.errors import SyncFailedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console
    from rich.status import Status

    from crmhub.sync.meltano_log import MeltanoLog
    from crmhub.sync.meltano_run import RunOutcome


def play_demo(console: Console, *, then: Callable[[Stage], None]) -> None:
    """Play the demo and print its summary; `then` decides how long the stage stays up.

    Raises SyncFailedError when a run does not succeed.
    """
    with console.status("") as status:
        steps = Steps(
            on_begin=lambda name: status.update(f"{name} …"),
            on_end=lambda name, seconds: console.print(
                f"[green]✓[/green] {name} ({seconds:.1f} s)"
            ),
        )
        with demo_stage(steps) as stage:
            first = _sync_all(stage, steps, status, "first")
            with steps.step("People work in HubSpot"):
                done = [change(organisation.portal) for organisation in stage.organisations]
            for organisation, changes in zip(stage.organisations, done, strict=True):
                said = ", ".join(f"{count} {what}" for what, count in changes.items())
                console.print(f"  [dim]{organisation.name}: {said}[/dim]")
            second = _sync_all(stage, steps, status, "second")
            status.stop()
            show_summary(console, stage, first=first, second=second, seconds=steps.taken)
            then(stage)


def _sync_all(stage: Stage, steps: Steps, status: Status, which: str) -> dict[str, RunOutcome]:
    outcomes: dict[str, RunOutcome] = {}
    for organisation in stage.organisations:
        name = f"{organisation.name}: {which} meltano run"

        def show_progress(log: MeltanoLog, _line: str, name: str = name) -> None:
            counts = ", ".join(f"{count:,} {stream}" for stream, count in log.records.items())
            status.update(f"{name} … {counts}")

        with steps.step(name):
            outcome = stage.sync(organisation, show_progress)
        if outcome.failure is not None:
            raise SyncFailedError(
                f"{name} failed: {outcome.failure.error_class}: {outcome.failure.message}"
            )
        outcomes[organisation.name] = outcome
    return outcomes
