"""Row-level security, seen from the roles."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, LiteralString

import psycopg
import pytest
from psycopg import sql
from sql.rights import attempt, insertion

if TYPE_CHECKING:
    from databases import TestDatabase

ORG_A = uuid.UUID("aaaaaaaa-0000-4000-8000-000000000001")
ORG_B = uuid.UUID("bbbbbbbb-0000-4000-8000-000000000002")
INSERT_CONTACT = (
    "insert into crmhub.crm_contacts (org_id, connection_id, external_id, source_read_at) "
    "values (%s, %s, %s, now())"
)


@pytest.fixture
def two_organisations(database: TestDatabase) -> TestDatabase:
    for org in (ORG_A, ORG_B):
        _, connection = database.add_connection(org)
        database.rows(INSERT_CONTACT, [org, connection, "1"], role="crmhub_loader", org_id=org)
    return database


def test_a_reader_sees_its_own_organisation_only(two_organisations: TestDatabase) -> None:
    rows = two_organisations.rows(
        "select org_id from crmhub.crm_contacts", role="crmhub_reader", org_id=ORG_A
    )
    assert rows == [{"org_id": ORG_A}]


def test_a_reader_without_an_organisation_sees_nothing(two_organisations: TestDatabase) -> None:
    assert two_organisations.rows("select * from crmhub.crm_contacts", role="crmhub_reader") == []


def test_the_loader_cannot_write_another_organisations_row(two_organisations: TestDatabase) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security policy"):
        two_organisations.rows(
            INSERT_CONTACT, [ORG_B, uuid.uuid4(), "2"], role="crmhub_loader", org_id=ORG_A
        )


def written_by_the_loader(database: TestDatabase, verb: LiteralString) -> list[str]:
    """The tables with a connection that the loader may insert into, or update."""
    rows = database.rows(
        "select c.relname from pg_class as c "
        "join pg_attribute as a on a.attrelid = c.oid and a.attname = 'connection_id' "
        "where c.relnamespace = 'crmhub'::regnamespace and c.relkind = 'r' "
        "and has_table_privilege('crmhub_loader', c.oid, %s) order by 1",
        [verb],
    )
    assert len(rows) >= 9
    return [row["relname"] for row in rows]


def test_the_loader_writes_under_a_connection_of_its_organisation_only(
    two_organisations: TestDatabase,
) -> None:
    _, own = two_organisations.add_connection(ORG_A)
    _, others = two_organisations.add_connection(ORG_B)
    for table in written_by_the_loader(two_organisations, "insert"):
        for connection in (own, others, uuid.uuid4()):
            statement = insertion(
                two_organisations, table, ORG_A, key="1", connection_id=connection
            )
            came, _ = attempt(two_organisations, "crmhub_loader", ORG_A, *statement)
            assert came == ("done" if connection == own else "refused"), table


def test_the_loader_moves_no_row_to_a_connection_of_another_organisation(
    two_organisations: TestDatabase,
) -> None:
    _, own = two_organisations.add_connection(ORG_A)
    _, second = two_organisations.add_connection(ORG_A)
    _, others = two_organisations.add_connection(ORG_B)
    for table in written_by_the_loader(two_organisations, "update"):
        with psycopg.connect(two_organisations.url) as connection:
            connection.execute(
                *insertion(two_organisations, table, ORG_A, key="1", connection_id=own)
            )
        move = sql.SQL("update {} set connection_id = %s").format(sql.Identifier("crmhub", table))
        for to in (second, others, uuid.uuid4()):
            came, _ = attempt(two_organisations, "crmhub_loader", ORG_A, move, [to])
            assert came == ("done" if to == second else "refused"), (table, to)


def test_the_loader_leaves_no_fingerprint_for_another_organisation(
    two_organisations: TestDatabase,
) -> None:
    statement: LiteralString = "select crmhub.check_pii_fingerprint(%s, 1::smallint, 'x'::bytea)"
    for org in (ORG_A, None):
        with pytest.raises(psycopg.DatabaseError) as refusal:
            two_organisations.rows(statement, [ORG_B], role="crmhub_loader", org_id=org)
        assert refusal.value.sqlstate == "CH001"
    two_organisations.rows(statement, [ORG_B], role="crmhub_loader", org_id=ORG_B)
