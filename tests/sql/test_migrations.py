"""Migrations: each once, whole or not at all, by whoever comes first."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg
import pytest
from sql.schema_dump import SCHEMA_FILE, dump_migrated_schema

from crmhub.database import connect
from crmhub.errors import DatabaseNotPreparedError, MigrationRefusedError
from crmhub.migrate import migrate, pending_migrations, read_migrations
from crmhub.project_files import migrations_directory

if TYPE_CHECKING:
    from pathlib import Path

    from databases import TestDatabase


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    """A copy of the migrations that a test may spoil."""
    return shutil.copytree(migrations_directory(), tmp_path / "migrations")


def recorded(database: TestDatabase) -> list[str]:
    rows = database.rows("select version from crmhub.schema_migrations order by version")
    return [row["version"] for row in rows]


def test_the_second_time_there_is_nothing_to_do(empty_database: TestDatabase) -> None:
    first = migrate(empty_database.url)
    assert [each.version for each in first] == recorded(empty_database)
    assert migrate(empty_database.url) == []
    assert pending_migrations(empty_database.url) == []


def test_of_four_runners_at_once_one_does_the_work(empty_database: TestDatabase) -> None:
    with ThreadPoolExecutor(4) as pool:
        applied = list(pool.map(lambda _: migrate(empty_database.url), range(4)))
    assert sorted(len(each) for each in applied) == [0, 0, 0, len(read_migrations())]


def test_the_schema_file_is_what_the_migrations_make() -> None:
    assert SCHEMA_FILE.read_text() == dump_migrated_schema(), "run `make schema` and commit it"


def test_an_edited_migration_is_refused(database: TestDatabase, migrations: Path) -> None:
    edited = next(migrations.glob("0002_*.sql"))
    edited.write_text(edited.read_text() + "-- an afterthought\n")
    with pytest.raises(MigrationRefusedError, match="was edited after it was applied: restore it"):
        migrate(database.url, directory=migrations)


def test_a_database_newer_than_the_program_is_refused(
    database: TestDatabase, migrations: Path
) -> None:
    max(migrations.glob("*.sql")).unlink()
    with pytest.raises(MigrationRefusedError, match="older than the database"):
        migrate(database.url, directory=migrations)


def test_a_failing_migration_leaves_nothing_and_is_named(
    database: TestDatabase, migrations: Path
) -> None:
    before = recorded(database)
    (migrations / "9000_broken.sql").write_text(
        "-- migrate:up\ncreate table crmhub.half (id int);\nselect 1 / 0;\n"
    )
    with pytest.raises(MigrationRefusedError, match="9000_broken failed: division by zero"):
        migrate(database.url, directory=migrations)
    assert recorded(database) == before
    assert database.rows("select to_regclass('crmhub.half') as half") == [{"half": None}]


def test_only_the_part_above_migrate_down_is_applied(
    database: TestDatabase, migrations: Path
) -> None:
    (migrations / "9000_both_ways.sql").write_text(
        "-- migrate:up\ncreate table crmhub.added (id int);\n"
        "-- migrate:down\ndrop table crmhub.added;\n"
    )
    migrate(database.url, directory=migrations)
    assert database.rows("select to_regclass('crmhub.added')::text as name") == [
        {"name": "crmhub.added"}
    ]


@pytest.mark.parametrize("name", ["1_short.sql", "0007-dash.sql"])
def test_a_misnamed_migration_is_refused(migrations: Path, name: str) -> None:
    (migrations / name).write_text("-- migrate:up\nselect 1;\n")
    with pytest.raises(MigrationRefusedError, match=r"is called NNNN_name.sql"):
        read_migrations(migrations)


def test_a_number_used_twice_is_refused(migrations: Path) -> None:
    (migrations / "0001_again.sql").write_text("-- migrate:up\nselect 1;\n")
    with pytest.raises(MigrationRefusedError, match="the number is taken"):
        read_migrations(migrations)


def test_a_role_that_may_not_migrate_is_told_what_is_needed(empty_database: TestDatabase) -> None:
    with pytest.raises(DatabaseNotPreparedError, match="migrate as a superuser"):
        migrate(empty_database.url_as("crmhub_reader"))


def test_a_database_without_migrations_is_told_apart(empty_database: TestDatabase) -> None:
    with pytest.raises(DatabaseNotPreparedError, match="run `crmhub migrate`"):
        pending_migrations(empty_database.url)


def test_a_migrator_without_superuser_rights_can_migrate(empty_database: TestDatabase) -> None:
    """A hosted PostgreSQL gives its customers CREATEROLE and a database, no superuser."""
    admin = f"admin_{empty_database.url.rpartition('_')[2]}"
    name = empty_database.url.rpartition("/")[2]
    with psycopg.connect(empty_database.url, autocommit=True) as connection:
        connection.execute(f"create role {admin} login createrole password 'made-up'")
        connection.execute(f"alter database {name} owner to {admin}")
        # As if it had made them: the roles belong to the server, other tests made them already.
        connection.execute(f"grant crmhub_owner to {admin} with admin option")
    try:
        host = empty_database.url.rpartition("@")[2]
        url = f"postgresql://{admin}:made-up@{host}"
        assert len(migrate(url)) == len(read_migrations())
        with connect(url) as connection:
            owner = connection.execute(
                "select nspowner::regrole::text from pg_namespace where nspname = 'crmhub'"
            ).fetchone()
        assert owner == ("crmhub_owner",)
    finally:
        with psycopg.connect(empty_database.url, autocommit=True) as connection:
            connection.execute(f"alter database {name} owner to postgres")
            connection.execute(f"reassign owned by {admin} to postgres")
            connection.execute(f"drop owned by {admin}")
            connection.execute(f"drop role {admin}")
