"""`crmhub worker`: connections come due and are brought up to date, whoever goes away meanwhile."""

from __future__ import annotations

import json
import signal
import socket
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from end_to_end.comparison import assert_equal_to_portal
from end_to_end.conftest import PLANS, new_scene
from end_to_end.workers import (
    running_worker,
    runs_of,
    wait_until,
    worker_environment,
)

from crmhub.connections import reset_connection
from crmhub.database import connect
from crmhub.engine.queue import SYNC_QUEUE, request_sync
from hubspot_sandbox.faults import FaultRule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from uuid import UUID

    from databases import TestDatabase, TestServer
    from end_to_end.conftest import Scene

    from crmhub.sync.launching import WarmLauncher


@pytest.fixture
def scene(database: TestDatabase, launcher: WarmLauncher) -> Iterator[Scene]:
    """One organisation: what a worker does with two is seen once."""
    with new_scene(database, launcher, PLANS[:1]) as scene:
        yield scene


@pytest.fixture
def environment(scene: Scene, tmp_path: Path) -> dict[str, str]:
    """Of a worker, with a folder for its runs that shows what they leave behind."""
    return {**worker_environment(scene.stage), "TMPDIR": str(tmp_path)}


@dataclass(frozen=True, kw_only=True)
class Worked:
    """Two organisations that a worker brought up to date, and what is left of the worker."""

    scene: Scene
    environment: dict[str, str]
    #: The folder of its runs.
    folder: Path
    lines: list[dict[str, Any]]
    #: Its exit status.
    status: int


@pytest.fixture(scope="module")
def worked(
    database_server: TestServer, launcher: WarmLauncher, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Worked]:
    folder = tmp_path_factory.mktemp("runs")
    with database_server.clone() as database, new_scene(database, launcher) as scene:
        environment = {**worker_environment(scene.stage), "TMPDIR": str(folder)}
        with running_worker(environment, "--concurrency=2") as worker:
            wait_until(lambda: len(runs_of(scene, "succeeded")) == 2, "both connections have run")
            status = worker.end()
            lines = worker.lines()
        yield Worked(
            scene=scene, environment=environment, folder=folder, lines=lines, status=status
        )


def ask_for(scene: Scene, connection_id: UUID) -> UUID:
    with connect(scene.stage.urls.orchestrator) as database:
        return request_sync(database, connection_id, trigger="manual").id


def test_connections_that_are_due_are_brought_up_to_date(worked: Worked) -> None:
    scene = worked.scene
    for organisation in scene.stage.organisations:
        assert_equal_to_portal(scene, organisation)
    rows = scene.database.rows(
        "select last_error_class, lease_token, next_sync_at > now() as later, "
        "synced_through between now() - interval '5 minutes' and now() as recent "
        "from crmhub.source_connections"
    )
    ended = {"last_error_class": None, "lease_token": None, "later": True, "recent": True}
    assert rows == [ended, ended]
    assert all(run["records"]["contacts"] > 0 for run in runs_of(scene, "succeeded"))
    assert worked.status == 0
    assert list(worked.folder.glob("crmhub-run-*")) == []
    # A look for what is due may just have been put into the queue; a sync has not.
    left = scene.database.rows(
        "select id from procrastinate.procrastinate_jobs where queue_name = %s", [SYNC_QUEUE]
    )
    assert left == []


def test_every_line_of_a_run_carries_its_ids_and_none_a_secret(worked: Worked) -> None:
    for name in ("HubSpotConnector", "CrmHubLoader", "HubSpotSyncWorker"):
        lines = [line for line in worked.lines if line["logger"] == name]
        of_runs = [line for line in lines if "run_id" in line]
        assert of_runs, name
        assert all({"org_id", "connection_id"} <= set(line) for line in of_runs)
    said = json.dumps(worked.lines)
    secrets = [worked.environment["PII_HASH_SALT"], worked.environment["SECRETS_ENCRYPTION_KEY"]]
    secrets += [each.portal.access_token for each in worked.scene.stage.organisations]
    assert not [secret for secret in secrets if secret in said]


