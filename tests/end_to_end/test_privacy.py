"""A canary through `meltano run`: marked people in HubSpot, and nothing of them anywhere else."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from target.own_server import OwnServer, own_server

from crmhub.connections import reset_connection
from crmhub.database import connect
from crmhub.demo.portals import PortalPlan, change
from crmhub.demo.stage import Stage, set_stage
from crmhub.embedded_postgres.binaries import find_binaries
from crmhub.sync.meltano_log import MeltanoLog
from hubspot_sandbox.properties import PropertyDefinition
from hubspot_sandbox.server import running_sandbox
from hubspot_sandbox.words import NAME_MARK, OWNER_MARK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crmhub.sync.launching import WarmLauncher
    from crmhub.sync.meltano_run import RunOutcome

MARK = "zzmarkson"
DIGITS = "30998877665"
SENTENCE = f"Ask Ann.{MARK}@example.com or +49 {DIGITS}"
#: Every statement with its parameters, whatever fails, and more.
LOUD = {
    "log_statement": "all",
    "log_min_messages": "debug1",
    "log_min_error_statement": "debug5",
    "log_parameter_max_length": "-1",
    "log_parameter_max_length_on_error": "-1",
    "log_error_verbosity": "verbose",
}
PLAN = PortalPlan(name="Alder", contacts=60, deals=20, seed=4)


class Watched:
    """A stage whose server tells everything, and what Meltano and the plugins say."""

    def __init__(self, stage: Stage, server: OwnServer) -> None:
        self.stage = stage
        self.server = server
        self.said: list[str] = []

    def sync(self) -> RunOutcome:
        return self.stage.sync(self.stage.organisations[0])

    def assert_nothing_personal_is_anywhere(self, folder: Path) -> None:
        dump = subprocess.run(
            [find_binaries().program("pg_dump"), f"--dbname={self.server.url}"],
            capture_output=True,
            check=True,
        ).stdout
        assert b"[redacted]" in dump
        assert list(folder.iterdir()) == []
        assert len(self.said) > 10
        places = {
            "dump": dump,
            "Meltano": "\n".join(self.said).encode(),
            "server's log": self.server.log.read_bytes(),
        }
        self.server.database.rows("checkpoint")
        for path in self.server.directory.rglob("*"):
            if path.is_file():
                places[str(path)] = path.read_bytes()
        for place, text in places.items():
            folded = text.lower()
            for mark in (MARK, DIGITS, NAME_MARK, OWNER_MARK):
                found = folded.find(mark.lower().encode())
                assert found < 0, f"{place}: {folded[max(0, found - 200) : found + 50]!r}"


@pytest.fixture(scope="module")
def server() -> Iterator[OwnServer]:
    with own_server(**LOUD) as server:
        yield server


@pytest.fixture
def watched(
    server: OwnServer, launcher: WarmLauncher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Watched]:
    with running_sandbox() as sandbox:
        stage = set_stage(
            sandbox,
            admin_url=server.url,
            logins=server.database.logins,
            plans=[PLAN],
            launcher=launcher,
        )
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        watched = Watched(stage, server)
        read = MeltanoLog.read

        def overheard(log: MeltanoLog, line: str) -> str:
            watched.said.append(line)
            return read(log, line)

        # The lines as Meltano writes them, before anything is taken out.
        monkeypatch.setattr(MeltanoLog, "read", overheard)
        yield watched


def test_nothing_of_marked_people_is_kept_or_told(watched: Watched, tmp_path: Path) -> None:
    portal = watched.stage.organisations[0].portal
    portal.add_property(
        "contacts", PropertyDefinition(name="note", label=MARK, group="contactinformation")
    )
    text = {
        definition.name: SENTENCE
        for definition in portal.properties["contacts"].values()
        if definition.type == "string" and not definition.read_only and not definition.calculated
    }
    portal.create("contacts", {**text, "email": f"Ann.{MARK}@example.com"})
    portal.create("deals", {"dealname": SENTENCE, "description": SENTENCE, "amount": "5"})
    first = watched.sync()
    assert first.failure is None, watched.said[-20:]
    change(portal)
    second = watched.sync()
    assert second.failure is None, watched.said[-20:]
    watched.assert_nothing_personal_is_anywhere(tmp_path)


def test_nothing_of_marked_people_is_told_when_a_run_fails(
    watched: Watched, tmp_path: Path
) -> None:
    organisation = watched.stage.organisations[0]
    assert watched.sync().failure is None
    for deal in organisation.portal.stores["deals"].ids():
        organisation.portal.edit("deals", deal, {"dealname": SENTENCE, "description": SENTENCE})
    watched.server.database.rows(
        "alter table crmhub.crm_deals add constraint refused check (length(name) < 3) not valid"
    )
    with connect(watched.stage.urls.orchestrator) as database:
        reset_connection(database, organisation.connection_id)
    failed = watched.sync().failure
    watched.server.database.rows("alter table crmhub.crm_deals drop constraint refused")
    assert failed is not None
    assert failed.error_class == "database"
    watched.assert_nothing_personal_is_anywhere(tmp_path)
