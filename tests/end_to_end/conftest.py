"""Two organisations with their portals in a sandbox, on a database of the test's own."""

from __future__ import annotations

import contextlib
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from crmhub.database import connect
from crmhub.demo.portals import PortalPlan
from crmhub.demo.stage import Organisation, Stage, set_stage
from crmhub.embedded_postgres.binaries import find_binaries
from crmhub.sync.launching import WarmLauncher
from crmhub.vault.keyring import SecretPlace, read_keyring
from crmhub.vault.store import ACCESS_TOKEN, forget_secrets, keep_secret
from hubspot_sandbox.server import RunningSandbox, running_sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from uuid import UUID

    from databases import TestDatabase

    from crmhub.sync.launching import Launcher
    from crmhub.vault.secret import Secret

PLANS = (
    PortalPlan(name="Alder", contacts=150, deals=40, seed=11),
    PortalPlan(name="Birch", contacts=60, deals=25, seed=12),
)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Everything one end-to-end test acts on."""

    stage: Stage
    database: TestDatabase
    sandbox: RunningSandbox

    @property
    def alder(self) -> Organisation:
        return self.stage.organisations[0]

    @property
    def birch(self) -> Organisation:
        return self.stage.organisations[1]

    def give_token(
        self, organisation: Organisation, secret: Secret, name: str = ACCESS_TOKEN
    ) -> None:
        """Store a token of the organisation, instead of all it has."""
        keyring = read_keyring(self.stage.encryption_key)
        place = SecretPlace(
            org_id=organisation.org_id, connection_id=organisation.connection_id, name=name
        )
        with connect(self.stage.urls.orchestrator) as database:
            forget_secrets(database, organisation.connection_id)
            keep_secret(database, keyring, place, secret)

    def ids(self, table: str, org_id: UUID, column: str = "external_id") -> list[str]:
        """The ids of live rows in a table, in text order."""
        rows = self.database.rows(
            f"select {column} as id from crmhub.{table} where org_id = %s and not archived "  # noqa: S608 - names of our own
            "order by 1",
            [org_id],
        )
        return [row["id"] for row in rows]

    def dump(self) -> str:
        """The whole database as `pg_dump` writes it."""
        return subprocess.run(
            [find_binaries().program("pg_dump"), f"--dbname={self.database.url}"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout


@pytest.fixture(scope="session")
def launcher() -> Iterator[WarmLauncher]:
    """Meltano, loaded once for all runs of this process's tests."""
    with contextlib.closing(WarmLauncher()) as warm:
        yield warm


@contextlib.contextmanager
def new_scene(
    database: TestDatabase, launcher: Launcher, plans: Sequence[PortalPlan] = PLANS
) -> Iterator[Scene]:
    """A scene on the database until the block ends."""
    with running_sandbox() as sandbox:
        stage = set_stage(
            sandbox,
            admin_url=database.url,
            logins=database.logins,
            plans=plans,
            launcher=launcher,
        )
        yield Scene(stage=stage, database=database, sandbox=sandbox)


@pytest.fixture
def scene(database: TestDatabase, launcher: WarmLauncher) -> Iterator[Scene]:
    with new_scene(database, launcher) as scene:
        yield scene
