"""A token comes in by standard input, is shown to HubSpot, and is sealed."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import psycopg
import pytest
from orchestrator.claims import claimed, row_of
from orchestrator.terminal import KEY, said_in_one_line, settings_of

from crmhub.connections import find_connection
from crmhub.oauth.connecting import OfferedToken, give_token
from crmhub.sync.next_step import next_step
from crmhub.sync.runs import record_failure
from crmhub.vault.keyring import read_keyring
from crmhub.vault.secret import Secret
from crmhub.vault.store import ACCESS_TOKEN, REFRESH_TOKEN, find_secret
from hubspot_sandbox.faults import FaultRule
from hubspot_sandbox.server import RunningSandbox, running_sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from databases import TestDatabase
    from orchestrator.terminal import Crmhub

    from hubspot_sandbox.sandbox import SandboxPortal


@pytest.fixture
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


def stored(database: TestDatabase, connection_id: str) -> dict[str, str]:
    """Name → secret of a connection."""
    found: dict[str, str] = {}
    with psycopg.connect(database.url_as("crmhub_orchestrator")) as connection:
        for name in (ACCESS_TOKEN, REFRESH_TOKEN):
            secret = find_secret(connection, read_keyring(KEY), uuid.UUID(connection_id), name)
            if secret:
                found[name] = secret.secret.reveal()
    return found


@pytest.mark.parametrize("name", [ACCESS_TOKEN, REFRESH_TOKEN])
def test_a_token_is_sealed_and_tells_its_account(
    crmhub: Crmhub,
    database: TestDatabase,
    settings: dict[str, str],
    portal: SandboxPortal,
    name: str,
) -> None:
    token = portal.access_token if name == ACCESS_TOKEN else portal.refresh_token
    option = f"--{name.replace('_', '-')}-stdin"
    done = crmhub("connections", "add", option, "--json", typed=f"{token}\n", **settings)
    assert done.stderr == ""
    added = json.loads(done.stdout)
    assert added["external_account_id"] == str(portal.portal_id)
    assert stored(database, added["id"]) == {name: token}
    assert token not in done.stdout
    rows = database.rows("select ciphertext from crmhub.secrets_provider")
    assert not any(token.encode() in row["ciphertext"] for row in rows)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--access-token-stdin", "it does not take this token"),
        ("--refresh-token-stdin", "HubSpot does not take this refresh token"),
    ],
)
def test_a_token_that_hubspot_refuses_is_not_stored(
    crmhub: Crmhub,
    database: TestDatabase,
    settings: dict[str, str],
    option: str,
    said: str,
) -> None:
    done = crmhub("connections", "add", option, typed="na1-made-up-and-wrong", **settings)
    line = said_in_one_line(done, 1)
    assert said in line
    assert "made-up-and-wrong" not in line
    assert database.rows("select from crmhub.source_connections") == []


@pytest.mark.parametrize("typed", ["", "  \n", "two tokens", "two\nlines", "tökén"])
def test_anything_but_one_token_is_refused(
    crmhub: Crmhub, settings: dict[str, str], typed: str
) -> None:
    done = crmhub("connections", "add", "--access-token-stdin", typed=typed, **settings)
    assert "standard input must hold one token" in said_in_one_line(done, 2)


def test_what_a_token_needs_is_named_before_it_is_read(
    crmhub: Crmhub, database: TestDatabase, settings: dict[str, str], portal: SandboxPortal
) -> None:
    for changed, option, said in (
        ({"SECRETS_ENCRYPTION_KEY": ""}, "--access-token-stdin", "SECRETS_ENCRYPTION_KEY is"),
        ({"HUBSPOT_CLIENT_ID": ""}, "--refresh-token-stdin", "HUBSPOT_CLIENT_ID is missing"),
        (
            {"HUBSPOT_CLIENT_ID": "", "HUBSPOT_CLIENT_SECRET": ""},
            "--refresh-token-stdin",
            "HUBSPOT_CLIENT_ID and HUBSPOT_CLIENT_SECRET are missing",
        ),
    ):
        done = crmhub(
            "connections", "add", option, typed=portal.refresh_token, **settings | changed
        )
        assert said in said_in_one_line(done, 2)
    assert database.rows("select from crmhub.source_connections") == []


def test_an_account_that_is_not_the_tokens_is_refused(
    crmhub: Crmhub, settings: dict[str, str], portal: SandboxPortal
) -> None:
    done = crmhub(
        *("connections", "add", "--access-token-stdin", "--account-id", "7"),
        typed=portal.access_token,
        **settings,
    )
    assert f"reads account {portal.portal_id}, not --account-id 7" in said_in_one_line(done, 2)


def ask_in_vain(sandbox: RunningSandbox) -> None:
    rule = FaultRule(kind="503", paths=("account",), retry_after_seconds=3600)
    sandbox.sandbox.fail_next(rule, 10)


def test_a_token_is_taken_unseen_where_its_account_is_stated(
    crmhub: Crmhub,
    database: TestDatabase,
    sandbox: RunningSandbox,
    settings: dict[str, str],
    portal: SandboxPortal,
) -> None:
    ask_in_vain(sandbox)
    done = crmhub(
        *("connections", "add", "--access-token-stdin", "--account-id", "7", "--json"),
        typed=portal.access_token,
        **settings,
    )
    assert done.returncode == 0
    assert "the token is taken unseen as one of account 7" in done.stderr
    added = json.loads(done.stdout)
    assert added["external_account_id"] == "7"
    assert stored(database, added["id"]) == {ACCESS_TOKEN: portal.access_token}


def test_a_token_of_an_account_that_is_neither_told_nor_stated_is_refused(
    crmhub: Crmhub,
    database: TestDatabase,
    sandbox: RunningSandbox,
    settings: dict[str, str],
    portal: SandboxPortal,
) -> None:
    ask_in_vain(sandbox)
    done = crmhub(
        *("connections", "add", "--access-token-stdin"), typed=portal.access_token, **settings
    )
    said = said_in_one_line(done, 1)
    assert "not known which account the token reads" in said
    assert "--account-id" in said
    assert database.rows("select from crmhub.source_connections") == []


def test_a_known_account_is_enough_to_reconnect_while_hubspot_cannot_be_asked(
    crmhub: Crmhub,
    database: TestDatabase,
    sandbox: RunningSandbox,
    settings: dict[str, str],
    portal: SandboxPortal,
) -> None:
    _, connection_id = database.add_connection(account_id="7")
    ask_in_vain(sandbox)
    done = crmhub(
        *("connections", "reconnect", str(connection_id), "--access-token-stdin"),
        typed=portal.access_token,
        **settings,
    )
    assert done.returncode == 0, done.stderr
    assert "account 7" in done.stderr
    assert stored(database, str(connection_id)) == {ACCESS_TOKEN: portal.access_token}


@pytest.mark.parametrize("account", ["007", "0", "-7", "acme", "7" * 20])
def test_an_account_id_that_could_be_none_is_refused(
    crmhub: Crmhub, database: TestDatabase, settings: dict[str, str], account: str
) -> None:
    done = crmhub("connections", "add", "--account-id", account, **settings)
    assert "--account-id must be" in said_in_one_line(done, 2)
    assert database.rows("select from crmhub.source_connections") == []


def test_a_reconnected_connection_has_the_new_token_alone_and_is_due(
    crmhub: Crmhub, database: TestDatabase, settings: dict[str, str], portal: SandboxPortal
) -> None:
    added = json.loads(
        crmhub(
            *("connections", "add", "--refresh-token-stdin", "--json"),
            typed=portal.refresh_token,
            **settings,
        ).stdout
    )
    database.rows(
        "update crmhub.source_connections set status = 'needs_reconnect', "
        "last_error_class = 'invalid_grant', next_sync_at = now() + interval '1 day', "
        "state_json = '{}'"
    )
    done = crmhub(
        *("connections", "reconnect", added["id"], "--access-token-stdin"),
        typed=portal.access_token,
        **settings,
    )
    assert done.returncode == 0, done.stderr
    assert stored(database, added["id"]) == {ACCESS_TOKEN: portal.access_token}
    assert database.rows(
        "select status, last_error_class, next_sync_at <= now() as due, state_json "
        "from crmhub.source_connections"
    ) == [{"status": "connected", "last_error_class": None, "due": True, "state_json": {}}]


def test_another_accounts_token_is_refused(
    crmhub: Crmhub,
    database: TestDatabase,
    sandbox: RunningSandbox,
    settings: dict[str, str],
    portal: SandboxPortal,
) -> None:
    added = json.loads(
        crmhub(
            *("connections", "add", "--access-token-stdin", "--json"),
            typed=portal.access_token,
            **settings,
        ).stdout
    )
    other = sandbox.sandbox.add_portal()
    done = crmhub(
        *("connections", "reconnect", added["id"], "--access-token-stdin"),
        typed=other.access_token,
        **settings,
    )
    said = said_in_one_line(done, 2)
    assert f"reads account {other.portal_id}" in said
    assert f"of account {portal.portal_id}" in said
    assert stored(database, added["id"]) == {ACCESS_TOKEN: portal.access_token}


def test_an_account_that_another_connection_has_is_refused(
    crmhub: Crmhub, database: TestDatabase, settings: dict[str, str], portal: SandboxPortal
) -> None:
    org_id, connection_id = database.add_connection()
    database.rows(
        "insert into crmhub.source_connections (org_id, external_account_id) values (%s, %s)",
        [org_id, str(portal.portal_id)],
    )
    done = crmhub(
        *("connections", "reconnect", str(connection_id), "--access-token-stdin"),
        typed=portal.access_token,
        **settings,
    )
    assert f"connection to account {portal.portal_id} already" in said_in_one_line(done, 2)
    assert stored(database, str(connection_id)) == {}


def test_a_run_that_ends_after_its_connection_was_reconnected_takes_nothing_back(
    database: TestDatabase,
) -> None:
    """It was refused by the old grant, and says so when the new one is there."""
    _, connection_id = database.add_connection()
    with psycopg.connect(database.url_as("crmhub_orchestrator"), autocommit=True) as orchestrator:
        claim = claimed(orchestrator, connection_id)
        database.rows("update crmhub.source_connections set status = 'needs_reconnect'")
        give_token(
            orchestrator,
            read_keyring(KEY),
            find_connection(orchestrator, connection_id),
            OfferedToken(name=ACCESS_TOKEN, secret=Secret("made-up")),
            account=None,
        )
        is_ours = record_failure(
            orchestrator,
            claim,
            next_step("invalid_grant", failures_before=0, chance=0.0),
            records={},
            error_class="invalid_grant",
            error_message="connect the account again",
        )
    assert not is_ours
    row = row_of(database, connection_id)
    assert (row["status"], row["last_error_class"]) == ("connected", None)
