"""A backup is restored, with the keys and without them, as the operator's page says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from operations.documents import RUNBOOK, blocks, section, sections, statements
from operations.restored import TOKEN, rows_of
from orchestrator.terminal import KEY
from target.loading import FIXTURES, record, schema, state

from crmhub.database import connect
from crmhub.doctor.database_checks import check_migrations, check_roles
from crmhub.doctor.findings import examine
from crmhub.doctor.key_checks import check_keys
from crmhub.errors import SecretUnreadableError
from crmhub.oauth.access_tokens import AccessTokens
from crmhub.settings import required_database_urls
from crmhub.sync.control import RunControl
from crmhub.sync.plan import SyncPlan
from crmhub.sync.runs import request_run
from crmhub.sync.sync import sync_pending
from crmhub.vault.keyring import SecretPlace, generate_key, read_keyring
from crmhub.vault.secret import Secret
from crmhub.vault.store import ACCESS_TOKEN, refuse_wrong_keyring, replace_secrets
from target_crmhub_postgres.errors import InvalidSettingsError
from target_crmhub_postgres.pii import Pseudonyms

if TYPE_CHECKING:
    from operations.restored import Restored
    from orchestrator.terminal import Crmhub

NEW_SALT = "another salt, as the first is lost"
#: As of a later full pass, so that it is the newer reading.
LATER = "2026-11-02T12:00:00Z"


def tokens_by(restored: Restored, keys: str) -> AccessTokens:
    return AccessTokens(
        database_url=restored.database.url_as("crmhub_orchestrator"),
        keyring=read_keyring(keys),
        endpoint=None,
    )


def run_sql(restored: Restored, sql: str, role: str | None = None, **named: object) -> None:
    """Run the statements of a page's block, as a superuser or a role."""
    url = restored.database.url_as(role) if role else restored.database.url
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements(sql):
            connection.execute(statement, named)


def run_with_key(restored: Restored, keys: str) -> None:
    """Let a worker with these keys run the connection."""
    urls = required_database_urls(restored.settings)
    with connect(urls.orchestrator) as database:
        request_run(database, restored.hub.connection_id, trigger="schedule")
    plan = SyncPlan(urls=urls, salt="never needed", tokens=tokens_by(restored, keys))
    sync_pending(restored.hub.connection_id, plan, RunControl())


def test_a_restored_database_holds_what_the_old_one_did(restored: Restored) -> None:
    assert rows_of(restored.hub) == restored.before
    assert all(restored.before.values())
    assert restored.connection()["state_json"] == {"bookmarks": {}}
    checks = {"migrations": check_migrations, "roles": check_roles, "keys": check_keys}
    found = list(examine(checks, restored.settings))
    assert [(each.what, each.said) for each in found if each.verdict != "ok"] == []
    assert len(found) >= 6


def test_with_the_old_keys_everything_works(restored: Restored) -> None:
    connection_id = restored.hub.connection_id
    assert tokens_by(restored, KEY).current(connection_id).secret.reveal() == TOKEN
    token = restored.database.take_lease(connection_id)
    restored.hub.having(lease_token=str(token)).load(
        [schema("contacts"), record("contacts", LATER, id="777", email="new@example.com"), state()]
    )
    assert "777" in restored.hub.keys("crm_contacts")
    [seen] = restored.database.rows(
        "select count(*) as rows from crmhub.crm_contacts",
        role="crmhub_reader",
        org_id=restored.hub.org_id,
    )
    assert seen["rows"] == len(restored.before["crm_contacts"]) + 1


def test_without_the_key_a_connection_waits_for_its_admin_and_its_rows_stay(
    restored: Restored,
) -> None:
    run_with_key(restored, generate_key().reveal())
    found = restored.connection()
    assert (found["status"], found["last_error_class"]) == ("needs_reconnect", "secret_unreadable")
    assert rows_of(restored.hub) == restored.before
    # The key is found again: what the runbook says lets the connection go on.
    [sql] = blocks(sections(RUNBOOK.read_text(encoding="utf-8"), 3)["secret_unreadable"], "sql")
    run_sql(restored, sql, role="crmhub_orchestrator")
    assert restored.connection()["status"] == "connected"
    assert tokens_by(restored, KEY).current(restored.hub.connection_id).secret.reveal() == TOKEN


