"""`crmhub worker`."""

from __future__ import annotations

import asyncio
import os

import click

from crmhub.database import connect
from crmhub.engine.syncing import syncing
from crmhub.engine.worker import WorkerPlan, run_worker
from crmhub.logs import configure_logging
from crmhub.settings import (
    access_tokens,
    hubspot_api_url,
    pii_hash_salt,
    required_database_urls,
    runs_of_all_workers,
    runs_per_portal,
    sync_interval_seconds,
    worker_concurrency,
)
from crmhub.sync.launching import Launcher, WarmLauncher
from crmhub.sync.runs import ClaimLimits
from crmhub.sync.sync import SyncPlan


def plan_from_environment(launcher: Launcher) -> SyncPlan:
    """How connections are synced, as the environment says. Raises InvalidSettingsError."""
    urls = required_database_urls(os.environ)
    return SyncPlan(
        urls=urls,
        salt=pii_hash_salt(os.environ),
        tokens=access_tokens(os.environ, urls.orchestrator),
        api_url=hubspot_api_url(os.environ),
        launcher=launcher,
        interval_seconds=sync_interval_seconds(os.environ),
        limits=ClaimLimits(
            runs_per_portal=runs_per_portal(os.environ), runs=runs_of_all_workers(os.environ)
        ),
    )


@click.command("worker")
@click.option(
    "--concurrency", type=click.IntRange(min=1), help="Runs at once [CRMHUB_WORKER_CONCURRENCY]."
)
@click.option(
    "--drain-seconds",
    type=click.FloatRange(min=0),
    default=20.0,
    show_default=True,
    help="What runs may still take after SIGTERM before they are ended.",
)
def worker(*, concurrency: int | None, drain_seconds: float) -> None:
    """Bring connections up to date as they come due, until SIGTERM.

    Start as many as you like, on as many machines as you like: they share the database, and a
    connection is run by one of them at a time. What one leaves behind, others take over.
    """
    configure_logging()
    launcher = WarmLauncher()
    plan = plan_from_environment(launcher)
    with connect(plan.urls.orchestrator):
        pass  # a database that is away now is an error of the settings; later it is waited for
    try:
        asyncio.run(
            run_worker(
                WorkerPlan(
                    url=plan.urls.orchestrator,
                    concurrency=concurrency or worker_concurrency(os.environ),
                    drain_seconds=drain_seconds,
                ),
                syncing(plan),
            )
        )
    finally:
        launcher.close()
