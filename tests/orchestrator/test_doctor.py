"""`crmhub doctor` finds what is wrong, says what to do, and shows no secret."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from orchestrator.terminal import KEY, settings_of

from crmhub.doctor.checks import CHECKS
from crmhub.doctor.database_checks import clock_finding
from crmhub.doctor.engine_checks import check_meltano
from crmhub.doctor.findings import examine
from crmhub.vault.keyring import Keyring, SecretPlace, read_keyring
from crmhub.vault.secret import Secret
from crmhub.vault.store import ACCESS_TOKEN, keep_secret
from hubspot_sandbox.server import running_sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from databases import TestDatabase
    from orchestrator.terminal import Crmhub

OTHER_KEY = bytes(range(32))


@pytest.fixture
def settings(database: TestDatabase) -> Iterator[dict[str, str]]:
    with running_sandbox() as sandbox:
        yield settings_of(database) | {"HUBSPOT_API_URL": sandbox.url}


def told(crmhub: Crmhub, settings: dict[str, str], status: int) -> dict[str, dict[str, Any]]:
    """What → finding, as the command tells."""
    done = crmhub("doctor", "--json", **settings)
    assert done.returncode == status, done.stdout + done.stderr
    assert_tells_no_secret(done.stdout + done.stderr, settings)
    return {each["what"]: each for each in json.loads(done.stdout)}


def found(settings: dict[str, str], *, is_well: bool) -> dict[str, dict[str, Any]]:
    """What → finding, of all checks but the one that starts Meltano, tap and target."""
    checks = {name: check for name, check in CHECKS.items() if check is not check_meltano}
    findings = [asdict(finding) for finding in examine(checks, settings)]
    assert is_well == all(each["verdict"] != "failed" for each in findings), findings
    assert_tells_no_secret(str(findings), settings)
    return {each["what"]: each for each in findings}


def assert_tells_no_secret(text: str, settings: dict[str, str]) -> None:
    for secret in (KEY, *(url.split("@")[0] for url in settings.values() if "@" in url)):
        assert secret not in text


def hear_of_a_worker(database: TestDatabase) -> None:
    """A worker's two queues, as they register themselves."""
    for _ in range(2):
        database.rows("insert into procrastinate.procrastinate_workers default values")


def test_a_healthy_installation_has_nothing_to_do(
    crmhub: Crmhub, settings: dict[str, str], database: TestDatabase
) -> None:
    hear_of_a_worker(database)
    findings = told(crmhub, settings, 0)
    assert {each["verdict"] for each in findings.values()} == {"ok", "skipped"}
    assert {each for each, said in findings.items() if said["verdict"] == "skipped"} == {
        "HUBSPOT_CLIENT_ID",
        "CRMHUB_SIGNING_KEY",
        "CRMHUB_BASE_URL",
        "CRMHUB_INTERNAL_TOKEN",
    }
    assert findings["PostgreSQL"]["said"].startswith("version 1")
    assert findings["migrations"]["said"] == "all are in"
    assert "may do what it must" in findings["role of CRMHUB_LOADER_DATABASE_URL"]["said"]
    assert "clock of HubSpot" in findings
    assert "clock of the database" in findings
    assert findings["workers"]["said"] == "1 were heard of in the last 30 s"
    assert findings["meltano"]["said"].startswith("version 4.")
    assert findings["tap-hubspot-crm"]["said"].startswith("version ")
    table = crmhub("doctor", **settings)
    assert table.returncode == 0
    assert "migrations" in table.stdout


def test_a_fleet_that_nobody_works_off_is_found(
    settings: dict[str, str], database: TestDatabase
) -> None:
    database.add_connection()
    database.rows("update crmhub.source_connections set next_sync_at = now() - interval '1 hour'")
    findings = found(settings, is_well=True)
    assert "`crmhub worker`" in findings["workers"]["remedy"]
    assert findings["overdue connections"]["said"].startswith("1 ")