def test_with_the_key_lost_for_good_accounts_are_connected_again(restored: Restored) -> None:
    orchestrator = restored.database.url_as("crmhub_orchestrator")
    ring = read_keyring(generate_key().reveal())
    with connect(orchestrator) as database:
        # No worker begins, so that a wrong setting takes no connection for lost.
        with pytest.raises(SecretUnreadableError):
            refuse_wrong_keyring(database, ring)
        [sql] = blocks(section("backup.md", "Losing the key"), "sql")
        run_sql(restored, sql, role="crmhub_orchestrator", key_id=read_keyring(KEY).primary_key_id)
        refuse_wrong_keyring(database, ring)
        found = restored.connection()
        assert (found["status"], found["last_error_class"]) == (
            "needs_reconnect",
            "secret_unreadable",
        )
        place = SecretPlace(
            org_id=restored.hub.org_id,
            connection_id=restored.hub.connection_id,
            name=ACCESS_TOKEN,
        )
        replace_secrets(database, ring, place, Secret("another service key"))
    assert restored.connection()["state_json"] == {"bookmarks": {}}
    assert rows_of(restored.hub) == restored.before


def test_a_key_is_changed_by_the_commands_of_the_page(crmhub: Crmhub, restored: Restored) -> None:
    new = crmhub("keys", "generate").stdout.strip()
    settings = restored.settings | {"SECRETS_ENCRYPTION_KEY": f"{new},{KEY}"}
    told = json.loads(crmhub("keys", "rotate", "--json", **settings).stdout)
    assert (told["resealed"], told["left"]) == (1, 0)
    assert tokens_by(restored, new).current(restored.hub.connection_id).secret.reveal() == TOKEN


def test_another_salt_writes_nothing(restored: Restored) -> None:
    with pytest.raises(InvalidSettingsError, match="pii_hash_salt is not the one"):
        restored.hub.having(pii_hash_salt=NEW_SALT).load([schema("contacts"), state()])
    assert rows_of(restored.hub) == restored.before


def test_after_a_lost_salt_all_pseudonyms_are_made_anew(restored: Restored) -> None:
    hub = restored.hub
    [sql] = blocks(section("backup.md", "Changing or losing the salt"), "sql")
    run_sql(restored, sql, org=hub.org_id)
    hashes = ("email_hash", "additional_email_hashes", "phone_hash", "mobile_phone_hash")
    assert {value for row in hub.rows("crm_contacts", *hashes) for value in row.values()} == {None}
    assert restored.connection()["state_json"] is None
    golden = (FIXTURES / "first_load.singer").read_text(encoding="utf-8")
    anew = hub.having(pii_hash_salt=NEW_SALT)
    # Read again, an hour later: otherwise it is not the newer reading.
    anew.load(golden.replace("2026-11-01T12:", "2026-11-01T13:").splitlines())
    pseudonyms = Pseudonyms(org_id=hub.org_id, salt=NEW_SALT)
    [ann] = [row for row in hub.rows("crm_contacts") if row["external_id"] == "501"]
    assert ann["email_hash"] == pseudonyms.email("ann@example.com")
    assert set(ann["additional_email_hashes"]) == {
        pseudonyms.email("ann@home.example"),
        pseudonyms.email("a.n@example.org"),
    }
    assert ann["phone_hash"] == pseudonyms.phone("+493012345678")
    [olga] = [row for row in hub.rows("crm_owners") if row["external_id"] == "71"]
    assert olga["email_hash"] == pseudonyms.email("olga@example.com")
    assert without_pseudonyms(hub.rows("crm_contacts")) == without_pseudonyms(
        restored.before["crm_contacts"]
    )


def without_pseudonyms(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What of the rows does not depend on the salt or on when they were read."""
    times = {"synced_at", "source_read_at"}
    return [
        {name: value for name, value in row.items() if "hash" not in name and name not in times}
        for row in rows
    ]
