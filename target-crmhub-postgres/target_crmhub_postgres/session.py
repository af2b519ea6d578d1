"""One database session of a load: checked before anything is written, every transaction fenced.

A transaction first sets the organisation, which row-level security goes by, then holds the
connection: it is the organisation's, and the lease, where there is one, is still ours.

Every transaction of a load may run twice, as each says what is to be and not what is to be added.
So one whose connection was lost, even while it was committed, is simply run again.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

import psycopg
from psycopg import conninfo
from psycopg.rows import DictRow, dict_row

from target_crmhub_postgres.database_errors import translating_errors
from target_crmhub_postgres.errors import (
    DatabaseFailureError,
    InvalidSettingsError,
    PassingFailureError,
)
from target_crmhub_postgres.patience import Patience
from target_crmhub_postgres.pii import HASH_VERSION
from target_crmhub_postgres.queries import QUERIES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from target_crmhub_postgres.settings import Settings

Cursor = psycopg.Cursor[DictRow]
T = TypeVar("T")

#: How a connection is made and watched, unless database_url says otherwise: a server that is gone
#: without a word is missed after about a minute (libpq: connection parameters).
_CONNECTING: Final[Mapping[str, Any]] = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
    "fallback_application_name": "target-crmhub-postgres",
}
#: A lock that is not free within this time is an error that passes, not a load that hangs.
LOCK_WAIT: Final = "30s"


class Session:
    """The connection to the database, for one organisation and connection."""

    def __init__(self, *, settings: Settings, connection: psycopg.Connection[DictRow]) -> None:
        self._url = settings.database_url
        self._connection = connection
        self._tenant: dict[str, object] = {
            "org_id": settings.org_id,
            "connection_id": settings.connection_id,
        }
        self._lease_token = settings.lease_token
        self._closing = threading.Event()
        self._preparations: list[Callable[[Cursor], object]] = []
        #: How many of them the present connection has seen committed.
        self._prepared = 0
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
        known = session.parameters(hash_version=HASH_VERSION, fingerprint=fingerprint)

        def check_tenant(cursor: Cursor) -> None:
            if not settings.allow_unknown_account:
                cursor.execute(QUERIES["check_account_known"], known)
            cursor.execute(QUERIES["check_pii_fingerprint"], known)

        try:
            with translating_errors():
                session._inspect()
            session.run(check_tenant)
        except BaseException:
            session.close()
            raise
        return session

    def prepare(self, preparation: Callable[[Cursor], object]) -> None:
        """Have this done before the next work, and again on every new connection.

        For what ends with a connection, as temporary tables do.
        """
        self._preparations.append(preparation)

    def run(self, work: Callable[[Cursor], T]) -> T:
        """Run the work as one transaction of the organisation, under the lease; return its result.

        The work is run again, on a new connection where the old one is lost, if the server
        restarted, the connection was cut, a lock was not free in time, or another transaction was
        in the way. So it must say what is to be, and do no harm when it is done twice: a
        connection cut in the midst of a commit leaves open whether it was done.

        Raises TargetError: PassingFailureError once there is no try left, others at once.
        """
        patience = Patience(closing=self._closing)
        while True:
            try:
                with translating_errors():
                    return self._transaction(work)
            except PassingFailureError as failure:
                if not patience.waited_for(failure):
                    raise

    def _transaction(self, work: Callable[[Cursor], T]) -> T:
        if self._connection.closed:
            self._reconnect()
        preparations = self._preparations.copy()
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.execute(QUERIES["set_organisation"], self._tenant | {"lock_wait": LOCK_WAIT})
            cursor.execute(
                QUERIES["hold_connection"], self.parameters(lease_token=self._lease_token)
            )
            for preparation in preparations[self._prepared :]:
                preparation(cursor)
            result = work(cursor)
        self._prepared = len(preparations)
        return result

    def _reconnect(self) -> None:
        if self._closing.is_set():
            raise DatabaseFailureError("the connection to the database is closed")
        self._connection.close()
        try:
            self._connection = _connected(self._url)
        except DatabaseFailureError:
            # Good once, so it is not the setting: the server is not back yet.
            unreachable = "the database cannot be reached"
        else:
            self._prepared = 0
            return
        raise PassingFailureError(unreachable)

    def parameters(self, **others: object) -> dict[str, object]:
        """Return the organisation and the connection with other parameters of a statement."""
        return self._tenant | others

    def give_up(self) -> None:
        """Let nothing be tried again, and nobody wait for that; also from another thread."""
        self._closing.set()

    def close(self) -> None:
        """Close the connection; what was not committed is gone, and nothing is tried again."""
        self.give_up()
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
            conninfo.make_conninfo(**{**_CONNECTING, **given}),
            autocommit=True,
            row_factory=dict_row,
        )
    except psycopg.Error:
        pass  # libpq's words name host and login: ours name the setting
    else:
        return connection
    raise failure
