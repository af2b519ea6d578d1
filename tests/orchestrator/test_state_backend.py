"""Meltano's own `state` commands on `source_connections.state_json`."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from crmhub.project_files import meltano_project_directory

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from databases import TestDatabase
    from warm_programs import WarmPrograms

BOOKMARK = {"bookmarks": {"contacts": {"bookmark": "2026-11-22T10:00:00Z"}}}


@dataclass(frozen=True, kw_only=True)
class Meltano:
    """Meltano in this project, with a system directory of the test's own."""

    programs: WarmPrograms
    environment: dict[str, str]

    def state(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.programs.run(
            "meltano",
            "state",
            *arguments,
            environment=self.environment,
            directory=meltano_project_directory(),
        )


@pytest.fixture
def meltano(
    programs: WarmPrograms,
    database: TestDatabase,
    python_environment: dict[str, str],
    tmp_path: Path,
) -> Meltano:
    return Meltano(
        programs=programs,
        environment={
            **python_environment,
            "HOME": str(tmp_path),
            "MELTANO_SYS_DIR_ROOT": str(tmp_path / "meltano"),
            "MELTANO_CLI_DISABLE_VERSION_CHECK": "1",
            "CRMHUB_STATE_DATABASE_URL": database.url_as("crmhub_state"),
        },
    )


def state_id(connection_id: uuid.UUID) -> str:
    return f"prod:tap-hubspot-crm-to-target-crmhub-postgres:{connection_id}"


def stored(database: TestDatabase, connection_id: uuid.UUID) -> dict[str, Any]:
    [row] = database.rows(
        "select state_json, lease_token from crmhub.source_connections where id = %s",
        [connection_id],
    )
    return row


def test_state_is_set_listed_read_and_cleared(database: TestDatabase, meltano: Meltano) -> None:
    _, connection_id = database.add_connection()
    done = meltano.state(
        "set", "--force", state_id(connection_id), json.dumps({"singer_state": BOOKMARK})
    )
    assert done.returncode == 0, done.stderr
    assert stored(database, connection_id)["state_json"] == BOOKMARK

    assert meltano.state("list").stdout.split() == [state_id(connection_id)]
    assert json.loads(meltano.state("get", state_id(connection_id)).stdout) == {
        "singer_state": BOOKMARK
    }

    assert meltano.state("clear", "--force", state_id(connection_id)).returncode == 0
    assert stored(database, connection_id)["state_json"] is None


def test_a_connection_that_does_not_exist_is_an_error_and_not_a_first_sync(
    meltano: Meltano,
) -> None:
    nobody = uuid.uuid4()
    done = meltano.state("get", state_id(nobody))
    assert done.returncode != 0
    assert f"there is no connection {nobody}" in done.stderr


def test_a_state_id_without_a_connection_says_what_is_missing(meltano: Meltano) -> None:
    done = meltano.state("get", "prod:tap-hubspot-crm-to-target-crmhub-postgres")
    assert done.returncode != 0
    assert "--state-id-suffix=<connection id>" in done.stderr


def test_a_write_by_hand_takes_the_lease_from_a_run_in_flight(
    database: TestDatabase, meltano: Meltano
) -> None:
    _, connection_id = database.add_connection()
    database.take_lease(connection_id)
    meltano.state("set", "--force", state_id(connection_id), json.dumps({"singer_state": BOOKMARK}))
    assert stored(database, connection_id) == {"state_json": BOOKMARK, "lease_token": None}


def test_a_write_under_a_lost_lease_is_refused_and_changes_nothing(
    database: TestDatabase, meltano: Meltano
) -> None:
    _, connection_id = database.add_connection()
    token = database.take_lease(connection_id)
    meltano.environment["CRMHUB_LEASE_TOKEN"] = str(uuid.uuid4())
    done = meltano.state(
        "set", "--force", state_id(connection_id), json.dumps({"singer_state": BOOKMARK})
    )
    assert done.returncode != 0
    assert "the lease of this connection is lost" in done.stderr
    assert stored(database, connection_id) == {"state_json": None, "lease_token": token}


def test_a_write_under_the_lease_keeps_it(database: TestDatabase, meltano: Meltano) -> None:
    _, connection_id = database.add_connection()
    token = database.take_lease(connection_id)
    meltano.environment["CRMHUB_LEASE_TOKEN"] = str(token)
    meltano.state("set", "--force", state_id(connection_id), json.dumps({"singer_state": BOOKMARK}))
    assert stored(database, connection_id) == {"state_json": BOOKMARK, "lease_token": token}


def test_without_a_database_setting_the_remedy_is_named(meltano: Meltano) -> None:
    del meltano.environment["CRMHUB_STATE_DATABASE_URL"]
    done = meltano.state("get", state_id(uuid.uuid4()))
    assert done.returncode != 0
    assert "CRMHUB_STATE_DATABASE_URL" in done.stderr
