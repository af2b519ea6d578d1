"""`crmhub doctor --connection` shows what HubSpot does for one connection."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import psycopg
import pytest
from orchestrator.terminal import KEY, settings_of

from crmhub.doctor.checks import CHECKS, checks_for
from crmhub.doctor.findings import examine
from crmhub.vault.keyring import SecretPlace, read_keyring
from crmhub.vault.secret import Secret
from crmhub.vault.store import ACCESS_TOKEN, keep_secret
from hubspot_sandbox.dialect import Dialect
from hubspot_sandbox.server import running_sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from databases import TestDatabase
    from orchestrator.terminal import Crmhub

    from crmhub.doctor.findings import Finding
    from hubspot_sandbox.sandbox import SandboxPortal
    from hubspot_sandbox.server import RunningSandbox


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox() as served:
        yield served


@pytest.fixture
def portal(sandbox: RunningSandbox) -> SandboxPortal:
    return sandbox.sandbox.add_portal(contacts=30, deals=10)


@pytest.fixture
def settings(database: TestDatabase, sandbox: RunningSandbox) -> dict[str, str]:
    return settings_of(database) | {"HUBSPOT_API_URL": sandbox.url}


def connected(database: TestDatabase, token: str) -> UUID:
    """A connection with this token."""
    org_id, connection_id = database.add_connection()
    place = SecretPlace(org_id=org_id, connection_id=connection_id, name=ACCESS_TOKEN)
    with psycopg.connect(database.url_as("crmhub_orchestrator")) as connection:
        keep_secret(connection, read_keyring(KEY), place, Secret(token))
    return connection_id


def findings_of(connection_id: UUID, settings: dict[str, str]) -> dict[str, Finding]:
    """What → finding, of the checks that a named connection adds."""
    added = {name: each for name, each in checks_for(connection_id).items() if name not in CHECKS}
    return {each.what: each for each in examine(added, settings)}


def test_the_checks_of_a_connection_follow_those_of_the_installation(
    crmhub: Crmhub, database: TestDatabase, settings: dict[str, str], portal: SandboxPortal
) -> None:
    connection_id = str(connected(database, portal.access_token))
    done = crmhub("doctor", "--connection", connection_id, "--json", **settings)
    assert done.returncode == 0, done.stdout + done.stderr
    assert portal.access_token not in done.stdout + done.stderr
    findings = {each["what"]: each for each in json.loads(done.stdout)}
    assert findings["migrations"]["verdict"] == "ok"
    assert str(portal.portal_id) in findings["HubSpot: account"]["said"]
    assert findings["HubSpot: search total"]["said"] == "30 found, 30 counted"
    assert findings["HubSpot: merged id"]["verdict"] == "skipped"
    table = crmhub("doctor", "--connection", connection_id, **settings)
    assert table.returncode == 0
    assert "HubSpot: list cursor" in table.stdout


def test_what_the_tap_copes_with_is_shown_and_fails_nothing(
    database: TestDatabase,
    settings: dict[str, str],
    sandbox: RunningSandbox,
    portal: SandboxPortal,
) -> None:
    sandbox.sandbox.dialect = Dialect(search_total="low", list_cursor="refused")
    findings = findings_of(connected(database, portal.access_token), settings)
    assert "failed" not in {each.verdict for each in findings.values()}
    assert findings["HubSpot: search total"].said.startswith("handled: 30 found, 15 counted")
    assert findings["HubSpot: list cursor"].said.startswith("handled: ")


def test_a_scope_that_is_missing_fails_with_what_to_do(
    crmhub: Crmhub,
    database: TestDatabase,
    settings: dict[str, str],
    sandbox: RunningSandbox,
    portal: SandboxPortal,
) -> None:
    token = sandbox.sandbox.tokens.add_static(
        None, portal_id=portal.portal_id, scopes=("crm.objects.contacts.read",)
    )
    connection_id = connected(database, token)
    findings = findings_of(connection_id, settings)
    assert findings["HubSpot: owners"].verdict == "failed"
    assert "crm.objects.owners.read" in findings["HubSpot: owners"].said
    assert findings["HubSpot: owners"].remedy.startswith("Grant the scope")
    assert findings["HubSpot: search total"].verdict == "ok"
    done = crmhub("doctor", "--connection", str(connection_id), "--json", **settings)
    assert done.returncode == 1
    assert token not in done.stdout + done.stderr


def test_a_token_that_hubspot_refuses_is_one_failed_check(
    database: TestDatabase, settings: dict[str, str]
) -> None:
    connection_id = connected(database, "made-up-token-of-a-test")
    [finding] = findings_of(connection_id, settings).values()
    assert (finding.what, finding.verdict) == (f"connection {connection_id}", "failed")
    assert finding.said.startswith("access_denied: ")
    assert "made-up-token" not in str(finding)


def test_a_connection_without_a_token_says_so(
    database: TestDatabase, settings: dict[str, str]
) -> None:
    _, connection_id = database.add_connection()
    [finding] = findings_of(connection_id, settings).values()
    assert finding.verdict == "failed"
    assert "no token is stored" in finding.said


def test_an_unknown_connection_says_where_the_known_ones_are(settings: dict[str, str]) -> None:
    [finding] = findings_of(uuid.uuid4(), settings).values()
    assert finding.verdict == "failed"
    assert "`crmhub connections list`" in finding.remedy
