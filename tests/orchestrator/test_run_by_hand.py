"""`crmhub env`: what a run by hand is given, and what a shell keeps of it when it fails."""

from __future__ import annotations

import json
import shlex
import subprocess
from typing import TYPE_CHECKING

import psycopg
import pytest
from orchestrator.terminal import KEY, settings_of
from psycopg.types.json import Jsonb

from crmhub.vault.keyring import SecretPlace, read_keyring
from crmhub.vault.secret import Secret
from crmhub.vault.store import ACCESS_TOKEN, REFRESH_TOKEN, keep_secret
from hubspot_sandbox.server import RunningSandbox, running_sandbox
from target_crmhub_postgres.mapping import load_mapping

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable, Iterator

    from databases import TestDatabase
    from orchestrator.terminal import Crmhub

    from hubspot_sandbox.sandbox import SandboxPortal

NO_LEASE = [{"lease_token": None}]
LEASES = "select lease_token from crmhub.source_connections"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox() as running:
        yield running


@pytest.fixture
def portal(sandbox: RunningSandbox) -> SandboxPortal:
    return sandbox.sandbox.add_portal()


@pytest.fixture
def settings(
    database: TestDatabase, sandbox: RunningSandbox, portal: SandboxPortal
) -> dict[str, str]:
    return settings_of(database) | {
        "HUBSPOT_API_URL": sandbox.url,
        "HUBSPOT_CLIENT_ID": portal.client_id,
        "HUBSPOT_CLIENT_SECRET": portal.client_secret,
    }


def connected(
    database: TestDatabase,
    token: str,
    *,
    name: str = ACCESS_TOKEN,
    account_id: str | None = None,
    org_id: uuid.UUID | None = None,
) -> uuid.UUID:
    """A connection with a token in the vault."""
    org_id, connection_id = database.add_connection(org_id, account_id=account_id)
    place = SecretPlace(org_id=org_id, connection_id=connection_id, name=name)
    with psycopg.connect(database.url_as("crmhub_orchestrator")) as connection:
        keep_secret(connection, read_keyring(KEY), place, Secret(token))
    return connection_id


@pytest.fixture
def connected_id(database: TestDatabase, portal: SandboxPortal) -> uuid.UUID:
    """A connection of the portal, with its token."""
    return connected(database, portal.access_token)


