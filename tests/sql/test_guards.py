"""What the catalogue says of every table, view and function, those of tomorrow too."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

import psycopg
import pytest
from psycopg import sql
from sql.rights import conventions, tables

if TYPE_CHECKING:
    from databases import TestDatabase

BARE_TABLE = "create table crmhub.new_table (org_id uuid not null);"
GUARDED_TABLE = (
    BARE_TABLE
    + "alter table crmhub.new_table enable row level security;"
    + "alter table crmhub.new_table force row level security;"
    + 'create policy "own organisation only" on crmhub.new_table using (true);'
)


def unguarded(database: TestDatabase) -> set[str]:
    """The tables without row-level security, forced upon their owner too, or without a policy."""
    rows = database.rows(
        "select c.relname from pg_class as c where c.relnamespace = 'crmhub'::regnamespace "
        "and c.relkind in ('r', 'p') and not (c.relrowsecurity and c.relforcerowsecurity "
        "and exists (select from pg_policy as p where p.polrelid = c.oid))"
    )
    return {row["relname"] for row in rows}


def unsaid(database: TestDatabase) -> set[str]:
    """The tables of which CONVENTIONS.md does not say who may do what."""
    said = conventions()
    return {
        table
        for table in tables(database)
        if table not in said and not (table.startswith("crm_") and "crm_*" in said)
    }


def run_with_owners_rights(database: TestDatabase) -> set[str]:
    """The views that pass by the row-level security of who asks; materialized ones always do."""
    rows = database.rows(
        "select relname from pg_class where relnamespace = 'crmhub'::regnamespace "
        "and (relkind = 'm' or relkind = 'v' "
        "and not coalesce('security_invoker=true' = any (reloptions), false))"
    )
    return {row["relname"] for row in rows}


def open_to_other_connections(database: TestDatabase) -> set[str]:
    """The tables where the loader may write under a connection that is not the organisation's."""
    rows = database.rows(
        "select c.relname from pg_class as c "
        "join pg_attribute as a on a.attrelid = c.oid and a.attname = 'connection_id' "
        "where c.relnamespace = 'crmhub'::regnamespace and c.relkind in ('r', 'p') "
        "and (has_table_privilege('crmhub_loader', c.oid, 'insert') "
        "or has_table_privilege('crmhub_loader', c.oid, 'update')) "
        "and not exists (select from pg_policy as p where p.polrelid = c.oid "
        "and pg_get_expr(p.polwithcheck, c.oid) like '%%connections_of_organisation()%%')"
    )
    return {row["relname"] for row in rows}


def test_every_table_forces_row_level_security_and_has_a_policy(database: TestDatabase) -> None:
    assert len(tables(database)) > 10
    assert unguarded(database) == set()


@pytest.mark.parametrize(
    "made",
    [
        BARE_TABLE,
        GUARDED_TABLE.replace("enable row", "disable row"),
        GUARDED_TABLE.replace("force row", "no force row"),
        GUARDED_TABLE.partition("create policy")[0],
    ],
    ids=["nothing", "not enabled", "not forced", "no policy"],
)
def test_a_new_table_that_is_not_walled_off_is_found(
    database: TestDatabase, made: LiteralString
) -> None:
    make(database, made)
    assert unguarded(database) == {"new_table"}


def test_a_new_table_that_is_walled_off_is_not_found(database: TestDatabase) -> None:
    make(database, GUARDED_TABLE)
    assert unguarded(database) == set()


def test_the_conventions_say_of_every_table_who_may_do_what(database: TestDatabase) -> None:
    assert unsaid(database) == set()
    make(database, GUARDED_TABLE)
    assert unsaid(database) == {"new_table"}


@pytest.mark.parametrize(
    "made",
    [
        "create view crmhub.new_view as select * from crmhub.crm_deals",
        "create view crmhub.new_view with (security_invoker = false) as select 1 as one",
        "create materialized view crmhub.new_view as select * from crmhub.crm_deals",
    ],
    ids=["by default", "said so", "materialized"],
)
def test_every_view_runs_with_the_rights_of_who_asks(
    database: TestDatabase, made: LiteralString
) -> None:
    assert run_with_owners_rights(database) == set()
    make(database, made)
    assert run_with_owners_rights(database) == {"new_view"}


def test_every_table_the_loader_writes_asks_whose_the_connection_is(
    database: TestDatabase,
) -> None:
    assert open_to_other_connections(database) == set()
    make(
        database,
        "create table crmhub.new_table (org_id uuid, connection_id uuid);"
        "create policy p on crmhub.new_table using (true) with check (true);"
        "grant insert on crmhub.new_table to crmhub_loader",
    )
    assert open_to_other_connections(database) == {"new_table"}


def make(database: TestDatabase, statements: LiteralString) -> None:
    with psycopg.connect(database.url) as connection:
        connection.execute(statements)


def test_functions_look_for_nothing_among_the_callers_types_first(database: TestDatabase) -> None:
    """Those of triggers and checks as well: they run within definer functions."""
    rows = database.rows(
        "select proname, proconfig from pg_proc where pronamespace = 'crmhub'::regnamespace "
        # A function that is parsed when it is made looks for nothing when it is called.
        "and (prosecdef or prosqlbody is null)"
    )
    assert len(rows) > 5
    for row in rows:
        assert row["proconfig"] == ["search_path=pg_catalog, pg_temp"], row["proname"]


@pytest.mark.parametrize("type_", ["uuid", "text", "jsonb", "regnamespace"])
def test_a_temporary_type_gets_nothing_run_with_the_owners_rights(
    database: TestDatabase, type_: str
) -> None:
    org, connection_id = database.add_connection(account_id="42")
    database.rows(
        "update crmhub.source_connections set status = 'disconnected', "
        'erase_requested_at = now(), config = \'{"deal_names": "drop"}\' where id = %s',
        [connection_id],
    )
    calls: dict[str, list[tuple[LiteralString, list[object]]]] = {
        "crmhub_loader": [
            ("select crmhub.hold_connection(%s, %s, null)", [org, connection_id]),
            ("select crmhub.check_account_known(%s, %s)", [org, connection_id]),
            ("select crmhub.check_pii_fingerprint(%s, 1::smallint, 'x'::bytea)", [org]),
        ],
        "crmhub_orchestrator": [
            ("select crmhub.erase_disconnected(%s, %s, 1)", [org, connection_id]),
        ],
    }
    for role, statements in calls.items():
        with psycopg.connect(database.url_as(role)) as connection:
            connection.execute("create temporary table ran_as (role pg_catalog.text)")
            connection.execute("grant all on ran_as to public")
            connection.execute(
                "create function pg_temp.note() returns boolean language sql as "
                "$$ insert into pg_temp.ran_as values (current_user) returning true $$"
            )
            connection.execute(
                sql.SQL(
                    "create domain pg_temp.{0} as pg_catalog.{0} check (pg_temp.note())"
                ).format(sql.Identifier(type_))
            )
            connection.execute(
                "select pg_catalog.set_config('crmhub.org_id', %s, true)", [str(org)]
            )
            for statement, values in statements:
                connection.execute(statement, values)
            assert connection.execute("select role from ran_as").fetchall() == []


def test_definer_functions_are_granted_by_name(database: TestDatabase) -> None:
    rows = database.rows(
        "select proname, proacl::text as acl from pg_proc "
        "where pronamespace = 'crmhub'::regnamespace and prosecdef"
    )
    assert rows
    for row in rows:
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
