"""Puts a worker together as the environment says, and has it work until it is told to stop."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from crmhub.database import connect
from crmhub.engine.syncing import syncing
from crmhub.engine.worker import WorkerPlan, run_worker
from crmhub.metrics import count_limits_reached, serve_metrics
from crmhub.migrate import refuse_missing_migrations
from crmhub.settings import (
    access_tokens,
    hubspot_api_url,
    keyring,
    lease_seconds,
    pii_hash_salt,
    runs_of_all_workers,
    runs_per_portal,
    sync_interval_seconds,
    worker_concurrency,
)
from crmhub.sync.launching import WarmLauncher
from crmhub.sync.meltano_version import refuse_other_meltano
from crmhub.sync.plan import SyncPlan
from crmhub.sync.runs import ClaimLimits
from crmhub.vault.store import refuse_wrong_keyring

if TYPE_CHECKING:
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
