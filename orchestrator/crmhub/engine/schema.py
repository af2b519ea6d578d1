"""The queue's own tables: made and brought up to date from the files of the installed library.

procrastinate publishes one file with everything, for a new database, and small files that lead
from release to release (procrastinate documentation, "Migrate the Procrastinate schema").
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from procrastinate.schema import SchemaManager

from crmhub.errors import MigrationRefusedError
from crmhub.queries import read_queries

if TYPE_CHECKING:
    from collections.abc import Iterable

_QUERIES = read_queries(Path(__file__).with_name("schema.sql"))


def apply_engine_schema(database: psycopg.Connection) -> list[str]:
    """Make the queue's tables, or apply what a newer release adds; returns the files applied now.

    Does nothing before the migration that makes their schema. Each file is one transaction
    together with its record. Raises MigrationRefusedError when one fails; nothing of that file is
    kept.
    """
    [(has_schema,)] = database.execute(_QUERIES["has_schema"]).fetchall()
    if not has_schema:
        return []
    with database.transaction():
        database.execute(_QUERIES["enter"])
        database.execute(_QUERIES["prepare_record"])
        [(has_tables,)] = database.execute(_QUERIES["has_tables"]).fetchall()
        if not has_tables:
            names = [path.name for path in _files()]
            database.execute(SchemaManager.get_schema())
            _record(database, names)
            return names
        applied = {name for (name,) in database.execute(_QUERIES["applied"])}
    missing = [path for path in _files() if path.name not in applied]
    for path in missing:
        try:
            with database.transaction():
                database.execute(_QUERIES["enter"])
                # Fixed text of the library, as trusted as its code.
                database.execute(path.read_text(encoding="utf-8"))
                _record(database, [path.name])
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            raise MigrationRefusedError(
                f"the queue's migration {path.name} failed: {error.diag.message_primary}; "
                "nothing of it was kept"
            ) from None
    return [path.name for path in missing]


def _files() -> list[Path]:
    return sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))


def _record(database: psycopg.Connection, names: Iterable[str]) -> None:
    for name in names:
        database.execute(_QUERIES["record"], {"name": name})