def test_a_manual_sync_begins_at_once(scene: Scene, environment: dict[str, str]) -> None:
    port = free_port()
    with running_worker(environment, f"--metrics-port={port}") as worker:
        wait_until(lambda: runs_of(scene, "succeeded"), "the connection has run")
        # Otherwise archived records would be due with every run, and Meltano started to list them.
        scene.database.rows("update crmhub.source_connections set config = '{}'")
        limited = rate_limited(port)
        limit = FaultRule(kind="secondly", rate=1.0, portal_id=scene.alder.portal.portal_id)
        scene.sandbox.sandbox.fail_next(limit, 1)
        run_id = ask_for(scene, scene.alder.connection_id)
        wait_until(lambda: len(runs_of(scene, "succeeded")) == 2, "the manual sync has run")
        [row] = scene.database.rows(
            "select started_at - requested_at < interval '5 seconds' as soon, trigger "
            "from crmhub.sync_runs where id = %s",
            [run_id],
        )
        assert row == {"soon": True, "trigger": "manual"}
        assert rate_limited(port) > limited
        assert worker.end() == 0
        said = {line["logger"] for line in worker.lines() if line.get("run_id") == str(run_id)}
    # Nothing had changed since. HubSpot was asked, and asked again after its limit, as happens when
    # the searches of the run before are less than a second ago. Meltano was not started.
    assert said == {"HubSpotSyncWorker", "HubSpotConnector"}


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def rate_limited(port: int) -> float:
    """How often HubSpot answered 429, as the worker's metrics have it."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        text = answer.read().decode()
    [line] = [each for each in text.splitlines() if each.startswith("crmhub_rate_limited_total ")]
    return float(line.split()[1])


def test_a_worker_that_is_told_to_stop_leaves_its_run_to_the_next_one(
    scene: Scene, environment: dict[str, str], tmp_path: Path
) -> None:
    # No answer comes in time: the run cannot end by itself before the signal reaches it.
    scene.sandbox.sandbox.latency_ms = 30_000
    with running_worker(environment, "--drain-seconds=0") as first:
        wait_until(lambda: runs_of(scene, "running"), "a run has begun")
        assert first.end() == 0
    assert runs_of(scene, "running") == []
    assert {run["error_class"] for run in runs_of(scene, "cancelled")} == {"cancelled"}
    assert list(tmp_path.glob("crmhub-run-*")) == []
    scene.sandbox.sandbox.latency_ms = 0
    with running_worker(environment):
        wait_until(lambda: runs_of(scene, "succeeded"), "the next worker ran it")
    assert_equal_to_portal(scene, scene.alder)
    failures = scene.database.rows(
        "select sum(consecutive_failures) as failures from crmhub.source_connections"
    )
    assert failures == [{"failures": 0}]


@pytest.mark.long
def test_another_worker_takes_over_when_the_lease_of_a_killed_one_has_expired(
    scene: Scene, environment: dict[str, str], tmp_path: Path
) -> None:
    scene.sandbox.sandbox.latency_ms = 300
    with running_worker(environment) as first:
        wait_until(lambda: runs_of(scene, "running"), "a run has begun")
        first.end(signal.SIGKILL)
    scene.sandbox.sandbox.latency_ms = 0
    lost = runs_of(scene, "running")
    assert lost
    with running_worker(environment) as second:
        scene.database.rows(
            "update crmhub.source_connections set lease_expires_at = now() "
            "where lease_token is not null"
        )
        wait_until(lambda: runs_of(scene, "succeeded"), "the other worker ran it")
        wait_until(lambda: not runs_of(scene, "running"), "the lost runs were ended")
        assert second.end() == 0
    failed = {run["id"] for run in runs_of(scene, "failed")}
    assert {run["id"] for run in lost} <= failed
    assert {run["error_class"] for run in runs_of(scene, "failed")} == {"worker_lost"}
    assert_equal_to_portal(scene, scene.alder)
    wait_until(lambda: not list(tmp_path.glob("crmhub-run-*")), "nothing of the lost run is left")


@pytest.mark.long
def test_a_reset_during_a_run_ends_it_alone_and_the_next_one_is_full(
    database: TestDatabase, launcher: WarmLauncher, tmp_path: Path
) -> None:
    with new_scene(database, launcher) as scene:
        # No answer comes in time: neither run can end by itself before the reset reaches it.
        scene.sandbox.sandbox.latency_ms = 10_000
        environment = {**worker_environment(scene.stage), "TMPDIR": str(tmp_path)}
        with running_worker(environment, "--concurrency=2") as worker:
            wait_until(lambda: len(runs_of(scene, "running")) == 2, "both connections run")
            with connect(scene.stage.urls.orchestrator) as session:
                reset_connection(session, scene.alder.connection_id)
            wait_until(lambda: runs_of(scene, "cancelled"), "the run was cancelled")
            scene.sandbox.sandbox.latency_ms = 0
            wait_until(lambda: len(runs_of(scene, "succeeded")) == 2, "both connections have run")
            [cancelled] = runs_of(scene, "cancelled")
            assert cancelled["connection_id"] == scene.alder.connection_id
            assert worker.end() == 0
        assert_equal_to_portal(scene, scene.alder)


def test_a_worker_without_its_settings_says_which_one_is_missing(
    environment: dict[str, str],
) -> None:
    del environment["CRMHUB_STATE_DATABASE_URL"]
    with running_worker(environment) as worker:
        assert worker.process.wait(60) == 2
        assert "CRMHUB_STATE_DATABASE_URL" in worker.log.read_text()
