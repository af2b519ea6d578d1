"""A run killed anywhere leaves nothing wrong: the next one brings the portal's data."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from end_to_end.comparison import assert_equal_to_portal
from end_to_end.workers import PATIENCE_SECONDS

from crmhub.database import connect
from crmhub.demo.portals import change
from crmhub.sync.lease import release_lease

if TYPE_CHECKING:
    from end_to_end.conftest import Scene
    from warm_programs import WarmProcess, WarmPrograms

WORKER = """
import json, sys, uuid
from crmhub.settings import DatabaseUrls, access_tokens
from crmhub.sync.sync import sync_connection
wish = json.load(sys.stdin)
urls = DatabaseUrls(**wish.pop("urls"))
tokens = access_tokens({"SECRETS_ENCRYPTION_KEY": wish.pop("key")}, urls.orchestrator)
sync_connection(uuid.UUID(wish.pop("connection_id")), urls=urls, tokens=tokens, **wish)
"""
#: Which process dies: the worker itself, Meltano, or one of the plugins.
VICTIMS = ("", "bin/meltano", "bin/tap-hubspot-crm", "bin/target-crmhub-postgres")


def start_worker(scene: Scene, programs: WarmPrograms, program: str = WORKER) -> WarmProcess:
    """A process that runs Alder's connection once."""
    wish = {
        "connection_id": str(scene.alder.connection_id),
        "urls": asdict(scene.stage.urls),
        "salt": scene.stage.salt,
        "key": scene.stage.encryption_key,
        "api_url": scene.stage.api_url,
    }
    with tempfile.TemporaryFile() as told, Path(os.devnull).open("wb") as nowhere:
        told.write(json.dumps(wish).encode())
        told.seek(0)
        return programs.start(
            "crmhub",
            environment=os.environ,
            streams=(told.fileno(), nowhere.fileno(), nowhere.fileno()),
            code=program,
        )


def processes_of(scene: Scene, program: str) -> list[int]:
    """Process ids of this test's run that execute the program."""
    mark = str(scene.alder.connection_id).encode()
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        try:
            if (
                entry.name.isdigit()
                and program.encode() in (entry / "cmdline").read_bytes()
                and mark in (entry / "environ").read_bytes()
            ):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def kill_during_a_run(scene: Scene, programs: WarmPrograms, dice: random.Random) -> str:
    """Start a run, kill one of its processes somewhere in it; says what was killed and when."""
    victim, seconds = dice.choice(VICTIMS), dice.uniform(0.2, 4.0)
    worker = start_worker(scene, programs)
    time.sleep(seconds)
    if victim:
        for process in processes_of(scene, victim):
            os.kill(process, signal.SIGKILL)
    else:
        worker.kill()
    worker.wait(PATIENCE_SECONDS)
    deadline = time.monotonic() + 30
    while processes_of(scene, "") and time.monotonic() < deadline:
        time.sleep(0.2)
    assert processes_of(scene, "") == []
    with connect(scene.stage.urls.orchestrator) as database:
        # A dead worker's lease would expire by itself; the test does not wait for it.
        release_lease(database, scene.alder.connection_id)
    return f"{victim or 'worker'} after {seconds:.1f} s"


def kill_and_converge(scene: Scene, programs: WarmPrograms, kills: int, seed: int) -> None:
    dice = random.Random(seed)
    done: list[str] = []
    scene.sandbox.sandbox.latency_ms = 20
    for number in range(kills):
        done.append(kill_during_a_run(scene, programs, dice))
        if number == kills // 2:
            change(scene.alder.portal)
    outcome = scene.stage.sync(scene.alder)
    assert outcome.failure is None, (seed, done, outcome.failure)
    assert_equal_to_portal(scene, scene.alder)


@pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")
def test_runs_killed_at_random_points_converge(scene: Scene, programs: WarmPrograms) -> None:
    kill_and_converge(scene, programs, kills=3, seed=random.randrange(10**6))


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_runs_killed_ten_times_converge(scene: Scene, programs: WarmPrograms, seed: int) -> None:
    kill_and_converge(scene, programs, kills=10, seed=seed)
