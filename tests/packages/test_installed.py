"""Each member from its wheel, in an empty environment: there, and of use without the others."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packages.environments import Environment, interpreter
from target.loading import FIXTURES, SALT

from hubspot_sandbox.server import running_sandbox

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping

    from databases import TestDatabase

pytestmark = pytest.mark.long

#: The one that the tests run on.
PYTHON = Path(sys.executable)
OURS = {"crmhub", "tap-hubspot-crm", "target-crmhub-postgres"}


def said(done: subprocess.CompletedProcess[bytes]) -> str:
    """What a program printed that succeeded."""
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_the_tap_discovers_alone(wheels: Mapping[str, str], tmp_path: Path) -> None:
    environment = Environment.made(tmp_path, PYTHON, wheels["tap_hubspot_crm"])
    assert environment.installed() & OURS == {"tap-hubspot-crm"}
    about = json.loads(said(environment.run("tap-hubspot-crm", "--about", "--format=json")))
    assert about["name"] == "tap-hubspot-crm"
    with running_sandbox() as running:
        portal = running.sandbox.add_portal(contacts=3, deals=2)
        catalog = json.loads(
            said(
                environment.run(
                    "tap-hubspot-crm",
                    "--config=ENV",
                    "--discover",
                    TAP_HUBSPOT_CRM_ACCESS_TOKEN=portal.access_token,
                    TAP_HUBSPOT_CRM_API_URL=running.url,
                )
            )
        )
    streams = {stream["tap_stream_id"] for stream in catalog["streams"]}
    assert streams == {"contacts", "deals", "deal_contacts", "pipelines", "owners"}


def test_the_target_loads_alone(
    wheels: Mapping[str, str], tmp_path: Path, database: TestDatabase
) -> None:
    environment = Environment.made(tmp_path, PYTHON, wheels["target_crmhub_postgres"])
    assert environment.installed() & OURS == {"target-crmhub-postgres"}
    org_id, connection_id = database.add_connection(account_id="42")
    lines = (FIXTURES / "first_load.singer").read_bytes()
    done = environment.run(
        "target-crmhub-postgres",
        "--config=ENV",
        stdin=lines,
        TARGET_CRMHUB_POSTGRES_DATABASE_URL=database.url_as("crmhub_loader"),
        TARGET_CRMHUB_POSTGRES_ORG_ID=str(org_id),
        TARGET_CRMHUB_POSTGRES_CONNECTION_ID=str(connection_id),
        TARGET_CRMHUB_POSTGRES_PII_HASH_SALT=SALT,
    )
    assert json.loads(said(done).splitlines()[-1]) == json.loads(lines.splitlines()[-1])["value"]
    kept = database.rows("select external_id from crmhub.crm_contacts order by 1")
    assert [row["external_id"] for row in kept] == ["501", "502", "503"]


def test_crmhub_migrates_with_its_own_files(
    wheels: Mapping[str, str], tmp_path: Path, empty_database: TestDatabase
) -> None:
    environment = Environment.made(tmp_path, PYTHON, *wheels.values())
    brought = [path for path in environment.files("crmhub") if path.parent.name == "migrations"]
    said(environment.run("crmhub", "migrate", DATABASE_URL=empty_database.url))
    applied = empty_database.rows("select version from crmhub.schema_migrations")
    assert {row["version"] for row in applied} == {path.name[:4] for path in brought}


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_all_three_sync_on_this_python(
    wheels: Mapping[str, str], tmp_path: Path, version: str
) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"there is no Python {version} here")
    environment = Environment.made(tmp_path, python, *wheels.values())
    assert environment.installed() & OURS == OURS
    before = environment.files("crmhub")
    shown = said(environment.run("crmhub", "demo", "--once"))
    assert "One query, different readers" in shown
    # A run leaves nothing beside the code, which may be somebody else's to write.
    assert environment.files("crmhub") == before
