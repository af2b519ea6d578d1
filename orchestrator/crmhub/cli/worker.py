"""`crmhub worker`."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import click

from crmhub.database import connect
from crmhub.engine.syncing import syncing
from crmhub.engine.worker import WorkerPlan, run_worker
from crmhub.logs import configure_logging
from crmhub.metrics import count_limits_reached, serve_metrics
from crmhub.migrate import refuse_missing_migrations
from crmhub.settings import (
    access_tokens,
    hubspot_api_url,
    keyring,
    lease_seconds,
    pii_hash_salt,
    required_database_urls,
    runs_of_all_workers,
    runs_per_portal,
    sync_interval_seconds,
    worker_concurrency,
)
from crmhub.sync.launching import WarmLauncher
from crmhub.sync.meltano_version import refuse_other_meltano
from crmhub.sync.runs import ClaimLimits
from crmhub.sync.sync import SyncPlan
from crmhub.vault.store import refuse_wrong_keyring

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmhub.settings import DatabaseUrls
    from crmhub.sync.launching import Launcher


def plan_from_environment(urls: DatabaseUrls, launcher: Launcher) -> SyncPlan:
    """How connections are synced, as the environment says. Raises InvalidSettingsError."""
    refuse_other_meltano()
    return SyncPlan(
        urls=urls,
        salt=pii_hash_salt(os.environ),
        tokens=access_tokens(os.environ, urls.orchestrator),
        api_url=hubspot_api_url(os.environ),
        launcher=launcher,
        lease_seconds=lease_seconds(os.environ),
        interval_seconds=sync_interval_seconds(os.environ),
        limits=ClaimLimits(
            runs_per_portal=runs_per_portal(os.environ), runs=runs_of_all_workers(os.environ)
        ),
    )


def working_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of every command that works off runs."""
    for option in (
        click.option(
            "--metrics-port",
            type=click.IntRange(min=1, max=65535),
            help="Serve metrics for Prometheus at this port; absent: do not.",
        ),
        click.option(
            "--metrics-host",
            default="127.0.0.1",
            show_default=True,
            help="The address that metrics are served at.",
        ),
        click.option(
            "--drain-seconds",
            type=click.FloatRange(min=0),
            default=20.0,
            show_default=True,
            help="What runs may still take after SIGTERM before they are ended.",
        ),
        click.option(
            "--concurrency",
            type=click.IntRange(min=1),
            help="Runs at once; absent: CRMHUB_WORKER_CONCURRENCY.",
        ),
    ):
        command = option(command)
    return command


@click.command("worker")
@working_options
def worker(**options: Any) -> None:  # noqa: ANN401 - click's own
    """Bring connections up to date as they come due, until SIGTERM.

    Start as many as you like, on as many machines as you like: they share the database, and a
    connection is run by one of them at a time. What one leaves behind, others take over.
    """
    configure_logging()
    work(required_database_urls(os.environ), **options)


def work(
    urls: DatabaseUrls,
    *,
    concurrency: int | None,
    drain_seconds: float,
    metrics_port: int | None,
    metrics_host: str,
) -> None:
    """Work off runs until SIGTERM. Raises CrmHubError while it begins, none later."""
    launcher = WarmLauncher()
    plan = plan_from_environment(urls, launcher)
    # A database that is away now is an error of the settings; later it is waited for.
    refuse_missing_migrations(urls.orchestrator)
    with connect(urls.orchestrator) as database:
        refuse_wrong_keyring(database, keyring(os.environ))
    count_limits_reached()
    if metrics_port is not None:
        serve_metrics(urls.orchestrator, host=metrics_host, port=metrics_port)
    try:
        asyncio.run(
            run_worker(
                WorkerPlan(
                    url=urls.orchestrator,
                    concurrency=concurrency or worker_concurrency(os.environ),
                    drain_seconds=drain_seconds,
                ),
                syncing(plan),
            )
        )
    finally:
        launcher.close()
