"""Connect to PostgreSQL, and say in one line with the remedy why that failed."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg

from crmhub.errors import (
    CrmHubError,
    DatabaseNotPreparedError,
    DatabaseUnreachableError,
    InvalidSettingsError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Seconds until an address that does not answer counts as unreachable.
CONNECT_SECONDS = 10


def check_database_url(url: str, *, setting: str) -> str:
    """The URL itself, when it is one of PostgreSQL.

    Raises InvalidSettingsError naming the setting; the URL holds a password and is not shown.
    """
    try:
        parts = urlsplit(url)
        valid = parts.scheme in {"postgresql", "postgres"} and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise InvalidSettingsError(
            f"{setting} must be an address as postgresql://user:password@host:5432/database"
        )
    return url


def url_for_login(url: str, *, user: str, password: str) -> str:
    """The same server and database for another login."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{login}@{place}"))


@contextlib.contextmanager
def connect(
    url: str, *, setting: str = "DATABASE_URL", autocommit: bool = True
) -> Iterator[psycopg.Connection]:
    """A connection until the block ends; the server's errors become ours.

    Raises InvalidSettingsError (wrong password or database), DatabaseUnreachableError, or,
    for statements inside the block, DatabaseNotPreparedError when tables or rights are missing.
    """
    check_database_url(url, setting=setting)
    try:
        connection = psycopg.connect(
            url,
            autocommit=autocommit,
            connect_timeout=CONNECT_SECONDS,
            application_name="crmhub",
        )
    except psycopg.OperationalError as error:
        raise _refused_connection(error, setting) from None
    try:
        with connection:
            yield connection
    except (
        psycopg.errors.UndefinedTable,
        psycopg.errors.InvalidSchemaName,
        psycopg.errors.UndefinedFunction,
    ):
        raise DatabaseNotPreparedError(
            f"the database of {setting} lacks a table of CRM Hub: run `crmhub migrate`, "
            "or correct the database's name in the address"
        ) from None
    except psycopg.errors.InsufficientPrivilege:
        raise DatabaseNotPreparedError(
            f"the login of {setting} lacks a right: make logins with `crmhub roles` and use theirs"
        ) from None
    except psycopg.OperationalError:
        raise DatabaseUnreachableError(
            f"the connection of {setting} broke: check that PostgreSQL runs and try again"
        ) from None


def _refused_connection(error: psycopg.OperationalError, setting: str) -> CrmHubError:
    """Ours for a refused connection.

    libpq tells no SQLSTATE before the login is done, so its text decides; a server that
    speaks another language gets the general sentence.
    """
    said = str(error)
    if "password authentication failed" in said or "no password supplied" in said:
        return InvalidSettingsError(f"{setting}: the server refuses this user or password")
    if "does not exist" in said and "database" in said.rpartition("FATAL")[2]:
        return InvalidSettingsError(
            f"{setting}: the server has no such database: correct the name or create it"
        )
    if "does not exist" in said and "role" in said.rpartition("FATAL")[2]:
        return InvalidSettingsError(
            f"{setting}: the server does not know this user: make logins with `crmhub roles`"
        )
    return DatabaseUnreachableError(
        f"{setting}: PostgreSQL does not answer: start it, or correct host and port"
    )
