"""A sync in the foreground, without any worker: how it ends when somebody ends it."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest
from end_to_end.conftest import new_scene
from end_to_end.workers import runs_of, wait_until, worker_environment

from crmhub.demo.portals import PLANS
from crmhub.sync.exit_status import TRY_AGAIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from databases import TestDatabase
    from end_to_end.conftest import Scene
    from warm_programs import WarmPrograms

    from crmhub.sync.launching import WarmLauncher


@pytest.fixture
def scene(database: TestDatabase, launcher: WarmLauncher) -> Iterator[Scene]:
    with new_scene(database, launcher, PLANS[:1]) as scene:
        yield scene


def test_a_sync_that_is_told_to_stop_gives_the_connection_back(
    scene: Scene, programs: WarmPrograms
) -> None:
    """Who calls it again, as other orchestrators do, finds it free, and nothing has failed."""
    # No answer comes in time: the run cannot end by itself before the signal reaches it.
    scene.sandbox.sandbox.latency_ms = 30_000
    connection_id = scene.alder.connection_id
    arguments = ("sync", str(connection_id), "--here", "--json")
    with programs.piped(
        "crmhub", *arguments, environment=worker_environment(scene.stage)
    ) as process:
        wait_until(lambda: runs_of(scene, "running"), "the run has begun")
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate()
    assert process.wait() == TRY_AGAIN
    run = json.loads(output)
    assert (run["status"], run["error_class"]) == ("cancelled", "cancelled")
    [row] = scene.database.rows(
        "select lease_token, consecutive_failures, last_error_class from crmhub.source_connections"
    )
    assert row == {"lease_token": None, "consecutive_failures": 0, "last_error_class": None}
