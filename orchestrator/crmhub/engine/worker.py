"""One worker process: takes jobs from the queue, and keeps poll and rescue going for all.

Any number of workers share one database. When the database goes away, runs go on and the worker
comes back to the queue; when the worker goes away, its leases expire and others take over.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

import psycopg
import structlog
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import DeleteJobCondition, Status

from crmhub.database import connect
from crmhub.engine.poll import enqueue_due
from crmhub.engine.queue import CONTROL_QUEUE, SYNC_QUEUE, SYNC_TASK, engine_app
from crmhub.engine.rescue import enqueue_forgotten_runs, rescue_lost_runs
from crmhub.engine.slots import Slots
from crmhub.engine.wall_clock import clock_set_back
from crmhub.erasing import erase_forgotten
from crmhub.errors import CrmHubError
from crmhub.sync.meltano_log import PluginFailure
from crmhub.sync.run_directories import remove_left_directories
from crmhub.sync.runs import prune_runs

if TYPE_CHECKING:
    from collections.abc import Callable

    import procrastinate

    from crmhub.sync.control import RunControl

_log = structlog.get_logger("HubSpotSyncWorker")

#: Cron with seconds in the sixth place (croniter). Of all workers one does it each time.
_POLL_CRON: Final = "* * * * * */5"
_RESCUE_CRON: Final = "* * * * * */10"
_PRUNE_CRON: Final = "17 3 * * *"
#: Between two tries to get back to a database that is away, seconds.
_RETURN_SECONDS: Final = (0.5, 1.0, 2.0, 5.0)
#: Between two looks for what killed workers left on this machine, seconds.
_CLEAN_SECONDS: Final = 10.0
#: What leaving the queue may take once the runs have ended, seconds.
_LEAVING_SECONDS: Final = 3.0
#: A worker that was not heard of for so long has lost its jobs, seconds.
_SILENCE_SECONDS: Final = 30.0
_STOPPED: Final = PluginFailure(
    error_class="cancelled",
    message="the worker was stopped: another one goes on from the last state",
    retry_after_seconds=None,
)


@dataclass(frozen=True, kw_only=True)
class WorkerPlan:
    """How one worker works."""

    #: Address of the database, a login of crmhub_orchestrator.
    url: str
    #: Runs at once.
    concurrency: int
    #: What a run may still take when the worker is told to stop, seconds.
    drain_seconds: float
    #: Ended runs are kept so long, days.
    keep_runs_days: int = 30


async def run_worker(plan: WorkerPlan, sync: Callable[[UUID, RunControl], None]) -> None:
    """Work until SIGTERM or SIGINT; a second one does not wait for runs to end by themselves.

    Args:
        plan: How.
        sync: Runs a connection to its end and records the outcome; it does not raise.
    """
    slots = Slots(count=plan.concurrency, sync=sync)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop_working() -> None:
        if stop.is_set():
            slots.end_now(_STOPPED)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop_working)
    _log.info("the worker begins", concurrency=plan.concurrency)
    stopped = asyncio.create_task(stop.wait())
    cleaning = asyncio.create_task(_keep_clean())
    serving = asyncio.create_task(_keep_serving(plan, slots, stop))
    await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
    _log.info("the worker stops", running=slots.running, drain_seconds=plan.drain_seconds)
    # Both at once: leaving the queue can take seconds, which are not the runs' to use.
    leaving = asyncio.create_task(_end(serving))
    await slots.close(drain_seconds=plan.drain_seconds, reason=_STOPPED)
    # The queue's pool would wait half a minute for a database that is away, and this machine's
    # supervisor does not wait so long for us: jobs that are not handed back go to others anyway.
    left, _ = await asyncio.wait({leaving}, timeout=_LEAVING_SECONDS)
    remove_left_directories()
    cleaning.cancel()
    for task in left:
        # A fault of ours, if that is why the worker stops, ends it with a status that tells.
        task.result()
    _log.info("the worker has stopped")


async def _keep_serving(plan: WorkerPlan, slots: Slots, stop: asyncio.Event) -> None:
    """Serve the queues until cancelled, and come back whenever they were left otherwise."""
    tries = 0
    while True:
        began = await _work(plan, slots)
        if stop.is_set():
            # A database that is away while the queue is left hides that this was cancelled.
            return
        # The queue was left without a word from us: the database is away, or the clock moved.
        tries = 0 if began else min(tries + 1, len(_RETURN_SECONDS) - 1)
        _log.warning("the queue was left: runs go on", retry_seconds=_RETURN_SECONDS[tries])
        await asyncio.sleep(_RETURN_SECONDS[tries])


async def _keep_clean() -> None:
    """Delete what killed workers of this machine left, now and again."""
    while True:
        if removed := await asyncio.to_thread(remove_left_directories):
            _log.warning("a killed worker left directories of runs", removed=removed)
        await asyncio.sleep(_CLEAN_SECONDS)


async def _work(plan: WorkerPlan, slots: Slots) -> bool:
    """Serve the queues until cancelled, or until the database goes away or the clock back."""
    app = engine_app(plan.url)
    _add_tasks(app, plan, slots)
    try:
        async with app.open_async():
            serving = [
                asyncio.create_task(_serve(app, SYNC_QUEUE, concurrency=plan.concurrency)),
                asyncio.create_task(_serve(app, CONTROL_QUEUE, concurrency=1)),
                asyncio.create_task(_watch_clock()),
            ]
            try:
                await asyncio.wait(serving, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in serving:
                    task.cancel()
                await asyncio.gather(*serving, return_exceptions=True)
            return True
    except (ConnectorException, psycopg.Error) as error:
        _log.warning("the database of the queue does not answer", error=type(error).__name__)
        return False


async def _watch_clock() -> None:
    """Return when the clock was set back: whoever serves the queues then begins anew."""
    seconds = await clock_set_back()
    _log.warning("the clock of this machine was set back", seconds=round(seconds))


async def _serve(app: procrastinate.App, queue: str, *, concurrency: int) -> None:
    await app.run_worker_async(
        queues=[queue],
        name=queue,
        concurrency=concurrency,
        install_signal_handlers=False,
        # Jobs end at once; the runs behind them are the slots' to end.
        shutdown_graceful_timeout=0,
        delete_jobs=DeleteJobCondition.ALWAYS,
        stalled_worker_timeout=_SILENCE_SECONDS,
    )


async def _end(serving: asyncio.Task[None]) -> None:
    serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving


def _add_tasks(app: procrastinate.App, plan: WorkerPlan, slots: Slots) -> None:
    async def sync(connection_id: str) -> None:
        await slots.run(UUID(connection_id))

    async def poll(timestamp: int) -> None:
        del timestamp  # procrastinate's own argument
        await _with_database(plan.url, enqueue_due)

    async def rescue(timestamp: int) -> None:
        del timestamp
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=_SILENCE_SECONDS):
            await app.job_manager.finish_job(job, Status.FAILED, delete_job=True)
        await _with_database(plan.url, _rescue)

    async def prune(timestamp: int) -> None:
        del timestamp
        await _with_database(
            plan.url, lambda database: prune_runs(database, days=plan.keep_runs_days)
        )

    app.task(name=SYNC_TASK, queue=SYNC_QUEUE)(sync)
    for name, cron, task in (
        ("crmhub.poll", _POLL_CRON, poll),
        ("crmhub.rescue", _RESCUE_CRON, rescue),
        ("crmhub.prune", _PRUNE_CRON, prune),
    ):
        periodic = app.periodic(cron=cron, periodic_id=name)
        periodic(app.task(name=name, queue=CONTROL_QUEUE, queueing_lock=name)(task))


def _rescue(database: psycopg.Connection) -> None:
    for connection_id in rescue_lost_runs(database):
        _log.warning("a run was lost by its worker", connection_id=str(connection_id))
    enqueue_forgotten_runs(database)
    erase_forgotten(database)


async def _with_database(url: str, act: Callable[[psycopg.Connection], object]) -> None:
    """Let something act on the database, in a thread; a database that is away is for next time."""

    def acting() -> None:
        with connect(url) as database:
            act(database)

    try:
        await asyncio.to_thread(acting)
    except CrmHubError as error:
        _log.warning("the database does not answer", error=str(error))
