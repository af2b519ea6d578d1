"""Disconnect a HubSpot account: its grant, its tokens and, if asked, its rows go."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

import psycopg
import pytest
from orchestrator.terminal import KEY
from orchestrator.web.at_hubspot import (
    TIMEOUT,
    connect,
    connections,
    disconnect,
    refresh_token,
    runs,
)
from orchestrator.web.served import served_web
from psycopg import sql
from sql.rights import insertion, tables

from crmhub.engine.worker import _rescue
from crmhub.erasing import erase_forgotten, erase_rows
from crmhub.vault.keyring import SecretPlace, generate_key, read_keyring
from crmhub.vault.secret import Secret
from crmhub.vault.store import REFRESH_TOKEN, keep_secret
from hubspot_sandbox.faults import FaultRule

if TYPE_CHECKING:
    from databases import TestDatabase
    from orchestrator.web.served import ServedWeb

    from hubspot_sandbox.server import RunningSandbox


def test_disconnecting_revokes_at_hubspot_and_forgets_the_tokens(web: ServedWeb) -> None:
    portal, org_id = web.sandbox.add_portal(), web.new_org()
    browser = web.sign_in(org_id)
    connect(web, browser, portal.portal_id)
    [connection] = connections(web, org_id)
    token = refresh_token(web, connection["id"])
    assert token
    done = disconnect(web, browser, connection["id"])
    assert done.status_code == 200
    assert "HubSpot may still show" not in done.text
    assert web.sandbox.tokens.look_up(token) is None
    assert refresh_token(web, connection["id"]) is None
    assert connections(web, org_id)[0]["status"] == "disconnected"
    assert runs(web, org_id) == [("manual", "cancelled")]
    # Whoever presses twice is told the same.
    again = disconnect(web, browser, connection["id"])
    assert (again.status_code, again.text) == (200, done.text)


def test_a_grant_that_another_connection_lives_on_is_not_revoked(web: ServedWeb) -> None:
    portal = web.sandbox.add_portal()
    orgs = [web.new_org(), web.new_org()]
    browsers = [web.sign_in(org_id) for org_id in orgs]
    for browser in browsers:
        connect(web, browser, portal.portal_id)
    first, second = (connections(web, org_id)[0]["id"] for org_id in orgs)
    # HubSpot gives one grant to both; the sandbox would give two.
    shared = refresh_token(web, second)
    assert shared
    with psycopg.connect(web.database.url_as("crmhub_orchestrator")) as database:
        keep_secret(
            database,
            web.settings.keyring,
            SecretPlace(org_id=orgs[0], connection_id=first, name=REFRESH_TOKEN),
            Secret(shared),
        )
    done = disconnect(web, browsers[0], first)
    assert "HubSpot may still show" in done.text
    assert web.sandbox.tokens.look_up(shared) is not None
    assert refresh_token(web, second) == shared


def test_disconnecting_while_hubspot_is_down_forgets_the_tokens_and_says_what_is_left(
    web: ServedWeb, web_sandbox: RunningSandbox
) -> None:
    portal, org_id = web.sandbox.add_portal(), web.new_org()
    browser = web.sign_in(org_id)
    connect(web, browser, portal.portal_id)
    [connection] = connections(web, org_id)
    rule = FaultRule(kind="503", paths=("token",), retry_after_seconds=3600)
    web_sandbox.sandbox.fail_next(rule, 1)
    done = disconnect(web, browser, connection["id"])
    assert done.status_code == 200
    assert "HubSpot may still show" in done.text
    assert refresh_token(web, connection["id"]) is None


def test_with_another_key_accounts_can_be_disconnected_and_connected_again(
    web: ServedWeb, web_database: TestDatabase, web_sandbox: RunningSandbox
) -> None:
    portal, org_id = web.sandbox.add_portal(), web.new_org()
    connect(web, web.sign_in(org_id), portal.portal_id)
    [connection] = connections(web, org_id)
    key = generate_key().reveal()
    assert read_keyring(key).key_ids != read_keyring(KEY).key_ids
    with served_web(web_database, web_sandbox, SECRETS_ENCRYPTION_KEY=key) as other:
        browser = other.sign_in(org_id)
        assert browser.get(f"{other.url}/integrations", timeout=TIMEOUT).status_code == 200
        assert disconnect(other, browser, connection["id"]).status_code == 200
        assert connect(other, browser, portal.portal_id, connection["id"]).status_code == 303
        assert refresh_token(other, connection["id"])
    assert connections(web, org_id)[0]["status"] == "connected"


def copied_tables(database: TestDatabase) -> list[str]:
    """The tables whose rows are copied from an account, or say how far a copy is."""
    found = [
        name
        for name in tables(database)
        if name.startswith("crm_") or name in {"full_pass_seen", "full_pass_activated", "set_reads"}
    ]
    assert len(found) == 11
    return found


def fill(database: TestDatabase, org_id: uuid.UUID, connection_id: uuid.UUID) -> None:
    """Put up to three rows into each of them."""
    with psycopg.connect(database.url) as connection:
        for table in copied_tables(database):
            statement, values = insertion(
                database, table, org_id, key="a", connection_id=connection_id
            )
            for key in ("a", "b", "c"):
                row = [key if value == "a" else value for value in values]
                connection.execute(statement + sql.SQL(" on conflict do nothing"), row)


def count(database: TestDatabase, connection_id: uuid.UUID) -> int:
    """Rows of a connection in all of them."""
    with psycopg.connect(database.url) as connection:
        return sum(
            connection.execute(
                sql.SQL("select count(*) from crmhub.{} where connection_id = %s").format(
                    sql.Identifier(table)
                ),
                [connection_id],
            ).fetchall()[0][0]
            for table in copied_tables(database)
        )


def test_the_rows_go_if_asked_and_no_others(web: ServedWeb) -> None:
    org_id = web.new_org()
    browser = web.sign_in(org_id)
    ids = []
    for _ in range(2):
        connect(web, browser, web.sandbox.add_portal().portal_id)
        ids.append(connections(web, org_id)[-1]["id"])
        fill(web.database, org_id, ids[-1])
    web.database.rows(
        "update crmhub.source_connections set state_json = '{}', last_sync_at = now(), "
        "synced_through = now() where org_id = %s",
        [org_id],
    )
    before = [count(web.database, id_) for id_ in ids]
    assert before[0] == before[1] > 0
    done = disconnect(web, browser, ids[0], erase="true")
    assert "being erased now" in done.text
    while count(web.database, ids[0]):
        time.sleep(0.02)
    assert count(web.database, ids[1]) == before[1]
    [row] = web.database.rows(
        "select state_json, last_sync_at, synced_through from crmhub.source_connections "
        "where id = %s",
        [ids[0]],
    )
    assert row == {"state_json": None, "last_sync_at": None, "synced_through": None}


def test_the_rows_stay_unless_asked(web: ServedWeb) -> None:
    org_id = web.new_org()
    browser = web.sign_in(org_id)
    connect(web, browser, web.sandbox.add_portal().portal_id)
    id_ = connections(web, org_id)[0]["id"]
    fill(web.database, org_id, id_)
    before = count(web.database, id_)
    assert "stay" in disconnect(web, browser, id_).text
    with psycopg.connect(
        web.database.url_as("crmhub_orchestrator"), autocommit=True
    ) as orchestrator:
        assert erase_rows(orchestrator, org_id, id_) == 0
    assert count(web.database, id_) == before


@pytest.fixture
def to_be_erased(database: TestDatabase) -> tuple[uuid.UUID, uuid.UUID]:
    org_id, connection_id = database.add_connection()
    fill(database, org_id, connection_id)
    database.rows(
        "update crmhub.source_connections set status = 'disconnected', "
        "erase_requested_at = now() - interval '2 minutes'"
    )
    return org_id, connection_id


def test_erasing_goes_in_portions_and_on_where_it_was_stopped(
    database: TestDatabase,
    orchestrator: psycopg.Connection,
    to_be_erased: tuple[uuid.UUID, uuid.UUID],
) -> None:
    org_id, connection_id = to_be_erased
    before = count(database, connection_id)
    assert erase_rows(orchestrator, org_id, connection_id, portion=2, portions=1) == 2
    assert count(database, connection_id) == before - 2
    # What whoever asked has left, a worker erases when it looks after what others left.
    _rescue(orchestrator)
    assert count(database, connection_id) == 0
    assert erase_forgotten(orchestrator) == 0
    [row] = database.rows("select erase_requested_at from crmhub.source_connections")
    assert row["erase_requested_at"] is None


def test_only_a_disconnected_connection_of_the_organisation_can_be_erased(
    database: TestDatabase,
    orchestrator: psycopg.Connection,
    to_be_erased: tuple[uuid.UUID, uuid.UUID],
) -> None:
    org_id, connection_id = to_be_erased
    before = count(database, connection_id)
    assert erase_rows(orchestrator, uuid.uuid4(), connection_id) == 0
    database.rows("update crmhub.source_connections set status = 'connected'")
    assert erase_rows(orchestrator, org_id, connection_id) == 0
    assert count(database, connection_id) == before


@pytest.mark.parametrize("role", ["crmhub_loader", "crmhub_state", "crmhub_reader"])
def test_no_other_role_may_erase(database: TestDatabase, role: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        database.rows(
            "select crmhub.erase_disconnected(gen_random_uuid(), gen_random_uuid(), 1)", role=role
        )
