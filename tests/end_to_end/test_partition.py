"""A machine that is cut off from the database in the middle of a run: another one takes over."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import pytest
from end_to_end.comparison import assert_equal_to_portal
from end_to_end.conftest import Scene
from end_to_end.workers import running_worker, runs_of, wait_until, worker_environment
from target.own_server import Relay, own_server

from crmhub.demo.portals import PortalPlan
from crmhub.demo.stage import set_stage
from crmhub.sync.launching import ColdLauncher
from hubspot_sandbox.server import running_sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from target.own_server import OwnServer

LEASE_SECONDS = 6
ADDRESSES = (
    "DATABASE_URL",
    "CRMHUB_LOADER_DATABASE_URL",
    "CRMHUB_STATE_DATABASE_URL",
    "CRMHUB_READER_DATABASE_URL",
)


@pytest.fixture
def server() -> Iterator[OwnServer]:
    with own_server() as server:
        yield server


@pytest.fixture
def scene(server: OwnServer) -> Iterator[Scene]:
    """One organisation; every address in its stage leads through the server's relay."""
    with running_sandbox() as sandbox:
        stage = set_stage(
            sandbox,
            admin_url=server.url,
            logins=server.database.logins,
            plans=[PortalPlan(name="Alder", contacts=60, deals=10, seed=21)],
            launcher=ColdLauncher(),
        )
        yield Scene(stage=stage, database=server.database, sandbox=sandbox)


@pytest.fixture
def other_way(server: OwnServer) -> Iterator[Relay]:
    """Another machine's way to the database."""
    relay = Relay()
    relay.port_behind = urlsplit(server.url).port
    yield relay
    relay.close()


def through(relay: Relay, environment: dict[str, str]) -> dict[str, str]:
    """The environment of a machine whose way to the database is this relay."""
    changed = dict(environment)
    for name in ADDRESSES:
        parts = urlsplit(environment[name])
        login, _, _ = parts.netloc.rpartition("@")
        place = f"{login}@127.0.0.1:{relay.port}"
        changed[name] = urlunsplit(parts._replace(netloc=place))
    return changed


@pytest.mark.long
def test_a_machine_that_is_cut_off_can_write_nothing_once_another_has_taken_over(
    scene: Scene, server: OwnServer, other_way: Relay, tmp_path: Path
) -> None:
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder in folders:
        folder.mkdir()
    environment = {
        **worker_environment(scene.stage),
        "CRMHUB_LEASE_SECONDS": str(LEASE_SECONDS),
    }
    one = {**environment, "TMPDIR": str(folders[0])}
    other = through(other_way, {**environment, "TMPDIR": str(folders[1])})
    scene.sandbox.sandbox.latency_ms = 400
    with running_worker(one) as cut_off:
        wait_until(lambda: runs_of(scene, "running"), "a run has begun")
        [lost] = runs_of(scene, "running")
        behind, server.relay.port_behind = server.relay.port_behind, None
        server.relay.cut()
        scene.sandbox.sandbox.latency_ms = 0
        with running_worker(other) as taking_over:
            wait_until(lambda: runs_of(scene, "succeeded"), "the other machine ran it")
            # Back again, the first one finds that the connection is no longer its own.
            server.relay.port_behind = behind
            wait_until(
                lambda: not list(folders[0].glob("crmhub-run-*")), "the run that was cut off ended"
            )
            assert taking_over.end() == 0
        assert cut_off.end() == 0
    [failed] = runs_of(scene, "failed")
    assert failed["id"] == lost["id"]
    assert failed["error_class"] == "worker_lost"
    [row] = scene.database.rows(
        "select status, last_error_class, consecutive_failures from crmhub.source_connections"
    )
    assert row == {"status": "connected", "last_error_class": None, "consecutive_failures": 0}
    assert_equal_to_portal(scene, scene.stage.organisations[0])


@pytest.mark.parametrize(
    "notices_first",
    [
        pytest.param(False, id="at once"),
        # The queue's pool waits half a minute for its database before it gives up.
        pytest.param(True, id="once it has noticed", marks=pytest.mark.long),
    ],
)
def test_a_worker_whose_database_is_away_ends_when_it_is_told_to(
    scene: Scene, server: OwnServer, *, notices_first: bool
) -> None:
    with running_worker(worker_environment(scene.stage)) as worker:
        wait_until(lambda: runs_of(scene, "succeeded"), "the connection has run")
        server.stop(immediate=True)
        if notices_first:
            wait_until(lambda: worker.said("the queue was left: runs go on"), "it has noticed")
        assert worker.end() == 0
        assert worker.said("the worker has stopped")
    server.start()
