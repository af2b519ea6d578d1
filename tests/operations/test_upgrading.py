"""Programs of one release live with a schema that has expanded further than they know."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg
import pytest
from end_to_end.comparison import assert_equal_to_portal
from end_to_end.workers import running_worker, runs_of, wait_until, worker_environment
from operations.contracting import contractions, says_that_it_contracts
from orchestrator.claims import claimed
from orchestrator.terminal import said_in_one_line, settings_of

from crmhub.connections import add_connection, reset_connection
from crmhub.database import connect
from crmhub.engine.poll import enqueue_due
from crmhub.engine.queue import request_sync
from crmhub.errors import DatabaseNotPreparedError
from crmhub.migrate import (
    migrate,
    pending_migrations,
    read_migrations,
    refuse_missing_migrations,
)
from crmhub.project_files import migrations_directory
from crmhub.settings import required_web_urls
from crmhub.sync.runs import find_run, record_success
from crmhub.web.databases import Databases
from crmhub.web.health import _orchestrator_checks

if TYPE_CHECKING:
    from databases import TestDatabase
    from end_to_end.conftest import Scene
    from orchestrator.terminal import Crmhub
    from target.loading import Hub

EXPANSION: Final = Path(__file__).with_name("expansion") / "9001_what_a_later_release_adds.sql"


def expand(database: TestDatabase, folder: Path) -> None:
    """Migrate as a later release would, which brings one migration more."""
    shutil.copytree(migrations_directory(), folder / "migrations")
    shutil.copy(EXPANSION, folder / "migrations")
    applied = migrate(database.url, directory=folder / "migrations")
    assert [each.version for each in applied] == ["9001"]


@pytest.fixture
def expanded(database: TestDatabase, tmp_path: Path) -> TestDatabase:
    expand(database, tmp_path)
    return database


def test_the_loader_of_this_release_loads_into_an_expanded_schema(hub: Hub, tmp_path: Path) -> None:
    hub.load_file("first_load.singer")
    before = hub.keys("crm_contacts")
    expand(hub.database, tmp_path)
    token = hub.database.take_lease(hub.connection_id)
    hub.having(lease_token=str(token)).load_file("first_load.singer")
    assert hub.keys("crm_contacts") == before
    [row] = [each for each in hub.rows("crm_contacts") if each["external_id"] == "501"]
    assert (row["city_code"], row["score"]) == (None, 0)


def test_the_worker_of_this_release_claims_and_ends_runs_in_an_expanded_schema(
    expanded: TestDatabase,
) -> None:
    with psycopg.connect(expanded.url_as("crmhub_orchestrator"), autocommit=True) as orchestrator:
        added = add_connection(orchestrator, org_id=uuid.uuid4())
        claim = claimed(orchestrator, added.id)
        assert record_success(orchestrator, claim, records={"contacts": 1}, wait_seconds=0.0)
        assert find_run(orchestrator, claim.run.id).status == "succeeded"
        reset_connection(orchestrator, added.id)
        assert enqueue_due(orchestrator) is not None


def test_programs_of_this_release_are_ready_with_an_expanded_schema(
    expanded: TestDatabase,
) -> None:
    assert pending_migrations(expanded.url) == []
    refuse_missing_migrations(expanded.url_as("crmhub_orchestrator"))
    databases = Databases(required_web_urls(settings_of(expanded)), wait_seconds=10)
    databases.open()
    try:
        checks, _ = _orchestrator_checks(databases)
    finally:
        databases.close()
    assert set(checks.values()) == {"ok"}


def test_a_worker_that_is_newer_than_the_schema_does_not_begin(
    crmhub: Crmhub, database: TestDatabase
) -> None:
    newest = read_migrations()[-1].version
    database.rows("delete from crmhub.schema_migrations where version = %s", [newest])
    with pytest.raises(DatabaseNotPreparedError, match=f"the first is {newest}: run"):
        refuse_missing_migrations(database.url_as("crmhub_orchestrator"))
    said = said_in_one_line(crmhub("worker", **settings_of(database)), 1)
    assert "run `crmhub migrate`" in said


@pytest.mark.long
def test_a_worker_goes_on_while_the_schema_expands_under_it(scene: Scene, tmp_path: Path) -> None:
    """As in an upgrade: the old worker syncs before, and in full afterwards."""
    environment = worker_environment(scene.stage)
    with running_worker(environment, "--concurrency=2") as worker:
        wait_until(lambda: len(runs_of(scene, "succeeded")) == 2, "both connections have run")
        expand(scene.database, tmp_path)
        portal = scene.alder.portal
        portal.create("contacts", {"email": "later@example.com"})
        portal.archive("contacts", portal.stores["contacts"].ids()[0])
        with connect(scene.stage.urls.orchestrator) as database:
            reset_connection(database, scene.alder.connection_id)
            request_sync(database, scene.alder.connection_id, trigger="manual")
        wait_until(lambda: len(runs_of(scene, "succeeded")) >= 3, "the old worker has run again")
        assert worker.end() == 0
    assert runs_of(scene, "failed") == []
    # What the later release added is not for this one to fill.
    with psycopg.connect(scene.database.url) as database:
        database.execute("alter table crmhub.crm_contacts drop column city_code, drop column score")
        database.execute("alter table crmhub.crm_deals drop column forecast")
    for organisation in scene.stage.organisations:
        assert_equal_to_portal(scene, organisation)


@pytest.mark.parametrize(
    "path", sorted(migrations_directory().glob("*.sql")), ids=lambda path: path.stem
)
def test_a_migration_that_takes_something_away_says_so(path: Path) -> None:
    """See sql/CONVENTIONS.md, "Expand, then contract"."""
    text = path.read_text(encoding="utf-8")
    assert not contractions(text) or says_that_it_contracts(text), contractions(text)


def test_the_made_up_migration_only_expands() -> None:
    assert contractions(EXPANSION.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("drop table crmhub.t;", ["drops"]),
        ("alter table crmhub.t\n    drop column c;", ["drops"]),
        ("alter table crmhub.t rename to u;", ["renames"]),
        ("alter table crmhub.t rename column c to d;", ["renames"]),
        ("alter table crmhub.t alter column c type bigint;", ["changes a type"]),
        ("alter table crmhub.t alter column c set data type bigint;", ["changes a type"]),
        ("alter table crmhub.t alter column c set not null;", ["demands a value"]),
        ("revoke select on crmhub.t from crmhub_reader;", ["revokes"]),
        ("alter table crmhub.t add column c text not null;", ["adds c without a default"]),
        ("alter table crmhub.t add constraint k check (c > 0);", ["adds k"]),
        ("alter table crmhub.t drop constraint k;", ["drops k"]),
        ("revoke execute on function crmhub.f() from public;", []),
        ("alter table crmhub.t add column c text not null default '';", []),
        ("alter table crmhub.t add column c text;", []),
        ("-- drop table crmhub.t;\ncreate table crmhub.u (c text not null);", []),
        ("drop index crmhub.i;", []),
        (
            "alter table crmhub.t drop constraint k, add constraint k check (c >= 0);",
            [],
        ),
    ],
)
def test_what_contracts_is_told_from_what_expands(statement: str, found: list[str]) -> None:
    assert contractions(statement) == found


def test_a_contraction_is_said_with_its_reason() -> None:
    drop = "drop table crmhub.t;"
    assert says_that_it_contracts(f"-- contracts: crmhub.t, unused since 0.2\n{drop}")
    assert not says_that_it_contracts(f"-- contracts:\n{drop}")
