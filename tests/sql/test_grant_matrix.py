"""Every table, role and organisation (own, other, none): as CONVENTIONS.md says, or refused."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from databases import TestDatabase

CONVENTIONS = Path(__file__).parents[2] / "sql" / "CONVENTIONS.md"
ROLES = ("crmhub_loader", "crmhub_reader", "crmhub_orchestrator", "crmhub_state")
VERBS = ("select", "insert", "update", "delete")
ORG_A = uuid.UUID("aaaaaaaa-0000-4000-8000-000000000001")
ORG_B = uuid.UUID("bbbbbbbb-0000-4000-8000-000000000002")
#: Columns that a table's checks want filled in their own way.
FITTING = {"trigger": "manual", "provider": "hubspot", "name": "access_token"}
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


@pytest.fixture
def filled(database: TestDatabase) -> TestDatabase:
    """A database with one row of each of two organisations in every table."""
    for org in (ORG_A, ORG_B):
        database.rows(
            "insert into crmhub.source_connections (id, org_id) values (%s, %s)", [org, org]
        )
        for table in tables(database):
            if table not in {"source_connections", "schema_migrations"}:
                with psycopg.connect(database.url) as connection:
                    connection.execute(*insertion(database, table, org, key="x"))
    return database


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


def insertion(
    database: TestDatabase, table: str, org: uuid.UUID, *, key: str
) -> tuple[sql.Composed, list[object]]:
    """An insert of one row of an organisation; `key` tells rows of one organisation apart."""
    columns = database.rows(
        "select column_name as name, data_type as type from information_schema.columns "
        "where table_schema = 'crmhub' and table_name = %s and is_nullable = 'NO' "
        "and column_default is null order by ordinal_position",
        [table],
    )
    values: dict[str, Any] = {}
    for column in columns:
        name = column["name"]
        if column["type"] == "uuid":
            values[name] = org
        elif column["type"] == "text":
            values[name] = FITTING.get(name, key) if key == "x" or name == "trigger" else key
        else:
            values[name] = VALUES[column["type"]]
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


def column_of(table: str) -> sql.Identifier:
    return sql.Identifier("id" if table == "source_connections" else "org_id")


def test_select_shows_a_role_its_rows_and_no_others(filled: TestDatabase) -> None:
    for table, role, right in cases(filled):
        column = sql.SQL("version") if table == "schema_migrations" else column_of(table)
        statement = sql.SQL("select {} as org from {}").format(
            column, sql.Identifier("crmhub", table)
        )
        for org in (ORG_A, None):
            came, found = attempt(filled, role, org, statement, [])
            assert came == ("done" if "select" in right.verbs else "refused"), (table, role)
            if came == "done" and table != "schema_migrations":
                seen = {row["org"] for row in found}
                expected = {ORG_A, ORG_B} if right.scope == "all" else {org} - {None}
                # A view may have nothing to say of the rows there are; never of another's.
                assert seen <= expected, (table, role, org)
                assert seen == expected or table in views(filled), (table, role, org)


def test_insert_takes_a_roles_own_rows_and_no_others(filled: TestDatabase) -> None:
    for table, role, right in cases(filled):
        if table in views(filled) or table == "schema_migrations":
            continue
        for org, row_of in ((ORG_A, ORG_A), (ORG_A, ORG_B), (None, ORG_A)):
            came, _ = attempt(filled, role, org, *insertion(filled, table, row_of, key="new"))
            may = "insert" in right.verbs and (right.scope == "all" or org == row_of)
            assert came == ("done" if may else "refused"), (table, role, org, row_of)


@pytest.mark.parametrize("verb", ["update", "delete"])
def test_changes_reach_a_roles_own_rows_and_no_others(filled: TestDatabase, verb: str) -> None:
    for table, role, right in cases(filled):
        if table in views(filled) or table == "schema_migrations":
            continue
        column = sql.Identifier("state_json") if right.scope == "connection" else column_of(table)
        where = column_of(table)
        text = (
            "update {table} set {column} = {column} returning {where} as org"
            if verb == "update"
            else "delete from {table} returning {where} as org"
        )
        statement = sql.SQL(text).format(
            table=sql.Identifier("crmhub", table), column=column, where=where
        )
        for org in (ORG_A, None):
            came, found = attempt(filled, role, org, statement, [])
            assert came == ("done" if verb in right.verbs else "refused"), (table, role)
            if came == "done":
                expected = {ORG_A, ORG_B} if right.scope == "all" else {org} - {None}
                assert {row["org"] for row in found} == expected, (table, role, org)


def test_nobody_truncates_references_or_passes_by_the_policies(filled: TestDatabase) -> None:
    for table in tables(filled):
        for role in ROLES:
            name = sql.Identifier("crmhub", table)
            came, _ = attempt(filled, role, ORG_A, sql.SQL("truncate {}").format(name), [])
            assert came == "refused", (table, role)
            [row] = filled.rows(
                "select has_table_privilege(%s, %s, 'references') or "
                "has_table_privilege(%s, %s, 'trigger') as may",
                [role, f"crmhub.{table}", role, f"crmhub.{table}"],
            )
            assert not row["may"], (table, role)


def test_copy_never_passes_by_the_policies(filled: TestDatabase) -> None:
    for table, role, right in cases(filled):
        if table in views(filled) or table == "schema_migrations" or "insert" not in right.verbs:
            continue
        statement = sql.SQL("copy {} from stdin").format(sql.Identifier("crmhub", table))
        with (
            psycopg.connect(filled.url_as(role)) as connection,
            # PostgreSQL refuses COPY FROM on a table with policies for this role.
            pytest.raises(psycopg.errors.FeatureNotSupported, match="row-level security"),
            connection.cursor().copy(statement),
        ):
            pass


def test_every_table_forces_row_level_security_and_has_a_policy(database: TestDatabase) -> None:
    """A new table without them fails here."""
    rows = database.rows(
        "select c.relname, c.relrowsecurity, c.relforcerowsecurity, "
        "exists (select from pg_policy as p where p.polrelid = c.oid) as has_policy "
        "from pg_class as c where c.relnamespace = 'crmhub'::regnamespace "
        "and c.relkind in ('r', 'p')"
    )
    assert len(rows) > 10
    for row in rows:
        assert row["relrowsecurity"], row["relname"]
        assert row["relforcerowsecurity"], row["relname"]
        assert row["has_policy"], row["relname"]


def test_every_view_runs_with_the_rights_of_who_asks(database: TestDatabase) -> None:
    rows = database.rows(
        "select relname, relkind, reloptions from pg_class "
        "where relnamespace = 'crmhub'::regnamespace and relkind in ('v', 'm')"
    )
    assert rows
    for row in rows:
        assert row["relkind"] == "v", f"{row['relname']}: a materialized view knows no policies"
        assert "security_invoker=true" in row["reloptions"], row["relname"]


def test_definer_functions_are_pinned_and_granted_by_name(database: TestDatabase) -> None:
    rows = database.rows(
        "select proname, proconfig, proacl::text as acl from pg_proc "
        "where pronamespace = 'crmhub'::regnamespace and prosecdef"
    )
    assert rows
    for row in rows:
        assert row["proconfig"] == ['search_path=""'], row["proname"]
        assert row["acl"] is not None, row["proname"]
        assert "{=X" not in row["acl"], row["proname"]
        assert ",=X" not in row["acl"], row["proname"]


def test_no_login_is_a_superuser_or_passes_by_the_policies(database: TestDatabase) -> None:
    rows = database.rows(
        "select rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb from pg_roles "
        "where rolname like 'crmhub\\_%%' and rolname not like 'crmhub\\_test%%'"
    )
    assert len(rows) >= 9
    for row in rows:
        assert not any(row[name] for name in row if name != "rolname"), row["rolname"]
