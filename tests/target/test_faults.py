"""What goes wrong with the database on the way: tried again where it is safe, else told."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql
from target.expectation import Expectation
from target.histories import Source, openings
from target.loading import Hub, record, schema, state
from target.own_server import OwnServer, own_server, wait_for
from target.stored import contents
from typing_extensions import override

from crmhub.embedded_postgres.binaries import server_account
from target_crmhub_postgres.errors import LeaseLostError, PassingFailureError
from target_crmhub_postgres.pii import Pseudonyms
from target_crmhub_postgres.session import Session
from target_crmhub_postgres.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from target.loading import Ended, Message

KEYS = [str(number) for number in range(1, 41)]


@pytest.fixture(scope="module")
def server() -> Iterator[OwnServer]:
    with own_server(deadlock_timeout="100ms") as running:
        yield running


@pytest.fixture
def hub(server: OwnServer) -> Hub:
    """A new organisation on a server that may be stopped."""
    org_id, connection_id = server.database.add_connection()
    return Hub(database=server.database, org_id=org_id, connection_id=connection_id)


def contacts(stage: str, updated: str = "2026-11-01T10:00:00Z") -> list[Message]:
    return [
        schema("contacts"),
        *(record("contacts", id=key, lifecyclestage=stage, updatedAt=updated) for key in KEYS),
        state(stage=stage),
    ]


def stages(hub: Hub) -> list[str]:
    return [row["lifecycle_stage"] for row in hub.rows("crm_contacts", "lifecycle_stage")]


class Blocker:
    """Another session that holds a row, so that a batch stands still in its midst."""

    def __init__(self, hub: Hub, key: str = "20") -> None:
        self._hub = hub
        self.connection = psycopg.connect(hub.database.url)
        self.connection.execute("set deadlock_timeout = '1min'")
        self.hold(key)

    def hold(self, key: str) -> None:
        self.connection.execute(
            "select 1 from crmhub.crm_contacts where connection_id = %s and external_id = %s "
            "for update",
            [self._hub.connection_id, key],
        )

    def blocked(self) -> list[int]:
        """The process ids of the server's that wait for a row or another's transaction."""
        rows = self._hub.database.rows(
            "select pid from pg_stat_activity where wait_event_type = 'Lock'"
        )
        return [row["pid"] for row in rows]


def interrupted(hub: Hub, interrupt: Callable[[int], None]) -> Ended:
    """Run the program, interrupt it in the midst of a batch, let it go on."""
    hub.load(contacts("lead"))
    blocker = Blocker(hub)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(hub.run, contacts("customer", "2026-11-01T11:00:00Z"))
        wait_for(blocker.blocked)
        assert stages(hub) == ["lead"] * len(KEYS)
        interrupt(blocker.blocked()[0])
        blocker.connection.close()
        return running.result()


def assert_ended_well(hub: Hub, ended: Ended) -> None:
    assert (ended.status, ended.states) == (0, [{"stage": "customer"}]), ended.stderr
    assert "trying again in" in ended.stderr
    assert stages(hub) == ["customer"] * len(KEYS)


@pytest.mark.parametrize("how", ["fast", "immediate"])
def test_a_server_that_restarts_in_the_midst_of_a_batch_costs_nothing_but_time(
    hub: Hub, server: OwnServer, how: str
) -> None:
    def restart(_: int) -> None:
        server.stop(immediate=how == "immediate")
        server.start()

    ended = interrupted(hub, restart)
    assert_ended_well(Hub(**(vars(hub) | {"database": server.database})), ended)


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
    hub: Hub, server: OwnServer
) -> None:
    assert_ended_well(hub, interrupted(hub, lambda _: server.relay.cut()))


@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_connection_may_be_cut_after_any_byte(server: OwnServer, direction: str) -> None:
    seed = random.randrange(10**6)
    dice = random.Random(seed)
    lines = Source(dice=dice).run(edits=10)
    expected = Expectation()
    for line in lines:
        expected.take(line)

    def load() -> Hub:
        org_id, connection_id = server.database.add_connection()
        hub = Hub(database=server.database, org_id=org_id, connection_id=connection_id)
        hub.having(batch_size_rows=30).load([*openings(), *lines])
        assert contents(hub) == expected.contents(), seed
        return hub

    relay = server.relay
    settings = load().config
    relay.passed = dict.fromkeys(relay.passed, 0)
    _open_and_close(settings)
    opening = relay.passed[direction] + 100
    relay.passed = dict.fromkeys(relay.passed, 0)
    load()
    whole = relay.passed[direction]
    earlier = relay.cuts
    for _ in range(8):
        relay.left = {direction: dice.randrange(opening, whole)}
        load()
    assert relay.cuts == earlier + 8


def test_the_answer_to_any_commit_may_be_lost(server: OwnServer) -> None:
    """Whether it was done is not to be known: the same is done again and does no harm."""
    lines = [*openings(), *Source(dice=random.Random(5)).run(edits=3)]
    expected = Expectation()
    for line in lines:
        expected.take(line)
    relay = server.relay
    lost, number = relay.cuts, 0
    for number in range(1, 100):
        relay.unanswered = (b"COMMIT", number)
        org_id, connection_id = server.database.add_connection()
        hub = Hub(database=server.database, org_id=org_id, connection_id=connection_id)
        hub.having(batch_size_rows=100).load(lines)
        assert contents(hub) == expected.contents()
        if relay.cuts == lost:
            break  # there are not so many commits
        lost = relay.cuts
    relay.unanswered = None
    assert number > 10


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


def test_a_server_that_does_not_come_back_ends_the_load(
    hub: Hub, server: OwnServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("target_crmhub_postgres.patience.MOST_SECONDS", 0.5)
    behind = server.relay.port_behind
    with contextlib.closing(_open(hub.config)) as session:
        server.relay.port_behind = None
        server.relay.cut()
        with pytest.raises(PassingFailureError) as failure:
            session.run(lambda cursor: cursor.execute("select 1"))
    server.relay.port_behind = behind
    assert failure.value.message == (
        "the database cannot be reached, and trying again did not help: run again once it is mended"
    )


def test_a_signal_ends_the_wait_for_the_server(hub: Hub, server: OwnServer, tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps(hub.having(batch_size_rows=1).config))
    behind = server.relay.port_behind
    with subprocess.Popen(
        [Path(sys.executable).parent / "target-crmhub-postgres", "--config", config],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdin
        assert program.stdout
        assert program.stderr
        program.stdin.write(f"{json.dumps(schema('contacts'))}\n{json.dumps(state(done=0))}\n")
        program.stdin.flush()
        assert json.loads(program.stdout.readline()) == {"done": 0}
        server.relay.port_behind = None
        server.relay.cut()
        program.stdin.write(f"{json.dumps(record('contacts', id='1'))}\n")
        program.stdin.flush()
        said = iter(program.stderr.readline, "")
        assert any("cannot be reached: trying again" in line for line in said)
        program.send_signal(signal.SIGTERM)
        *_, last = said
        assert program.wait(timeout=10) == 128 + signal.SIGTERM
    server.relay.port_behind = behind
    assert json.loads(last)["message"].startswith("ended by signal 15")


def test_closing_a_session_ends_a_wait_in_another_thread(hub: Hub, server: OwnServer) -> None:
    session = _open(hub.config)
    behind, server.relay.port_behind = server.relay.port_behind, None
    server.relay.cut()
    with ThreadPoolExecutor() as pool:
        running = pool.submit(session.run, lambda cursor: cursor.execute("select 1"))
        threading.Timer(0.5, session.close).start()
        with pytest.raises(PassingFailureError):
            running.result(timeout=10)
    server.relay.port_behind = behind


def test_a_lease_that_is_lost_while_the_server_was_away_ends_the_load(
    hub: Hub, server: OwnServer
) -> None:
    leased = hub.having(lease_token=str(hub.database.take_lease(hub.connection_id)))
    with contextlib.closing(_open(leased.config)) as session:
        server.relay.cut()
        hub.database.take_lease(hub.connection_id)
        with pytest.raises(LeaseLostError):
            session.run(lambda cursor: cursor.execute("select 1"))


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("mount") is None, reason="mounts a disk: root only"
)
def test_a_full_disk_ends_the_load_and_the_next_one_converges(hub: Hub, server: OwnServer) -> None:
    disk = server.directory / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("no disk can be mounted here")
    try:
        _fill_a_disk(hub, server, disk)
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def _fill_a_disk(hub: Hub, server: OwnServer, disk: Path) -> None:
    if account := server_account():
        os.chown(disk, account.user, account.group)
    small = hub.having(batch_size_rows=500)
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("create tablespace small location {}").format(sql.Literal(str(disk)))
        )
        connection.execute("alter table crmhub.crm_contacts set tablespace small")
    lines: list[Message] = [schema("contacts")]
    for number in range(1, 20_001):
        lines.append(record("contacts", id=str(number), hs_lead_status=f"{number:0200}"))
        if number % 500 == 0:
            lines.append(state(done=number))
    ended = small.run(lines)
    assert (ended.status, ended.error["error_class"]) == (1, "database"), ended.stderr
    assert ended.error["message"] == "the database's disk is full: make room, run again"
    done = ended.states[-1]["done"]
    assert 0 < done < 20_000
    keys = hub.keys("crm_contacts")
    assert {str(number) for number in range(1, done + 1)} <= set(keys)
    assert len(keys) % 500 == 0
    subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
    again = [lines[0], *lines[lines.index(state(done=done)) :]]
    assert small.run(again).states[-1] == {"done": 20_000}
    assert len(hub.keys("crm_contacts")) == 20_000
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("alter table crmhub.crm_contacts set tablespace pg_default")
        connection.execute("drop tablespace small")


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


def _open(config: dict[str, object]) -> Session:
    settings = read_settings(config, ["hubspot"])
    pseudonyms = Pseudonyms(org_id=settings.org_id, salt=settings.pii_hash_salt)
    return Session.open(settings, pseudonyms.fingerprint)


def _open_and_close(config: dict[str, object]) -> None:
    _open(config).close()


def _is_up(hub: Hub) -> bool:
    try:
        return bool(hub.database.rows("select 1"))
    except psycopg.OperationalError:
        return False


def _ignore(_: object) -> None:
    """For a lambda whose result is of no use."""
