"""Sync one connection: claim its pending run, run Meltano under the lease, record the outcome."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import structlog

from crmhub.connections import find_connection
from crmhub.database import connect
from crmhub.errors import CrmHubError, DatabaseUnreachableError, LeaseTakenError
from crmhub.logs import said_of_run
from crmhub.oauth.asking import HubSpotAsker
from crmhub.oauth.known_account import with_account
from crmhub.sync.control import RunControl
from crmhub.sync.environment import connection_environment
from crmhub.sync.idle import read_state, unchanged_through
from crmhub.sync.kept_lease import kept_lease
from crmhub.sync.launching import ColdLauncher
from crmhub.sync.meltano_log import PluginFailure
from crmhub.sync.meltano_run import RunOutcome, run_meltano
from crmhub.sync.next_step import next_step, success_wait_seconds
from crmhub.sync.plan import SyncPlan
from crmhub.sync.run_directories import not_started
from crmhub.sync.runs import (
    Claim,
    Unclaimed,
    claim_run,
    failures_and_interval,
    note_progress,
    record_failure,
    record_success,
    request_run,
)
from crmhub.sync.token_file import TokenFile
from crmhub.verify import verify_if_due

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from uuid import UUID

    import psycopg

    from crmhub.connections import Connection
    from crmhub.oauth.access_tokens import AccessTokens
    from crmhub.settings import DatabaseUrls
    from crmhub.sync.launching import Launcher
    from crmhub.sync.meltano_log import MeltanoLog

_log = structlog.get_logger("HubSpotSyncWorker")

#: Between two notes of how many rows came, and between two tries to record an outcome, seconds.
_PROGRESS_SECONDS: Final = 2.0
_RECORD_SECONDS: Final = 1.0


def ignore_line(_log: MeltanoLog, _line: str) -> None:
    """Hear a line of a run's log and do nothing."""


def sync_pending(
    connection_id: UUID,
    plan: SyncPlan,
    control: RunControl,
    on_line: Callable[[MeltanoLog, str], None] = ignore_line,
) -> RunOutcome | Unclaimed:
    """Run a connection's pending run to its end; the outcome is recorded before it is returned.

    Args:
        connection_id: Whose.
        plan: How.
        control: By which it can be made to end.
        on_line: Hears each line, redacted, beside what has been read so far.

    Raises what `connect` raises while it claims the run.
    """
    with connect(plan.urls.orchestrator) as database:
        claim = claim_run(
            database, connection_id, limits=plan.limits, lease_seconds=plan.lease_seconds
        )
        if isinstance(claim, Unclaimed):
            return claim
        connection = find_connection(database, connection_id)
    with (
        said_of_run(claim.run),
        kept_lease(
            plan.urls.orchestrator,
            connection_id,
            claim.lease_token,
            control,
            lease_seconds=plan.lease_seconds,
        ),
    ):
        _log.info("the run begins", trigger=claim.run.trigger)
        began = time.monotonic()
        outcome = _run(connection, claim, plan, control, on_line)
        if outcome.succeeded:
            verify_if_due(
                connection,
                tokens=plan.tokens,
                urls=plan.urls,
                api_url=plan.api_url,
                control=control,
            )
        outcome = _record(claim, plan, outcome)
        _say_end(outcome, seconds=time.monotonic() - began)
        return outcome


def sync_connection(
    connection_id: UUID,
    *,
    urls: DatabaseUrls,
    salt: str,
    tokens: AccessTokens,
    api_url: str | None = None,
    on_line: Callable[[MeltanoLog, str], None] = ignore_line,
    launcher: Launcher | None = None,
) -> RunOutcome:
    """Bring one connection up to date, here and now.

    Raises LeaseTakenError, ConnectionNotReadyError, UnknownConnectionError, and what `connect`
    raises.
    """
    with connect(urls.orchestrator) as database:
        request_run(database, connection_id, trigger="manual")
    plan = SyncPlan(
        urls=urls, salt=salt, tokens=tokens, api_url=api_url, launcher=launcher or ColdLauncher()
    )
    outcome = sync_pending(connection_id, plan, RunControl(), on_line)
    if isinstance(outcome, Unclaimed):
        raise LeaseTakenError(
            f"connection {connection_id} cannot run now, {outcome.value}: wait for its end"
        )
    return outcome


