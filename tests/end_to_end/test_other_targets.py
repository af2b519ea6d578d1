"""The tap in somebody else's pipeline: its output, unchanged, into targets that know us not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from hubspot_sandbox.server import running_sandbox

if TYPE_CHECKING:
    from databases import TestDatabase

    from hubspot_sandbox.sandbox import SandboxPortal

#: Environments of the peers, kept between test runs.
PEERS = Path(__file__).parents[2] / ".cache" / "peers"


def peer(requirement: str, program: str) -> Path:
    """The program, in an environment of its own; skips where it cannot be installed."""
    environment = PEERS / requirement.replace("==", "-")
    if not (environment / "bin" / program).exists():
        PEERS.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=PEERS))
        uv = (sys.executable, "-m", "uv")
        commands: tuple[tuple[str | Path, ...], ...] = (
            # Relocatable: another worker may be making the same one, the first to finish counts.
            (*uv, "venv", "--quiet", "--relocatable", "--python", sys.executable, "--clear", made),
            (*uv, "pip", "install", "--quiet", "--python", made / "bin" / "python", requirement),
        )
        for command in commands:
            done = subprocess.run(
                command,
                env=dict(os.environ) | {"TMPDIR": str(PEERS)},
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode != 0:
                shutil.rmtree(made)
                pytest.skip(f"{requirement} cannot be installed here: {done.stderr.strip()[-300:]}")
        try:
            made.rename(environment)
        except OSError:
            shutil.rmtree(made)
            assert (environment / "bin" / program).exists()
    return environment / "bin" / program


@dataclass(frozen=True, kw_only=True)
class Extract:
    """A portal, and what the tap prints of it with a user's settings."""

    portal: SandboxPortal
    lines: bytes


@pytest.fixture(scope="module")
def extract(python_environment: dict[str, str]) -> Extract:
    with running_sandbox() as sandbox:
        portal = sandbox.sandbox.add_portal(contacts=120, deals=30, seed=21)
        done = subprocess.run(
            ["tap-hubspot-crm", "--config=ENV"],
            env=python_environment
            | {
                "TAP_HUBSPOT_CRM_ACCESS_TOKEN": portal.access_token,
                "TAP_HUBSPOT_CRM_API_URL": sandbox.url,
            },
            capture_output=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr.decode()
    return Extract(portal=portal, lines=done.stdout)


def live(portal: SandboxPortal, stream: str) -> dict[str, Any]:
    told = portal.truth(stream)["live"]  # type: ignore[arg-type]  # any of the streams
    assert isinstance(told, dict)
    return told


@pytest.mark.long
def test_target_jsonl_takes_every_stream(extract: Extract, tmp_path: Path) -> None:
    program = peer("target-jsonl==0.1.4", "target-jsonl")
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"destination_path": str(tmp_path), "do_timestamp_file": False}))
    done = subprocess.run(
        [program, "--config", config], input=extract.lines, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    for stream in ("contacts", "deals", "deal_contacts", "pipelines", "owners"):
        records = [
            json.loads(line) for line in (tmp_path / f"{stream}.jsonl").read_text().splitlines()
        ]
        key = "deal_id" if stream == "deal_contacts" else "id"
        assert {record[key] for record in records} == set(live(extract.portal, stream))


@pytest.mark.long
def test_meltanolabs_target_postgres_takes_every_stream(
    extract: Extract, empty_database: TestDatabase, tmp_path: Path
) -> None:
    program = peer("meltanolabs-target-postgres==0.8.1", "target-postgres")
    address = urlsplit(empty_database.url)
    config = tmp_path / "config.json"
    config.write_text(
        json.dumps(
            {
                "host": address.hostname,
                "port": address.port,
                "user": address.username,
                "password": address.password,
                "database": address.path.lstrip("/"),
                "default_target_schema": "peer",
            }
        )
    )
    done = subprocess.run(
        [program, "--config", config],
        input=extract.lines,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    contacts = empty_database.rows("select id, email from peer.contacts")
    assert {row["id"]: row["email"] for row in contacts} == {
        record_id: record["properties"].get("email") or None
        for record_id, record in live(extract.portal, "contacts").items()
    }
    deals = empty_database.rows("select id from peer.deals")
    assert {row["id"] for row in deals} == set(live(extract.portal, "deals"))
    links = empty_database.rows("select deal_id from peer.deal_contacts")
    assert {row["deal_id"] for row in links} == set(live(extract.portal, "deals"))