def exports_of(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """The variables that a shell exports from it; before them, it unsets the last ones."""
    assert done.returncode == 0, done.stderr
    unset, *lines = done.stdout.splitlines()
    assert unset.startswith("unset ")
    pairs = (line.removeprefix("export ").split("=", 1) for line in lines)
    return {name: "".join(shlex.split(value)) for name, value in pairs}


def refusal(done: subprocess.CompletedProcess[str], status: int) -> str:
    """The line on standard error; what is on standard output unsets and fails."""
    assert done.returncode == status, done.stderr
    [line] = done.stdout.splitlines()
    assert line.startswith("unset CRMHUB_LEASE_TOKEN ")
    assert line.endswith("; false")
    [said] = done.stderr.splitlines()
    return said


def test_a_run_by_hand_gets_its_lease_its_settings_its_account_and_its_token(
    crmhub: Crmhub, database: TestDatabase, settings: dict[str, str], portal: SandboxPortal
) -> None:
    account_id = str(portal.portal_id)
    connection_id = connected(database, portal.access_token, account_id=account_id)
    done = crmhub("env", str(connection_id), **settings)
    exports = exports_of(done)
    [row] = database.rows("select org_id, lease_token from crmhub.source_connections")
    assert exports["CRMHUB_LEASE_TOKEN"] == str(row["lease_token"])
    assert exports["MELTANO_RUN_STATE_ID_SUFFIX"] == str(connection_id)
    assert exports["TARGET_CRMHUB_POSTGRES_ORG_ID"] == str(row["org_id"])
    assert exports["TAP_HUBSPOT_CRM_EXPECTED_ACCOUNT_ID"] == account_id
    assert exports["TAP_HUBSPOT_CRM_ACCESS_TOKEN"] == portal.access_token
    assert json.loads(exports["TAP_HUBSPOT_CRM_PROPERTIES"]) == (
        load_mapping("hubspot").fetched_properties()
    )
    assert "another run holds the lease" in refusal(
        crmhub("env", str(connection_id), **settings), 1
    )
    released = crmhub("env", str(connection_id), "--release", **settings)
    assert (released.returncode, released.stdout) == (0, "")
    assert database.rows(LEASES) == NO_LEASE


def test_each_connection_gets_its_own_token(
    crmhub: Crmhub, database: TestDatabase, sandbox: RunningSandbox, settings: dict[str, str]
) -> None:
    portals = [sandbox.sandbox.add_portal() for _ in range(2)]
    ids = [connected(database, each.access_token) for each in portals]
    given = [exports_of(crmhub("env", str(each), **settings)) for each in ids]
    assert [each["TAP_HUBSPOT_CRM_ACCESS_TOKEN"] for each in given] == [
        each.access_token for each in portals
    ]
    # Neither had an account before: each was learned from its token, and stored.
    accounts = [str(each.portal_id) for each in portals]
    assert [each["TAP_HUBSPOT_CRM_EXPECTED_ACCOUNT_ID"] for each in given] == accounts
    rows = database.rows("select id, external_account_id from crmhub.source_connections")
    assert {row["id"]: row["external_account_id"] for row in rows} == dict(
        zip(ids, accounts, strict=True)
    )


def test_an_account_that_another_connection_has_is_not_learned_twice(
    crmhub: Crmhub, database: TestDatabase, settings: dict[str, str], portal: SandboxPortal
) -> None:
    org_id, _ = database.add_connection(account_id=str(portal.portal_id))
    second = connected(database, portal.access_token, org_id=org_id)
    said = refusal(crmhub("env", str(second), **settings), 2)
    assert f"connection to account {portal.portal_id} already" in said
    assert database.rows(LEASES) == NO_LEASE * 2


def test_without_a_stored_token_a_person_gives_one(
    crmhub: Crmhub, database: TestDatabase, settings: dict[str, str]
) -> None:
    _, connection_id = database.add_connection(account_id="42")
    done = crmhub("env", str(connection_id), **settings | {"SECRETS_ENCRYPTION_KEY": ""})
    exports = exports_of(done)
    assert "TAP_HUBSPOT_CRM_ACCESS_TOKEN" not in exports
    assert exports["TAP_HUBSPOT_CRM_EXPECTED_ACCOUNT_ID"] == "42"
    assert "export TAP_HUBSPOT_CRM_ACCESS_TOKEN, a token of account 42" in done.stderr


def test_a_run_by_hand_is_given_no_secret_that_it_does_not_need(
    crmhub: Crmhub, database: TestDatabase, settings: dict[str, str], portal: SandboxPortal
) -> None:
    """Refresh tokens, keys, the app and the orchestrator's own login stay where they are."""
    connection_id = connected(database, portal.refresh_token, name=REFRESH_TOKEN)
    done = crmhub("env", str(connection_id), **settings)
    exports = exports_of(done)
    assert exports["TAP_HUBSPOT_CRM_ACCESS_TOKEN"] != portal.refresh_token
    assert {name for name in exports if not name.startswith(("TAP_", "TARGET_", "MELTANO_"))} == {
        "CRMHUB_STATE_DATABASE_URL",
        "CRMHUB_LOADER_DATABASE_URL",
        "CRMHUB_LEASE_TOKEN",
        "PII_HASH_SALT",
    }
    kept = [portal.refresh_token, KEY, portal.client_secret, settings["DATABASE_URL"]]
    assert not [secret for secret in kept if secret in done.stdout + done.stderr]


def test_a_run_by_hand_that_cannot_be_is_not_waited_for(
    crmhub: Crmhub, database: TestDatabase
) -> None:
    """Its lease would keep everybody away for six hours."""
    _, connection_id = database.add_connection()
    config = Jsonb({"kept_properties": {"contacts": ["firstname"]}})
    database.rows("update crmhub.source_connections set config = %s", [config])
    done = crmhub("env", str(connection_id), **settings_of(database))
    assert "kept_properties" in refusal(done, 2)
    assert database.rows(LEASES) == NO_LEASE


@pytest.mark.parametrize("salt", ["", "too short"])
def test_a_missing_or_short_salt_is_refused(
    crmhub: Crmhub, database: TestDatabase, salt: str
) -> None:
    _, connection_id = database.add_connection()
    settings = settings_of(database) | {"PII_HASH_SALT": salt}
    said = refusal(crmhub("env", str(connection_id), **settings), 2)
    assert "PII_HASH_SALT must be a secret of at least 16 bytes" in said
    assert database.rows(LEASES) == NO_LEASE


@pytest.fixture(params=["sh", "bash"])
def shell(
    request: pytest.FixtureRequest, settings: dict[str, str], python_environment: dict[str, str]
) -> Callable[[str], subprocess.CompletedProcess[str]]:
    """A real shell with the settings of an operator."""

    def run(script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [request.param, "-c", script],
            env=python_environment | settings,
            capture_output=True,
            text=True,
            check=True,
        )

    return run


def test_a_shell_keeps_nothing_of_the_last_connection_when_it_asks_for_a_wrong_one(
    connected_id: uuid.UUID,
    settings: dict[str, str],
    shell: Callable[[str], subprocess.CompletedProcess[str]],
) -> None:
    unknown = "11111111-1111-4111-8111-111111111111"
    done = shell(
        f"""
        eval "$(crmhub env {connected_id})" || exit 9
        test -n "$TAP_HUBSPOT_CRM_ACCESS_TOKEN" && test -n "$CRMHUB_LEASE_TOKEN" || exit 8
        for wrong in {unknown} WRONG ""; do
            eval "$(crmhub env $wrong)"
            echo "status $?"
            export TAP_HUBSPOT_CRM_ACCESS_TOKEN=of_the_last MELTANO_RUN_STATE_ID_SUFFIX=of_the_last
        done
        eval "$(crmhub env $wrong)"
        env
        """
    )
    for said in (f"there is no connection {unknown}", "WRONG", "CONNECTION_ID"):
        assert said in done.stderr
    *statuses, _ = done.stdout.split("status 1\n")
    assert statuses == ["", "", ""]
    left = {line.partition("=")[0] for line in done.stdout.splitlines()}
    assert not [name for name in left if name.startswith(("TAP_", "TARGET_"))]
    assert left.isdisjoint(
        {"CRMHUB_LEASE_TOKEN", "MELTANO_RUN_STATE_ID_SUFFIX", "MELTANO_SYS_DIR_ROOT"}
    )
    # What is of the installation stays: the next try needs it.
    assert set(settings) <= left


def test_a_shell_keeps_no_choice_of_the_last_connection_for_the_next_one(
    database: TestDatabase,
    connected_id: uuid.UUID,
    shell: Callable[[str], subprocess.CompletedProcess[str]],
) -> None:
    chosen = Jsonb({"start_date": "2026-01-31", "owner_names": "keep"})
    database.rows("update crmhub.source_connections set config = %s", [chosen])
    _, second = database.add_connection(account_id="42")
    done = shell(
        f"""
        eval "$(crmhub env {connected_id})" || exit 9
        test "$TAP_HUBSPOT_CRM_START_DATE" = 2026-01-31 || exit 8
        export TARGET_CRMHUB_POSTGRES_ALLOW_UNKNOWN_ACCOUNT=true
        eval "$(crmhub env {second})" || exit 7
        env
        """
    )
    left = dict(line.partition("=")[::2] for line in done.stdout.splitlines())
    assert left["TARGET_CRMHUB_POSTGRES_CONNECTION_ID"] == str(second)
    assert left["TAP_HUBSPOT_CRM_EXPECTED_ACCOUNT_ID"] == "42"
    for name in (
        "TAP_HUBSPOT_CRM_ACCESS_TOKEN",
        "TAP_HUBSPOT_CRM_START_DATE",
        "TARGET_CRMHUB_POSTGRES_OWNER_NAMES",
        "TARGET_CRMHUB_POSTGRES_ALLOW_UNKNOWN_ACCOUNT",
    ):
        assert name not in left