def _run(
    connection: Connection,
    claim: Claim,
    plan: SyncPlan,
    control: RunControl,
    on_line: Callable[[MeltanoLog, str], None],
) -> RunOutcome:
    noted = time.monotonic()

    def hear(log: MeltanoLog, line: str) -> None:
        nonlocal noted
        on_line(log, line)
        if log.records and time.monotonic() - noted > _PROGRESS_SECONDS:
            noted = time.monotonic()
            _try(plan, lambda database: note_progress(database, claim.run.id, log.records))

    try:
        token = TokenFile(plan.tokens, connection.id)
        connection = with_account(
            connection,
            token.newest.secret,
            asker=HubSpotAsker(plan.api_url),
            database_url=plan.urls.orchestrator,
        )
        through = _unchanged_through(connection, claim, plan, token, control)
        if through is not None:
            return RunOutcome(
                succeeded=True, exit_status=0, records={}, failure=None, synced_through=through
            )
        if control.reason is not None:
            return _not_run(control.reason)
        return run_meltano(
            run_id=claim.run.id,
            connection_id=connection.id,
            variables=connection_environment(
                connection,
                urls=plan.urls,
                salt=plan.salt,
                lease_token=claim.lease_token,
                api_url=plan.api_url,
                allow_mass_delete=plan.allow_mass_delete,
            ),
            token=token,
            timeout_seconds=plan.run_seconds,
            control=control,
            launcher=plan.launcher,
            on_line=hear,
        )
    except CrmHubError as error:
        return _not_run(PluginFailure.from_error(error))
    except OSError as error:
        return _not_run(PluginFailure.from_error(not_started(error)))
    except Exception as error:  # noqa: BLE001 - whatever it is, the run ends and is recorded
        return _not_run(
            PluginFailure(
                error_class="internal",
                message=f"the run could not be started ({type(error).__name__})",
                retry_after_seconds=None,
            )
        )


def _unchanged_through(
    connection: Connection, claim: Claim, plan: SyncPlan, token: TokenFile, control: RunControl
) -> datetime | None:
    with connect(plan.urls.orchestrator) as database:
        state = read_state(database, claim)
    return unchanged_through(
        connection, state, token=token.newest.secret, api_url=plan.api_url, control=control
    )


def _say_end(outcome: RunOutcome, *, seconds: float) -> None:
    facts = {"records": outcome.records, "seconds": round(seconds, 1)}
    if outcome.failure is None:
        _log.info("the run succeeded", **facts)
    else:
        _log.warning(
            "the run ended without success",
            error_class=outcome.failure.error_class,
            error=outcome.failure.message,
            **facts,
        )


def _not_run(failure: PluginFailure) -> RunOutcome:
    return RunOutcome(succeeded=False, exit_status=1, records={}, failure=failure)


def _record(claim: Claim, plan: SyncPlan, outcome: RunOutcome) -> RunOutcome:
    """Write how the run ended; returns what was written.

    A database that is away is asked again for as long as the lease lasts: after that the run is
    somebody else's to end.
    """
    until = time.monotonic() + plan.lease_seconds
    while True:
        recorded = _try(plan, lambda database: _recorded(database, claim, plan, outcome))
        if recorded is not None or time.monotonic() > until:
            return recorded or outcome
        time.sleep(_RECORD_SECONDS)


def _recorded(
    database: psycopg.Connection, claim: Claim, plan: SyncPlan, outcome: RunOutcome
) -> RunOutcome:
    failures, own_interval = failures_and_interval(database, claim.run.connection_id)
    chance = random.random()  # noqa: S311 - spreads load, hides nothing
    if outcome.failure is None:
        is_ours = record_success(
            database,
            claim,
            records=outcome.records,
            synced_through=outcome.synced_through,
            wait_seconds=success_wait_seconds(own_interval or plan.interval_seconds, chance=chance),
        )
    else:
        is_ours = record_failure(
            database,
            claim,
            next_step(
                outcome.failure.error_class,
                failures_before=failures,
                chance=chance,
                retry_after_seconds=outcome.failure.retry_after_seconds,
            ),
            records=outcome.records,
            error_class=outcome.failure.error_class,
            error_message=outcome.failure.message,
        )
    if is_ours:
        return outcome
    lost = PluginFailure(
        error_class="lease_lost",
        message="the lease of this connection was taken away during the run",
        retry_after_seconds=None,
    )
    return replace(outcome, succeeded=False, failure=lost)


def _try(
    plan: SyncPlan, act: Callable[[psycopg.Connection], RunOutcome | None]
) -> RunOutcome | None:
    """What `act` returns; None if the database is away."""
    try:
        with connect(plan.urls.orchestrator) as database:
            return act(database)
    except DatabaseUnreachableError:
        return None
