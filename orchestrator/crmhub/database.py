"""Connect to PostgreSQL, and say in one line with the remedy why that failed."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import conninfo

from crmhub.errors import (
    CrmHubError,
    DatabaseNotPreparedError,
    DatabaseUnreachableError,
    InvalidSettingsError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: How a connection is watched, unless its address says otherwise: a server that is gone without a
#: word is missed after about a minute (libpq: connection parameters).
_WATCHING: Final[Mapping[str, Any]] = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
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


def watched(url: str) -> str:
    """The address with what makes a connection notice that its server is gone."""
    given = conninfo.conninfo_to_dict(url)
    return conninfo.make_conninfo(**{**_WATCHING, **given})


@contextlib.contextmanager
def translating_errors(name: str) -> Iterator[None]:
    """Raise our errors for the driver's within the block.

    Args:
        name: What the connection is called: a setting or a role.

    Raises DatabaseNotPreparedError when tables or rights are missing, DatabaseUnreachableError.
    """
    try:
        yield
    except (
        psycopg.errors.UndefinedTable,
        psycopg.errors.UndefinedColumn,
        psycopg.errors.InvalidSchemaName,
        psycopg.errors.UndefinedFunction,
    ):
        raise DatabaseNotPreparedError(
            f"the database of {name} lacks a table of CRM Hub, or a part of one: run "
            "`crmhub migrate`, or correct the database's name in the address"
        ) from None
    except psycopg.errors.InsufficientPrivilege:
        raise DatabaseNotPreparedError(
            f"the login of {name} lacks a right: make logins with `crmhub roles` and use theirs"
        ) from None
    except psycopg.errors.ReadOnlySqlTransaction:
        # A standby that is about to take over answers so, for some seconds.
        raise DatabaseUnreachableError(
            f"the server of {name} takes no writes: wait for a standby to take over, or correct "
            "the address"
        ) from None
    except psycopg.OperationalError:
        raise DatabaseUnreachableError(
            f"the connection of {name} broke: check that PostgreSQL runs and try again"
        ) from None


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
            watched(url),
            autocommit=autocommit,
            connect_timeout=CONNECT_SECONDS,
            application_name="crmhub",
        )
    except psycopg.OperationalError as error:
        raise _refused_connection(error, setting) from None
    with translating_errors(setting), connection:
        yield connection


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
