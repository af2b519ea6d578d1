"""One database session of a load: checked before anything is written, every transaction fenced.

A transaction first sets the organisation, which row-level security goes by, then holds the
connection: it is the organisation's, and the lease, where there is one, is still ours.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final, Self

import psycopg
from psycopg import conninfo
from psycopg.adapt import Dumper
from psycopg.pq import Format
from psycopg.rows import DictRow, dict_row
from typing_extensions import override

from target_crmhub_postgres.database_errors import translating_errors
from target_crmhub_postgres.errors import DatabaseFailureError, InvalidSettingsError
from target_crmhub_postgres.pii import HASH_VERSION
from target_crmhub_postgres.queries import QUERIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from target_crmhub_postgres.settings import Settings

Cursor = psycopg.Cursor[DictRow]

#: PostgreSQL's own number for the type jsonb, and the version byte before its binary form.
_JSONB: Final = 3802
_JSONB_VERSION: Final = b"\x01"
_CONNECT_SECONDS: Final = 10


class _EncodedJson(bytes):
    """The class that the dumper is registered for; it is found by the column's type."""


class _EncodedJsonDumper(Dumper):
    """Sends JSON that is encoded already."""

    format = Format.BINARY
    oid = _JSONB

    @override
    def dump(self, obj: bytes) -> bytes:
        return _JSONB_VERSION + obj


class Session:
    """The connection to the database, for one organisation and connection."""

    def __init__(self, *, settings: Settings, connection: psycopg.Connection[DictRow]) -> None:
        self._connection = connection
        self._tenant: dict[str, object] = {
            "org_id": settings.org_id,
            "connection_id": settings.connection_id,
        }
        self._lease_token = settings.lease_token
        #: Table of schema crmhub → column → the number of its type.
        self.columns: Mapping[str, Mapping[str, int]] = {}

    @classmethod
    def open(cls, settings: Settings, fingerprint: bytes) -> Self:
        """Connect and check that this is a database to load into.

        Args:
            settings: Where and for whom.
            fingerprint: Of the key of the organisation's pseudonyms.

        Raises DatabaseFailureError, InvalidSettingsError or TenantMismatchError, with a remedy.
        """
        session = cls(settings=settings, connection=_connected(settings.database_url))
        try:
            with translating_errors():
                session._inspect()
            with session.transaction() as cursor:
                cursor.execute(
                    QUERIES["check_pii_fingerprint"],
                    session.parameters(hash_version=HASH_VERSION, fingerprint=fingerprint),
                )
        except BaseException:
            session.close()
            raise
        return session

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Cursor]:
        """Run the block as one transaction of the organisation, under the lease."""
        with (
            translating_errors(),
            self._connection.transaction(),
            self._connection.cursor() as cursor,
        ):
            cursor.execute(QUERIES["set_organisation"], self._tenant)
            cursor.execute(
                QUERIES["hold_connection"], self.parameters(lease_token=self._lease_token)
            )
            yield cursor

    def parameters(self, **others: object) -> dict[str, object]:
        """Return the organisation and the connection with other parameters of a statement."""
        return self._tenant | others

    def close(self) -> None:
        """Close the connection; what was not committed is gone."""
        self._connection.close()

    def _inspect(self) -> None:
        found = self._connection.execute(QUERIES["inspect_database"]).fetchone() or {}
        if not found["has_schema"]:
            raise DatabaseFailureError(
                "the database in database_url has no schema crmhub: "
                "correct database_url, or run `crmhub migrate` on this database"
            )
        if found["bypasses_rls"]:
            raise InvalidSettingsError(
                "database_url must name a login that row-level security binds, not a superuser or "
                "one with BYPASSRLS: use a login of crmhub_loader (`crmhub roles` makes one)"
            )
        if not found["is_loader"]:
            raise DatabaseFailureError(
                "the login in database_url is no member of role crmhub_loader: "
                "`crmhub roles` makes a login that is"
            )
        columns: dict[str, dict[str, Any]] = {}
        for row in self._connection.execute(QUERIES["inspect_columns"]):
            columns.setdefault(row["table_name"], {})[row["column_name"]] = row["type_oid"]
        self.columns = columns


def _connected(url: str) -> psycopg.Connection[DictRow]:
    failure = DatabaseFailureError(
        "cannot connect with database_url: check that the server is up and that host, port, "
        "database, login and password are right"
    )
    try:
        given = conninfo.conninfo_to_dict(url)
        connection = psycopg.connect(
            url,
            autocommit=True,
            row_factory=dict_row,
            connect_timeout=int(given.get("connect_timeout") or _CONNECT_SECONDS),
            fallback_application_name="target-crmhub-postgres",
        )
    except psycopg.Error:
        pass  # libpq's words name host and login: ours name the setting
    else:
        connection.adapters.register_dumper(_EncodedJson, _EncodedJsonDumper)
        return connection
    raise failure
