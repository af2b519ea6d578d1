"""A connection that is cut anywhere, and a server that stays away."""

from __future__ import annotations

import contextlib
import json
import random
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from target.expectation import Expectation
from target.histories import Source, openings
from target.loading import record, schema, state
from target.running import Running
from target.stored import contents as contents_of

from target_crmhub_postgres.errors import LeaseLostError, PassingFailureError
from target_crmhub_postgres.pii import Pseudonyms
from target_crmhub_postgres.session import Session
from target_crmhub_postgres.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from target.loading import Hub
    from target.own_server import OwnServer


@pytest.fixture
def hub(stoppable_hub: Hub) -> Hub:
    """Here, on a server that may be stopped."""
    return stoppable_hub


@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_connection_may_be_cut_after_any_byte(
    hub: Hub, stoppable: OwnServer, direction: str
) -> None:
    seed = random.randrange(10**6)
    dice = random.Random(seed)
    lines = Source(dice=dice).run(edits=10)
    expected = Expectation()
    for line in lines:
        expected.take(line)

    def load() -> Hub:
        another = hub.another()
        another.having(batch_size_rows=30).load([*openings(), *lines])
        assert contents_of(another) == expected.contents(), seed
        return another

    relay = stoppable.relay
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


def test_the_answer_to_any_commit_may_be_lost(hub: Hub, stoppable: OwnServer) -> None:
    """Whether it was done is not to be known: the same is done again and does no harm."""
    lines = [*openings(), *Source(dice=random.Random(5)).run(edits=3)]
    expected = Expectation()
    for line in lines:
        expected.take(line)
    relay = stoppable.relay
    lost, number = relay.cuts, 0
    for number in range(1, 100):
        relay.unanswered = (b"COMMIT", number)
        another = hub.another()
        another.having(batch_size_rows=100).load(lines)
        assert contents_of(another) == expected.contents()
        if relay.cuts == lost:
            break  # there are not so many commits
        lost = relay.cuts
    relay.unanswered = None
    assert number > 10


def test_a_server_that_does_not_come_back_ends_the_load(
    hub: Hub, stoppable: OwnServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("target_crmhub_postgres.patience.MOST_SECONDS", 0.5)
    behind = stoppable.relay.port_behind
    with contextlib.closing(_open(hub.config)) as session:
        stoppable.relay.port_behind = None
        stoppable.relay.cut()
        with pytest.raises(PassingFailureError) as failure:
            session.run(lambda cursor: cursor.execute("select 1"))
    stoppable.relay.port_behind = behind
    assert failure.value.message == (
        "the database cannot be reached, and trying again did not help: run again once it is mended"
    )


def test_a_signal_ends_the_wait_for_the_server(
    hub: Hub, stoppable: OwnServer, tmp_path: Path
) -> None:
    with waiting_for_the_server(hub, stoppable, tmp_path) as running:
        status, _, said = running.end(signal.SIGTERM)
    assert status == 128 + signal.SIGTERM
    assert json.loads(said.splitlines()[-1])["message"].startswith("ended by signal 15")


def test_a_bad_record_ends_the_load_though_a_batch_before_it_waits_for_the_server(
    hub: Hub, stoppable: OwnServer, tmp_path: Path
) -> None:
    with waiting_for_the_server(hub, stoppable, tmp_path) as running:
        running.send(record("contacts"))
        assert running.process.wait(timeout=10) == 1
        assert running.process.stderr
        *_, last = running.process.stderr.read().splitlines()
    assert json.loads(last)["error_class"] == "invalid_record"


@contextlib.contextmanager
def waiting_for_the_server(hub: Hub, stoppable: OwnServer, folder: Path) -> Iterator[Running]:
    """The program with a batch that cannot be written until the block ends."""
    running = Running(hub.having(batch_size_rows=1), folder / "config.json")
    behind = stoppable.relay.port_behind
    with running.process:
        running.send(schema("contacts"), state(done=0))
        assert running.next_state() == {"done": 0}
        stoppable.relay.port_behind = None
        try:
            stoppable.relay.cut()
            running.send(record("contacts", id="1"))
            assert running.process.stderr
            said = iter(running.process.stderr.readline, "")
            assert any("cannot be reached: trying again" in line for line in said)
            yield running
        finally:
            running.process.kill()
            stoppable.relay.port_behind = behind


def test_closing_a_session_ends_a_wait_in_another_thread(hub: Hub, stoppable: OwnServer) -> None:
    session = _open(hub.config)
    behind, stoppable.relay.port_behind = stoppable.relay.port_behind, None
    stoppable.relay.cut()
    with ThreadPoolExecutor() as pool:
        running = pool.submit(session.run, lambda cursor: cursor.execute("select 1"))
        threading.Timer(0.5, session.close).start()
        with pytest.raises(PassingFailureError):
            running.result(timeout=10)
    stoppable.relay.port_behind = behind


def test_a_lease_that_is_lost_while_the_server_was_away_ends_the_load(
    hub: Hub, stoppable: OwnServer
) -> None:
    leased = hub.having(lease_token=str(hub.database.take_lease(hub.connection_id)))
    with contextlib.closing(_open(leased.config)) as session:
        stoppable.relay.cut()
        hub.database.take_lease(hub.connection_id)
        with pytest.raises(LeaseLostError):
            session.run(lambda cursor: cursor.execute("select 1"))


def _open(config: dict[str, object]) -> Session:
    settings = read_settings(config, ["hubspot"])
    pseudonyms = Pseudonyms(org_id=settings.org_id, salt=settings.pii_hash_salt)
    return Session.open(settings, pseudonyms.fingerprint)


def _open_and_close(config: dict[str, object]) -> None:
    _open(config).close()