def test_every_setting_that_is_missing_is_found_at_once(crmhub: Crmhub) -> None:
    findings = told(crmhub, {"HUBSPOT_API_URL": "http://127.0.0.1:1"}, 1)
    assert findings["PII_HASH_SALT"]["verdict"] == "failed"
    assert findings["SECRETS_ENCRYPTION_KEY"]["remedy"].startswith("it must be 32 random bytes")
    assert findings["database logins"]["verdict"] == "skipped"
    assert findings["HubSpot"]["verdict"] == "failed"
    assert "HUBSPOT_API_URL" in findings["HubSpot"]["remedy"]


def test_tokens_are_counted_by_their_keys(
    crmhub: Crmhub, database: TestDatabase, settings: dict[str, str]
) -> None:
    old = Keyring([OTHER_KEY])
    with psycopg.connect(database.url_as("crmhub_orchestrator")) as connection:
        for ring in (old, old, read_keyring(KEY)):
            org_id, connection_id = database.add_connection()
            place = SecretPlace(org_id=org_id, connection_id=connection_id, name=ACCESS_TOKEN)
            keep_secret(connection, ring, place, Secret("made-up"))
    other = f"key {old.primary_key_id}"
    lost = found(settings, is_well=False)
    assert lost[other]["said"].startswith("2 tokens cannot be opened")
    both = f"{KEY},{base64.b64encode(OTHER_KEY).decode()}"
    changing = found(settings | {"SECRETS_ENCRYPTION_KEY": both}, is_well=True)
    assert changing[other]["verdict"] == "warning"
    assert "crmhub keys rotate" in changing[other]["remedy"]
    crmhub("keys", "rotate", **settings | {"SECRETS_ENCRYPTION_KEY": both})
    changed = found(settings | {"SECRETS_ENCRYPTION_KEY": both}, is_well=True)
    assert changed[other]["said"].startswith("no tokens: it may be taken out")
    assert changed[f"key {read_keyring(KEY).primary_key_id}"]["said"].startswith("3 tokens")


def test_logins_that_may_do_too_much_are_named(
    database: TestDatabase, settings: dict[str, str]
) -> None:
    findings = found(
        settings
        | {
            "CRMHUB_LOADER_DATABASE_URL": database.url,
            "CRMHUB_READER_DATABASE_URL": database.url_as("crmhub_loader"),
        },
        is_well=False,
    )
    loader = findings["role of CRMHUB_LOADER_DATABASE_URL"]
    assert "is a superuser" in loader["said"]
    assert "crmhub roles" in loader["remedy"]
    assert "no member of crmhub_reader" in findings["role of CRMHUB_READER_DATABASE_URL"]["said"]


def test_a_program_that_says_nothing_spoils_no_other_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crmhub.doctor.engine_checks._PATIENCE_SECONDS", 0.01)
    found = list(check_meltano({}))
    assert {(each.verdict, each.said) for each in found} == {("failed", "does not start")}


def test_a_missing_migration_is_found(database: TestDatabase, settings: dict[str, str]) -> None:
    database.rows("delete from crmhub.schema_migrations where version >= '0006'")
    finding = found(settings, is_well=False)["migrations"]
    assert "from 0006 on" in finding["said"]
    assert "crmhub migrate" in finding["remedy"]


def test_a_database_that_is_away_spoils_no_other_check(settings: dict[str, str]) -> None:
    away = "postgresql://u:p@127.0.0.1:1/crm"
    findings = found(settings | {"DATABASE_URL": away}, is_well=False)
    assert findings["database"]["verdict"] == "failed"
    assert "PostgreSQL does not answer" in findings["database"]["remedy"]
    assert findings["HubSpot"]["verdict"] == "ok"


@pytest.mark.parametrize(
    ("seconds", "verdict"), [(0, "ok"), (4, "ok"), (-4, "ok"), (30, "warning"), (-30, "warning")]
)
def test_a_clock_that_goes_wrong_is_warned_of(seconds: int, verdict: str) -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    finding = clock_finding("clock", now + timedelta(seconds=seconds), before=now, after=now)
    assert finding.verdict == verdict
    assert bool(finding.remedy) == (verdict == "warning")
