"""What organisations must not share: rows, pseudonyms, bookmarks, moments of running."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import psycopg
from end_to_end.expected_rows import mapped_streams
from end_to_end.run_records import crossed_bookmarks, overlaps
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from databases import TestDatabase

    from crmhub.demo.stage import Organisation


def differences_between(database: TestDatabase, connections: Sequence[Organisation]) -> list[str]:
    """Return what organisations share that each should have for itself; one sentence each."""
    return [
        *_rows_of_others(database, connections),
        *_shared_pseudonyms(database, {each.org_id for each in connections}),
        *([f"{found} runs of one connection overlap"] if (found := overlaps(database)) else []),
        *([f"{lost} bookmarks are crossed"] if (lost := crossed_bookmarks(database)) else []),
    ]


def _rows_of_others(database: TestDatabase, connections: Sequence[Organisation]) -> list[str]:
    known = {(each.org_id, each.connection_id) for each in connections}
    found: list[str] = []
    with psycopg.connect(database.url) as connection:
        for table in _tables(connection):
            query = sql.SQL("select distinct org_id, connection_id from crmhub.{}")
            owners = set(connection.execute(query.format(sql.Identifier(table))).fetchall())
            found += [f"{table} has rows of {owner}" for owner in owners - known]
    return found


def _tables(connection: psycopg.Connection) -> list[str]:
    """The tables with rows of organisations' accounts."""
    rows = connection.execute(
        "select table_name from information_schema.columns where table_schema = 'crmhub' "
        "and column_name = 'connection_id' and table_name like 'crm\\_%' order by 1"
    )
    return [name for (name,) in rows]


def _shared_pseudonyms(database: TestDatabase, org_ids: set[UUID]) -> list[str]:
    found = {org_id: _pseudonyms(database, org_id) for org_id in org_ids}
    lacking = [f"{org_id} has no pseudonym" for org_id, hashes in found.items() if not hashes]
    shared = [
        f"{one} and {other} have {len(found[one] & found[other])} equal pseudonyms"
        for one, other in combinations(sorted(found), 2)
        if found[one] & found[other]
    ]
    return lacking + shared


def _pseudonyms(database: TestDatabase, org_id: UUID) -> set[bytes]:
    hashes: set[bytes] = set()
    with psycopg.connect(database.url) as connection:
        for mapped in mapped_streams().values():
            for name, column in mapped.get("columns", {}).items():
                if column["kind"] not in {"email_pseudonym", "email_pseudonyms", "phone_pseudonym"}:
                    continue
                query = sql.SQL("select {} from crmhub.{} where org_id = %s").format(
                    sql.Identifier(name), sql.Identifier(mapped["table"])
                )
                for (value,) in connection.execute(query, [org_id]):
                    hashes.update(value if isinstance(value, list) else [value])
    return hashes - {None}
