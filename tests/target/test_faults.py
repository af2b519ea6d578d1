"""A database that restarts, is locked or in the way: tried again where it is safe, else told."""

from __future__ import annotations

import logging
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg
import pytest
from target.blocking import KEYS, Blocker, assert_ended_well, contacts, interrupted, stages
from target.loading import Hub
from target.own_server import wait_for
from typing_extensions import override

from target_crmhub_postgres.errors import PassingFailureError

if TYPE_CHECKING:
    from target.own_server import OwnServer


@pytest.fixture
def hub(stoppable_hub: Hub) -> Hub:
    """Here, on a server that may be stopped."""
    return stoppable_hub


@pytest.mark.parametrize("how", ["fast", "immediate"])
def test_a_server_that_restarts_in_the_midst_of_a_batch_costs_nothing_but_time(
    hub: Hub, stoppable: OwnServer, how: str
) -> None:
    def restart(_: int) -> None:
        stoppable.stop(immediate=how == "immediate")
        stoppable.start()

    ended = interrupted(hub, restart)
    assert_ended_well(Hub(**(vars(hub) | {"database": stoppable.database})), ended)


def test_a_server_that_crashed_and_recovered_costs_nothing_but_time(hub: Hub) -> None:
    """One of its processes is killed: PostgreSQL ends all of them and begins anew."""
    ended = interrupted(hub, lambda backend: os.kill(backend, signal.SIGKILL))
    wait_for(lambda: _is_up(hub))
    assert_ended_well(hub, ended)


def test_a_connection_that_is_terminated_in_the_midst_of_a_batch_is_made_again(hub: Hub) -> None:
    ended = interrupted(
        hub, lambda pid: _ignore(hub.database.rows("select pg_terminate_backend(%s)", [pid]))
    )
    assert_ended_well(hub, ended)


def test_a_network_that_is_cut_in_the_midst_of_a_batch_is_no_matter(
    hub: Hub, stoppable: OwnServer
) -> None:
    assert_ended_well(hub, interrupted(hub, lambda _: stoppable.relay.cut()))


def test_a_lock_that_is_not_free_in_time_is_tried_again(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("target_crmhub_postgres.session.LOCK_WAIT", "50ms")
    hub.load(contacts("lead"))
    blocker = Blocker(hub)
    logs = _Releasing(blocker)
    with caplog.filtering(logs):
        hub.load(contacts("customer", "2026-11-01T11:00:00Z"))
    assert "a lock was not free in time: trying again in" in caplog.text
    assert stages(hub) == ["customer"] * len(KEYS)


def test_a_lock_that_is_never_free_ends_the_load(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("target_crmhub_postgres.session.LOCK_WAIT", "20ms")
    monkeypatch.setattr("target_crmhub_postgres.patience.MOST_TRIES", 3)
    hub.load(contacts("lead"))
    blocker = Blocker(hub)
    with pytest.raises(PassingFailureError, match="a lock was not free in time") as failure:
        hub.load(contacts("customer", "2026-11-01T11:00:00Z"))
    assert failure.value.error_class == "database"
    blocker.connection.close()
    assert stages(hub) == ["lead"] * len(KEYS)


def test_a_deadlock_with_another_program_is_tried_again(hub: Hub) -> None:
    """Rows are locked in the order of their keys; another program may do otherwise."""
    hub.load(contacts("lead"))
    blocker = Blocker(hub, key="9")
    with ThreadPoolExecutor() as pool:
        running = pool.submit(hub.run, contacts("customer", "2026-11-01T11:00:00Z"))
        wait_for(blocker.blocked)
        blocker.hold("1")
        blocker.connection.close()
        ended = running.result()
    assert "a transaction was ended by a deadlock: trying again" in ended.stderr
    assert_ended_well(hub, ended)


def test_a_serialization_failure_is_tried_again(hub: Hub) -> None:
    hub.load(contacts("lead"))
    hub.database.rows(
        "alter role crmhub_loader_login set default_transaction_isolation to 'repeatable read'"
    )
    try:
        blocker = Blocker(hub)
        with ThreadPoolExecutor() as pool:
            running = pool.submit(hub.run, contacts("customer", "2026-11-01T11:00:00Z"))
            wait_for(blocker.blocked)
            blocker.connection.execute(
                "update crmhub.crm_contacts set synced_at = now() "
                "where connection_id = %s and external_id = '20'",
                [hub.connection_id],
            )
            blocker.connection.commit()
            blocker.connection.close()
            ended = running.result()
    finally:
        hub.database.rows("alter role crmhub_loader_login reset default_transaction_isolation")
    assert "a transaction met another one: trying again" in ended.stderr
    assert_ended_well(hub, ended)


class _Releasing(logging.Filter):
    """Lets the blocker go once a second try is announced."""

    def __init__(self, blocker: Blocker) -> None:
        super().__init__()
        self._blocker = blocker

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        if "trying again" in record.getMessage():
            self._blocker.connection.close()
        return True


def _is_up(hub: Hub) -> bool:
    try:
        return bool(hub.database.rows("select 1"))
    except psycopg.OperationalError:
        return False


def _ignore(_: object) -> None:
    """For a lambda whose result is of no use."""
