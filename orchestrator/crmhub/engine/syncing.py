"""What a worker does with a connection: run it, say how it went, let the next one begin."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

import structlog

from crmhub.database import connect
from crmhub.engine.rescue import enqueue_next_of_portal
from crmhub.errors import CrmHubError
from crmhub.logs import said_of
from crmhub.metrics import count_outcome
from crmhub.sync.runs import Unclaimed
from crmhub.sync.sync import sync_pending

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from crmhub.sync.control import RunControl
    from crmhub.sync.meltano_log import MeltanoLog
    from crmhub.sync.plan import SyncPlan

_log = structlog.get_logger("HubSpotSyncWorker")


def syncing(plan: SyncPlan) -> Callable[[UUID, RunControl], None]:
    """What runs a connection to its end as planned; it does not raise."""
    return partial(_sync, plan)


def say_line(log: MeltanoLog, line: str) -> None:
    """Hand on what Meltano, tap or target said, in their own names."""
    structlog.get_logger(log.speaker).info(line)


def _sync(plan: SyncPlan, connection_id: UUID, control: RunControl) -> None:
    with said_of(connection_id=connection_id):
        try:
            began = time.monotonic()
            outcome = sync_pending(connection_id, plan, control, say_line)
            if isinstance(outcome, Unclaimed):
                _log.info("no run begins", reason=outcome.value)
                return
            count_outcome(outcome, seconds=time.monotonic() - began)
            with connect(plan.urls.orchestrator) as database:
                enqueue_next_of_portal(database, connection_id)
        except CrmHubError as error:
            # What was not recorded is found by the rescue when the lease runs out.
            _log.warning("the run was left to the rescue", error=str(error))
        except Exception:  # noqa: BLE001 - one connection's trouble must not end the worker
            _log.exception("the run was left to the rescue")
