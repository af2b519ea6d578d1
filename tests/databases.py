"""Databases for tests: clones of a migrated template on a real PostgreSQL."""

from __future__ import annotations

import contextlib
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass(frozen=True, kw_only=True)
class TestDatabase:
    """One test's own database."""

    __test__ = False

    #: The superuser's connection string.
    url: str
    #: Group role → connection string of a login of it, for this database.
    logins: Mapping[str, str]

    def url_as(self, role: str) -> str:
        """The connection string of a login that is a member of the group role."""
        return self.logins[role]

    def rows(
        self,
        query: LiteralString,
        parameters: Sequence[object] | Mapping[str, object] = (),
        *,
        role: str | None = None,
        org_id: uuid.UUID | None = None,
    ) -> list[dict[str, Any]]:
        """What a statement returns: as superuser, or as a role with an organisation set."""
        with psycopg.connect(self.logins[role] if role else self.url) as connection:
            if org_id is not None:
                connection.execute("select set_config('crmhub.org_id', %s, true)", [str(org_id)])
            cursor = connection.cursor(row_factory=dict_row)
            cursor.execute(query, parameters)
            return [] if cursor.description is None else cursor.fetchall()

    def add_connection(
        self, org_id: uuid.UUID | None = None, *, account_id: str | None = None
    ) -> tuple[uuid.UUID, uuid.UUID]:
        """A new connection and its organisation; without `account_id`, its account is unknown."""
        [row] = self.rows(
            "insert into crmhub.source_connections (org_id, external_account_id) values (%s, %s) "
            "returning org_id, id",
            [org_id or uuid.uuid4(), account_id],
        )
        return row["org_id"], row["id"]

    def take_lease(self, connection_id: uuid.UUID, seconds: int = 300) -> uuid.UUID:
        """Give the connection's lease to a new holder: its token."""
        token = uuid.uuid4()
        self.rows(
            "update crmhub.source_connections set lease_token = %s, "
            "lease_expires_at = now() + make_interval(secs => %s) where id = %s",
            [token, seconds, connection_id],
        )
        return token


@dataclass(frozen=True, kw_only=True)
class TestServer:
    """The test run's PostgreSQL."""

    __test__ = False

    #: The superuser's connection string.
    url: str
    #: The migrated database that clones are made of.
    template: str
    logins: Mapping[str, str]

    def url_of(self, database: str) -> str:
        """The superuser's connection string for another database."""
        return _in_database(self.url, database)

    @contextlib.contextmanager
    def clone(self) -> Iterator[TestDatabase]:
        """A copy of the template until the block ends."""
        statement = sql.SQL("create database {} template {} strategy file_copy")
        with self._made(statement, sql.Identifier(self.template)) as made:
            yield made

    @contextlib.contextmanager
    def empty(self) -> Iterator[TestDatabase]:
        """An empty database until the block ends."""
        with self._made(sql.SQL("create database {}")) as made:
            yield made

    @contextlib.contextmanager
    def _made(self, statement: sql.SQL, *arguments: sql.Identifier) -> Iterator[TestDatabase]:
        name = f"crmhub_test_{uuid.uuid4().hex[:16]}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.format(sql.Identifier(name), *arguments))
        try:
            yield TestDatabase(
                url=self.url_of(name),
                logins={role: _in_database(url, name) for role, url in self.logins.items()},
            )
        finally:
            self.drop(name)

    def drop(self, database: str) -> None:
        """Drop a database, with whoever is still connected."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(
                sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(database))
            )


def _in_database(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))
