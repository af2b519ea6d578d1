"""What each role may do with each table: as CONVENTIONS.md says, and how to try it."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterator

    from databases import TestDatabase

CONVENTIONS = Path(__file__).parents[2] / "sql" / "CONVENTIONS.md"
ROLES = ("crmhub_loader", "crmhub_reader", "crmhub_orchestrator", "crmhub_state")
VERBS = ("select", "insert", "update", "delete")
#: Columns that a table's checks want filled in their own way.
FITTING = {"trigger": "manual", "provider": "hubspot", "name": "access_token", "role": "admin"}
#: Those of them that never tell rows apart.
ALWAYS_FITTING = {"trigger", "role"}
VALUES: dict[str, object] = {
    "text": "x",
    "boolean": True,
    "smallint": 1,
    "integer": 1,
    "bigint": 1,
    "bytea": b"x",
    "timestamp with time zone": "2026-01-01T00:00:00Z",
    "numeric": 1,
}


@dataclass(frozen=True, kw_only=True)
class Right:
    """What a role may do with a table, as a cell of the table in CONVENTIONS.md says."""

    verbs: frozenset[str]
    #: "own": rows of the organisation set; "connection": of the connection set; "all": any row.
    scope: str


def conventions() -> dict[str, dict[str, Right]]:
    """Name in the first column → role → right."""
    rows: dict[str, dict[str, Right]] = {}
    lines = CONVENTIONS.read_text().splitlines()
    start = lines.index("## Who may what") + 1
    header, _, *body = [line for line in lines[start : start + 12] if line.startswith("|")]
    roles = [cell.strip() for cell in header.strip("|").split("|")][1:]
    assert tuple(roles) == ROLES
    for line in body:
        first, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        rights = {role: right_of(cell) for role, cell in zip(roles, cells, strict=True)}
        for name in re.findall(r"`([a-z_*]+)`|(views)", first):
            rows[name[0] or name[1]] = rights
    return rows


def right_of(cell: str) -> Right:
    granted = cell.partition(";")[0]
    if granted == "all":
        return Right(verbs=frozenset(VERBS), scope="all")
    verbs = frozenset(verb for verb in VERBS if re.search(rf"\b{verb}\b", granted))
    scope = "own" if "organisation" in cell else "connection" if "connection" in cell else "all"
    assert verbs or granted == "nothing", cell
    return Right(verbs=verbs, scope=scope)


def tables(database: TestDatabase) -> list[str]:
    rows = database.rows(
        "select relname from pg_class where relnamespace = 'crmhub'::regnamespace "
        "and relkind in ('r', 'p') order by 1"
    )
    return [row["relname"] for row in rows]


def views(database: TestDatabase) -> list[str]:
    rows = database.rows(
        "select relname from pg_class where relnamespace = 'crmhub'::regnamespace "
        "and relkind in ('v', 'm') order by 1"
    )
    return [row["relname"] for row in rows]


@functools.cache
def _needed_columns(url: str, table: str) -> list[tuple[str, str]]:
    """Name and type of each column that an insert has to fill; asked for once a database."""
    with psycopg.connect(url) as connection:
        return connection.execute(
            "select column_name, data_type from information_schema.columns "
            "where table_schema = 'crmhub' and table_name = %s and is_nullable = 'NO' "
            "and column_default is null order by ordinal_position",
            [table],
        ).fetchall()


def insertion(
    database: TestDatabase,
    table: str,
    org: uuid.UUID,
    *,
    key: str,
    connection_id: uuid.UUID | None = None,
) -> tuple[sql.Composed, list[object]]:
    """An insert of one row of an organisation; `key` tells rows of one organisation apart.

    The connection has the organisation's id unless another is given.
    """
    values: dict[str, Any] = {}
    for name, type_ in _needed_columns(database.url, table):
        if type_ == "uuid":
            values[name] = (connection_id or org) if name == "connection_id" else org
        elif type_ == "text":
            values[name] = FITTING.get(name, key) if key == "x" or name in ALWAYS_FITTING else key
        else:
            values[name] = VALUES[type_]
    statement = sql.SQL("insert into {} ({}) values ({})").format(
        sql.Identifier("crmhub", table),
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(sql.Placeholder() for _ in values),
    )
    return statement, list(values.values())


def attempt(
    database: TestDatabase,
    role: str,
    org: uuid.UUID | None,
    statement: sql.Composed,
    parameters: list[object],
) -> tuple[str, list[dict[str, Any]]]:
    """What came of it: "refused", or "done" with the rows; nothing is kept."""
    with psycopg.connect(database.url_as(role), row_factory=dict_row) as connection:
        if org is not None:
            connection.execute(
                "select set_config('crmhub.org_id', %s, true), "
                "set_config('crmhub.connection_id', %s, true)",
                [str(org), str(org)],
            )
        try:
            cursor = connection.execute(statement, parameters)
            found = cursor.fetchall() if cursor.description else []
        except psycopg.errors.InsufficientPrivilege:
            return "refused", []
        except psycopg.errors.UniqueViolation:
            # Keys are looked at after grants and policies have let the row through.
            return "done", []
        finally:
            connection.rollback()
    return "done", found


def cases(database: TestDatabase) -> Iterator[tuple[str, str, Right]]:
    said = conventions()
    for table in tables(database):
        name = table if table in said else "crm_*"
        assert name == table or table.startswith("crm_"), f"{table} is not in CONVENTIONS.md"
        for role in ROLES:
            yield table, role, said[name][role]
    for view in views(database):
        for role in ROLES:
            yield view, role, said["views"][role]
