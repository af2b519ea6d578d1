"""Every table, role and organisation (own, other, none): as CONVENTIONS.md says, or refused."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql
from sql.rights import ROLES, attempt, cases, insertion, tables, views

if TYPE_CHECKING:
    from collections.abc import Iterator

    from databases import TestDatabase, TestServer

ORG_A = uuid.UUID("aaaaaaaa-0000-4000-8000-000000000001")
ORG_B = uuid.UUID("bbbbbbbb-0000-4000-8000-000000000002")


@pytest.fixture(scope="module")
def filled(database_server: TestServer) -> Iterator[TestDatabase]:
    """One row of each of two organisations in every table; no test keeps what it changes."""
    with database_server.clone() as database:
        for org in (ORG_A, ORG_B):
            database.rows(
                "insert into crmhub.source_connections (id, org_id) values (%s, %s)", [org, org]
            )
            for table in tables(database):
                if table not in {"source_connections", "schema_migrations"}:
                    with psycopg.connect(database.url) as connection:
                        connection.execute(*insertion(database, table, org, key="x"))
        yield database


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
