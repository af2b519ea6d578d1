"""Commands that act on runs: sync, runs, pause, resume, flags."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import pytest
from orchestrator.claims import claimed
from orchestrator.terminal import said_in_one_line, settings_of

from crmhub.sync.exit_status import EXIT_STATUSES, exit_status
from crmhub.sync.next_step import next_step
from crmhub.sync.runs import record_failure, record_success

if TYPE_CHECKING:
    import psycopg
    from databases import TestDatabase
    from orchestrator.terminal import Crmhub


@pytest.mark.parametrize(
    "command", [("flags",), ("runs",), ("sync",), ("worker",), ("connections", "pause")]
)
def test_commands_of_runs_explain_themselves(crmhub: Crmhub, command: tuple[str, ...]) -> None:
    done = crmhub(*command, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: crmhub")


def test_a_sync_that_is_asked_for_twice_is_one_run(crmhub: Crmhub, database: TestDatabase) -> None:
    _, connection_id = database.add_connection()
    first = crmhub("sync", str(connection_id), "--json", **settings_of(database))
    second = crmhub("sync", str(connection_id), "--json", **settings_of(database))
    assert json.loads(first.stdout) == json.loads(second.stdout)
    assert json.loads(first.stdout)["status"] == "pending"
    assert json.loads(first.stdout)["trigger"] == "manual"


def test_a_sync_of_an_unknown_connection_says_where_the_known_ones_are(
    crmhub: Crmhub, database: TestDatabase
) -> None:
    done = crmhub("sync", str(uuid.uuid4()), **settings_of(database))
    assert "`crmhub connections list`" in said_in_one_line(done, 1)


def test_a_paused_connection_is_not_synced_until_it_is_resumed(
    crmhub: Crmhub, database: TestDatabase
) -> None:
    _, connection_id = database.add_connection()
    token = database.take_lease(connection_id)
    crmhub("connections", "pause", str(connection_id), **settings_of(database))
    [row] = database.rows("select status, lease_token from crmhub.source_connections")
    assert row == {"status": "paused", "lease_token": None}, token
    refused = crmhub("sync", str(connection_id), **settings_of(database))
    assert "resume it first" in said_in_one_line(refused, 1)
    crmhub("connections", "resume", str(connection_id), **settings_of(database))
    assert crmhub("sync", str(connection_id), **settings_of(database)).returncode == 0


def test_a_connection_that_lost_its_grant_is_not_resumed(
    crmhub: Crmhub, database: TestDatabase
) -> None:
    _, connection_id = database.add_connection()
    database.rows("update crmhub.source_connections set status = 'needs_reconnect'")
    done = crmhub("connections", "resume", str(connection_id), **settings_of(database))
    assert "reconnect" in said_in_one_line(done, 1)


def test_runs_are_listed_with_their_end(
    crmhub: Crmhub, database: TestDatabase, orchestrator: psycopg.Connection
) -> None:
    _, connection_id = database.add_connection()
    record_success(
        orchestrator,
        claimed(orchestrator, connection_id),
        records={"contacts": 1200},
        wait_seconds=60,
    )
    record_failure(
        orchestrator,
        claimed(orchestrator, connection_id),
        next_step("network", failures_before=0, chance=0.5),
        records={},
        error_class="network",
        error_message="HubSpot cannot be reached",
    )
    listed = crmhub("runs", "--json", **settings_of(database))
    runs = json.loads(listed.stdout)
    assert [(run["status"], run["error_class"]) for run in runs] == [
        ("failed", "network"),
        ("succeeded", None),
    ]
    table = crmhub("runs", "--connection", str(connection_id), **settings_of(database)).stdout
    assert "1,200" in table
    assert "HubSpot cannot be reached" in table
    other = crmhub("runs", "--json", "--connection", str(uuid.uuid4()), **settings_of(database))
    assert json.loads(other.stdout) == []


def test_a_flag_is_off_until_it_is_turned_on(crmhub: Crmhub, database: TestDatabase) -> None:
    org = str(uuid.uuid4())
    settings = settings_of(database)
    assert json.loads(crmhub("flags", "list", "--json", **settings).stdout) == []
    crmhub("flags", "on", "crm_hub", "--org", org, **settings)
    crmhub("flags", "on", "crm_hub", "--org", org, **settings)
    [flag] = json.loads(crmhub("flags", "list", "--org", org, "--json", **settings).stdout)
    assert flag == {"org_id": org, "flag": "crm_hub", "enabled": True}
    crmhub("flags", "off", "crm_hub", "--org", org, **settings)
    assert "off" in crmhub("flags", "list", **settings).stdout


def test_an_unknown_flag_is_refused_with_the_known_ones(
    crmhub: Crmhub, database: TestDatabase
) -> None:
    done = crmhub("flags", "on", "crm_hubb", "--org", str(uuid.uuid4()), **settings_of(database))
    assert done.returncode == 2
    assert "crm_hub" in done.stderr


def test_every_class_ends_a_command_with_the_status_of_its_remedy() -> None:
    assert exit_status(None) == 0
    assert set(EXIT_STATUSES.values()) == {2, 65, 70, 75, 77}
    assert exit_status("something new") == 70
