"""`crmhub sync`."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import click
from rich.console import Console

from crmhub.database import connect
from crmhub.engine.queue import request_sync
from crmhub.errors import InvalidSettingsError, LeaseTakenError
from crmhub.logs import configure_logging
from crmhub.settings import required_database_url, required_database_urls
from crmhub.sync.control import RunControl
from crmhub.sync.exit_status import exit_status
from crmhub.sync.launching import ColdLauncher
from crmhub.sync.meltano_log import PluginFailure
from crmhub.sync.runs import Run, Unclaimed, find_run, request_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

_LOOK_SECONDS: Final = 0.5
_STOPPED: Final = PluginFailure(
    error_class="cancelled",
    message="the command was stopped: the next run goes on from the last state",
    retry_after_seconds=None,
)


@click.command("sync")
@click.argument("connection_id", type=click.UUID)
@click.option("--wait", is_flag=True, help="Wait for its end; the exit status says how it ended.")
@click.option(
    "--here", is_flag=True, help="Run it in this process instead of a worker's; waits, too."
)
@click.option(
    "--allow-mass-delete",
    is_flag=True,
    help="With --here: this run may delete most of a stream, which you know to be right.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the run as a JSON object.")
def sync(
    *, connection_id: uuid.UUID, wait: bool, here: bool, allow_mass_delete: bool, as_json: bool
) -> None:
    """Bring a connection up to date now.

    A run that is asked for already is not asked for twice. With --wait the exit status is 0 for a
    success, 75 for what passes by itself, 77 for an account to be connected again, 65 for data
    that is refused, 2 for settings, 70 for a fault of ours. So another orchestrator may call it:

    \b
    crmhub sync CONNECTION --wait     where workers run
    crmhub sync CONNECTION --here     without any worker; stopped, it ends its run: 75
    """
    if allow_mass_delete and not here:
        raise InvalidSettingsError("--allow-mass-delete goes with --here: it is for one run")
    run = (
        _run_here(connection_id, allow_mass_delete=allow_mass_delete)
        if here
        else _run_by_worker(connection_id, wait=wait)
    )
    if as_json:
        click.echo(json.dumps(run_as_json(run)))
    else:
        click.echo(_in_words(run))
    if wait or here:
        sys.exit(exit_status(run.error_class))


def run_as_json(run: Run) -> dict[str, Any]:
    """A run for programs; times in ISO 8601."""
    return {
        name: str(value) if isinstance(value, uuid.UUID) else _moment(value)
        for name, value in vars(run).items()
    }


def _moment(value: object) -> object:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _run_by_worker(connection_id: uuid.UUID, *, wait: bool) -> Run:
    url = required_database_url(os.environ)
    with connect(url) as database:
        run = request_sync(database, connection_id, trigger="manual")
        if not wait:
            return run
        with Console(stderr=True).status(_progress(run)) as status:
            while not run.has_ended:
                time.sleep(_LOOK_SECONDS)
                run = find_run(database, run.id)
                status.update(_progress(run))
    return run


def _run_here(connection_id: uuid.UUID, *, allow_mass_delete: bool) -> Run:
    # What runs a sync takes a third of a second to load, which is not for every command to wait.
    from crmhub.engine.working import plan_from_environment  # noqa: PLC0415 - as said above
    from crmhub.sync.sync import sync_pending  # noqa: PLC0415 - as said above

    configure_logging()
    plan = replace(
        plan_from_environment(required_database_urls(os.environ), ColdLauncher()),
        allow_mass_delete=allow_mass_delete,
    )
    with connect(plan.urls.orchestrator) as database:
        run = request_run(database, connection_id, trigger="manual")
    control = RunControl()
    with _ended_by_signals(control):
        outcome = sync_pending(connection_id, plan, control)
    if isinstance(outcome, Unclaimed):
        raise LeaseTakenError(
            f"connection {connection_id} cannot run now, {outcome.value}: wait for its end"
        )
    with connect(plan.urls.orchestrator) as database:
        return find_run(database, run.id)


@contextlib.contextmanager
def _ended_by_signals(control: RunControl) -> Iterator[None]:
    """End the run when this process is told to: its end is recorded, and its lease given back.

    A second signal does what it does elsewhere.
    """

    def end(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, before[signal.Signals(number)])
        # Not in this thread: it may hold, just now, a lock that is needed for it.
        threading.Thread(target=control.end, args=[_STOPPED]).start()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _progress(run: Run) -> str:
    return f"{run.status} {_counts(run)}".strip()


def _counts(run: Run) -> str:
    return ", ".join(f"{stream} {rows:,}" for stream, rows in sorted(run.records.items()))


_WORDS: Final[dict[str, Callable[[Run], str]]] = {
    "pending": lambda run: f"run {run.id} waits for a worker",
    "running": lambda run: f"run {run.id} goes on: {_counts(run)}",
    "succeeded": lambda run: f"run {run.id} succeeded: {_counts(run) or 'nothing had changed'}",
    "failed": lambda run: f"run {run.id} failed, {run.error_class}: {run.error_message}",
    "cancelled": lambda run: f"run {run.id} was cancelled: {run.error_message}",
}


def _in_words(run: Run) -> str:
    return _WORDS[run.status](run)
