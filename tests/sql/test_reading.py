"""The queries that the README shows: they answer, from the organisation's part of an index."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.rows import dict_row
from sql.crm_rows import CrmRows
from sql.plans import carried_out
from sql.readme_queries import readme_queries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from databases import TestDatabase, TestServer
    from sql.readme_queries import ReadmeQuery

ORG = CrmRows.org_id(7)
#: A table of this many bytes is read in one go, however it is found.
SMALL_TABLE = 65_536
#: How an index is entered at a pseudonym.
PSEUDONYM = re.compile(r"\((email|phone|mobile_phone)_hash = ")
BEGIN, SET_ORGANISATION, *QUERIES, COMMIT = readme_queries()

each_query = pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.title)


@dataclass(frozen=True, kw_only=True)
class Tenants:
    """A database that many organisations share, and what one of them may ask for."""

    database: TestDatabase
    values: dict[str, str]

    @contextlib.contextmanager
    def reader(self) -> Iterator[psycopg.Connection[dict[str, Any]]]:
        """A session that begins as the README says."""
        url = self.database.url_as("crmhub_reader")
        with psycopg.connect(url, row_factory=dict_row, autocommit=True) as connection:
            for query in (BEGIN, SET_ORGANISATION):
                connection.execute(query.statement, self.values)
            yield connection
            connection.execute(COMMIT.statement)


@contextlib.contextmanager
def tenants_of(server: TestServer, rows: CrmRows) -> Iterator[Tenants]:
    with server.clone() as database:
        rows.fill(database.url)
        yield Tenants(database=database, values=rows.example(database.url, ORG))


@pytest.fixture(scope="module")
def tenants(database_server: TestServer) -> Iterator[Tenants]:
    with tenants_of(database_server, CrmRows(contacts=50_000, orgs=20)) as made:
        yield made


def assert_scales(tenants: Tenants, query: ReadmeQuery) -> None:
    """No large table is scanned; each index is entered at the organisation, found out once.

    Or at a pseudonym, which no other organisation has.
    And it leads to little more than the answer: at most ten rows for one, and some.
    """
    small = {
        row["relname"]
        for row in tenants.database.rows(
            "select relname from pg_class where relnamespace = 'crmhub'::regnamespace "
            "and relkind = 'r' and pg_relation_size(oid) < %s",
            [SMALL_TABLE],
        )
    }
    with tenants.reader() as connection:
        plan = carried_out(connection, query.statement, tenants.values)
    assert plan.sequential_scans() <= small, plan.lines()
    assert all(
        "org_id = " in condition or PSEUDONYM.match(condition)
        for _, condition in plan.index_conditions()
    ), plan.lines()
    assert plan.init_plan_loops(), plan.lines()
    assert max(plan.init_plan_loops()) == 1, plan.lines()
    assert plan.rows_in_vain() <= 10 * plan.rows_answered() + 100, plan.lines()


@each_query
def test_each_query_of_the_readme_answers_one_organisation(
    tenants: Tenants, query: ReadmeQuery
) -> None:
    with tenants.reader() as connection:
        rows = connection.execute(query.statement, tenants.values).fetchall()
    assert rows
    assert {row.get("org_id", ORG) for row in rows} == {ORG}


@each_query
def test_each_query_of_the_readme_is_answered_from_the_organisations_part_of_an_index(
    tenants: Tenants, query: ReadmeQuery
) -> None:
    assert_scales(tenants, query)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_same_holds_at_a_million_contacts(database_server: TestServer) -> None:
    with tenants_of(database_server, CrmRows(contacts=1_000_000, orgs=20)) as million:
        for query in QUERIES:
            assert_scales(million, query)


def test_every_index_of_the_canonical_tables_is_a_key_or_serves_a_query(tenants: Tenants) -> None:
    """An index slows each load down; one that answers nobody has to go."""
    used: set[str] = set()
    for query in QUERIES:
        with tenants.reader() as connection:
            plan = carried_out(connection, query.statement, tenants.values)
        used |= {name for name, _ in plan.index_conditions()}
    for row in tenants.database.rows(
        "select indexrelid::regclass::text as name from pg_index "
        "where not indisunique and starts_with(indrelid::regclass::text, 'crmhub.crm_')"
    ):
        assert row["name"].removeprefix("crmhub.") in used, row["name"]


def test_who_names_no_organisation_reads_nothing(tenants: Tenants) -> None:
    url = tenants.database.url_as("crmhub_reader")
    with psycopg.connect(url) as connection:
        for query in QUERIES:
            assert connection.execute(query.statement, tenants.values).fetchall() == []
