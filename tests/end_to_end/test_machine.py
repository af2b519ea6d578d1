"""What may befall a run from outside: a full disk, a deleted connection, a clock set back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from end_to_end.comparison import assert_equal_to_portal
from end_to_end.test_kills import WORKER, start_worker
from end_to_end.workers import PATIENCE_SECONDS, running_worker, wait_until
from orchestrator.terminal import settings_of

if TYPE_CHECKING:
    from pathlib import Path

    from databases import TestDatabase
    from end_to_end.conftest import Scene
    from warm_programs import WarmPrograms

    from crmhub.sync.meltano_log import MeltanoLog

#: A disk on which no file may become larger than so many bytes.
FULL_DISK = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))\n"
#: The clock of the machine, as its programs see it, once there is such a file.
CLOCK = """
import os, time
told = time.time
time.time = lambda: told() - 3600.0 * os.path.exists({flag!r})
"""


@pytest.mark.long
def test_a_full_disk_is_named_and_costs_nothing_but_the_run(
    scene: Scene, programs: WarmPrograms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    taken = f"the disk of runs, {tmp_path}, takes no more"
    # No room at all; then none for the token; then none for what Meltano writes.
    problems = ((0, "no directory for temporary files takes any"), (8, taken), (8192, taken))
    for failures, (size, problem) in enumerate(problems, start=1):
        program = FULL_DISK.format(size=size) + WORKER
        assert start_worker(scene, programs, program).wait(PATIENCE_SECONDS) == 0
        [row] = scene.database.rows(
            "select last_error_class, last_error_message, consecutive_failures, status, state_json "
            "from crmhub.source_connections where id = %s",
            [scene.alder.connection_id],
        )
        said = row.pop("last_error_message")
        assert problem in said
        assert "TMPDIR" in said
        assert row == {
            "last_error_class": "internal",
            "consecutive_failures": failures,
            "status": "connected",
            "state_json": None,
        }
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    assert scene.stage.sync(scene.alder).failure is None
    assert_equal_to_portal(scene, scene.alder)


def test_a_connection_that_is_deleted_during_its_run_ends_it(scene: Scene) -> None:
    deleted: list[str] = []

    def delete(_log: MeltanoLog, line: str) -> None:
        if "Beginning sync of 'contacts'" in line and not deleted:
            scene.database.rows(
                "delete from crmhub.source_connections where id = %s", [scene.birch.connection_id]
            )
            deleted.append(line)

    scene.sandbox.sandbox.latency_ms = 100
    outcome = scene.stage.sync(scene.birch, delete)
    assert deleted
    assert outcome.failure is not None
    assert outcome.failure.error_class == "lease_lost"
    [left] = scene.database.rows("select count(*) as runs from crmhub.sync_runs")
    assert left == {"runs": 0}
    assert scene.database.rows("select id from crmhub.source_connections") == [
        {"id": scene.alder.connection_id}
    ]


@pytest.mark.long
def test_a_clock_set_back_by_an_hour_holds_no_worker_up(
    database: TestDatabase, python_environment: dict[str, str], tmp_path: Path
) -> None:
    """Neither connection has a token: their runs end at once, which is enough to see them begin."""
    flag = tmp_path / "an hour ago"
    (tmp_path / "sitecustomize.py").write_text(CLOCK.format(flag=str(flag)))
    environment = python_environment | settings_of(database) | {"PYTHONPATH": str(tmp_path)}
    ended = "select id from crmhub.sync_runs where status = 'failed'"
    with running_worker(environment) as worker:
        database.add_connection()
        wait_until(lambda: len(database.rows(ended)) == 1, "the worker works")
        flag.touch()
        database.add_connection()
        wait_until(lambda: len(database.rows(ended)) == 2, "it works on")
        assert worker.said("the clock of this machine was set back")
        assert worker.end() == 0
