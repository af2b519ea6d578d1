"""Apply the migrations in `sql/migrations`, each once, in order.

The files are in dbmate's format (`-- migrate:up`), forward only. Several runners may start
at once: a lock lets one work and the others find nothing left to do.
"""

from __future__ import annotations

import hashlib
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, LiteralString

import psycopg

from crmhub.database import connect
from crmhub.engine.schema import apply_engine_schema
from crmhub.errors import DatabaseNotPreparedError, MigrationRefusedError
from crmhub.project_files import migrations_directory
from crmhub.queries import read_queries

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: The oldest server the migrations run on: `security_invoker`, `nulls not distinct`.
MINIMUM_SERVER_VERSION = 150000
#: The advisory lock of migration runners: "crmhub" in ASCII.
LOCK_KEY = int.from_bytes(b"crmhub")
#: Between two tries for the lock, seconds. Polled: a waiting `pg_advisory_lock` holds a
#: snapshot and deadlocks with `create index concurrently`.
LOCK_POLL_SECONDS = 0.05
#: How long to wait for another runner, seconds.
LOCK_WAIT_SECONDS = 600.0

_FILE_NAME = re.compile(r"^(\d{4})_([a-z0-9_]+)\.sql$")
_UP = re.compile(r"^--\s*migrate:up[^\n]*\n", re.MULTILINE)
_DOWN = re.compile(r"^--\s*migrate:down.*", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Migration:
    """One file of `sql/migrations`."""

    #: The number in front of the name, as "0001".
    version: str
    name: str
    #: What is executed: the text after `-- migrate:up`.
    statements: LiteralString
    #: Hex SHA-256 of the whole file.
    sha256: str


def read_migrations(directory: Path | None = None) -> list[Migration]:
    """The migrations in order.

    Raises MigrationRefusedError for a name that does not fit or a number used twice.
    """
    migrations: list[Migration] = []
    for path in sorted((directory or migrations_directory()).glob("*.sql")):
        named = _FILE_NAME.match(path.name)
        text = path.read_text(encoding="utf-8")
        if not named or not _UP.search(text):
            raise MigrationRefusedError(
                f"{path.name}: a migration is called NNNN_name.sql and begins with "
                "`-- migrate:up`: rename or complete it"
            )
        if migrations and migrations[-1].version == named[1]:
            raise MigrationRefusedError(f"{path.name}: the number is taken: give it the next one")
        up = _DOWN.sub("", _UP.split(text, maxsplit=1)[1])
        migrations.append(
            Migration(
                version=named[1],
                name=named[2],
                statements=up,
                sha256=hashlib.sha256(text.encode()).hexdigest(),
            )
        )
    return migrations


def migrate(
    url: str,
    *,
    directory: Path | None = None,
    on_applied: Callable[[Migration], None] = lambda _migration: None,
) -> list[Migration]:
    """Bring the database of `url` to the newest migration; returns what was applied now.

    Each file runs in one transaction together with its record, so a broken or killed run
    leaves whole migrations only. Raises MigrationRefusedError when an applied file was
    edited or removed, or a statement fails, and DatabaseNotPreparedError when the server is
    too old.
    """
    migrations = read_migrations(directory)
    queries = read_queries(Path(__file__).with_name("migrate.sql"))
    with connect(url) as connection:
        if connection.info.server_version < MINIMUM_SERVER_VERSION:
            raise DatabaseNotPreparedError(
                f"PostgreSQL {connection.info.server_version // 10000} is too old: "
                "use version 15 or later"
            )
        _wait_for_lock(connection, queries)
        try:
            connection.execute(queries["prepare_record"])
        except psycopg.errors.InsufficientPrivilege as error:
            raise _refused_for_lack_of_rights("the record of migrations", error) from None
        applied: dict[str, str | None] = dict(connection.execute(queries["applied"]).fetchall())
        _refuse_changed_history(migrations, applied)
        missing = [each for each in migrations if each.version not in applied]
        for migration in missing:
            _apply(connection, migration, queries)
            on_applied(migration)
        try:
            apply_engine_schema(connection)
        except psycopg.errors.InsufficientPrivilege as error:
            raise _refused_for_lack_of_rights("the queue's schema", error) from None
    return missing


def pending_migrations(url: str, *, setting: str = "DATABASE_URL") -> list[str]:
    """Versions that the database of `url` lacks; raises as `connect` does."""
    queries = read_queries(Path(__file__).with_name("migrate.sql"))
    with connect(url, setting=setting) as connection:
        applied = dict(connection.execute(queries["applied"]).fetchall())
    return [each.version for each in read_migrations() if each.version not in applied]


def refuse_missing_migrations(url: str) -> None:
    """Raise DatabaseNotPreparedError where the database lacks a migration of this program.

    To be asked before work begins. A database that is newer is welcome: what a migration adds does
    not disturb a program that does not know it (sql/CONVENTIONS.md).
    """
    if missing := pending_migrations(url):
        raise DatabaseNotPreparedError(
            f"the database lacks {len(missing)} of this program's migrations, "
            f"the first is {missing[0]}: run `crmhub migrate` as its administrator"
        )


def _wait_for_lock(connection: psycopg.Connection, queries: dict[str, LiteralString]) -> None:
    deadline = time.monotonic() + LOCK_WAIT_SECONDS
    while True:
        row = connection.execute(queries["try_lock"], {"key": LOCK_KEY}).fetchone()
        if row is not None and row[0]:
            return
        if time.monotonic() > deadline:
            raise MigrationRefusedError(
                "another `crmhub migrate` has held the lock for ten minutes: "
                "wait for its end, or end that session in pg_stat_activity"
            )
        time.sleep(LOCK_POLL_SECONDS)


def _refuse_changed_history(
    migrations: Sequence[Migration], applied: dict[str, str | None]
) -> None:
    files = {each.version: each for each in migrations}
    for version, recorded in applied.items():
        if version not in files:
            raise MigrationRefusedError(
                f"the database has migration {version}, which has no file: "
                "this program is older than the database, install the newer one"
            )
        # dbmate records no hash: what it applied cannot be compared.
        if recorded is not None and recorded != files[version].sha256:
            raise MigrationRefusedError(
                f"{version}_{files[version].name}.sql was edited after it was applied: "
                "restore it, and put the change into a new migration"
            )


def _apply(
    connection: psycopg.Connection, migration: Migration, queries: dict[str, LiteralString]
) -> None:
    try:
        with connection.transaction():
            # The record comes first: a runner without our lock fails before it changes anything.
            connection.execute(
                queries["record"],
                {
                    "version": migration.version,
                    "name": migration.name,
                    "sha256": migration.sha256,
                },
            )
            connection.execute(migration.statements)
    except psycopg.errors.InsufficientPrivilege as error:
        name = f"migration {migration.version}_{migration.name}"
        raise _refused_for_lack_of_rights(name, error) from None
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        raise MigrationRefusedError(
            f"migration {migration.version}_{migration.name} failed: {error.diag.message_primary}; "
            "nothing of it was kept"
        ) from None


def _refused_for_lack_of_rights(
    what: str, error: psycopg.errors.InsufficientPrivilege
) -> DatabaseNotPreparedError:
    return DatabaseNotPreparedError(
        f"{what} was refused ({error.diag.message_primary}): migrate as a superuser, "
        "or as a role with CREATEROLE that owns the database"
    )
