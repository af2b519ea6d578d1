"""Read and write Meltano's state in `source_connections.state_json`.

The column holds the raw Singer state. A state id ends with the connection's id, which
`meltano run` puts there by `--state-id-suffix`.
"""

from __future__ import annotations

import contextlib
import fnmatch
import json
import os
import signal
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import psycopg
from meltano.core.error import MeltanoError
from meltano.core.state_store.base import MeltanoState, StateStoreManager
from meltano.core.utils import merge
from psycopg.types.json import Jsonb
from typing_extensions import override

from crmhub.database import connect
from crmhub.errors import CrmHubError
from crmhub.queries import read_queries

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What stands before the suffix in state ids, by the connection's provider.
_RUN_OF_PROVIDER = {"hubspot": "tap-hubspot-crm-to-target-crmhub-postgres"}
_SINGER_STATE = "singer_state"
_LEASE_LOST = "CH002"


class StateRefusedError(MeltanoError):
    """The state was not stored or could not be read; nothing was changed.

    The remedy is part of the reason: `meltano run` shows nothing else.
    """

    def __init__(self, reason: str, remedy: str, *, error_class: str = "database") -> None:
        super().__init__(f"{reason}: {remedy}")
        self.error_class = error_class


class CrmHubStateStore(StateStoreManager):
    """The state backend for `state_backend.uri: crmhub://`."""

    label = "CRM Hub database"

    def __init__(
        self, *, database_url: str | None = None, lease_token: str | None = None, **settings: object
    ) -> None:
        """Meltano passes its `state_backend.*` settings; the database is asked when needed."""
        super().__init__(**settings)
        self._database_url = database_url
        self._lease_token = lease_token or ""
        self._queries = read_queries(Path(__file__).with_name("queries.sql"))

    @override
    def get(self, state_id: str) -> MeltanoState | None:
        """The stored state; None where the connection has none yet.

        Raises StateRefusedError where there is no such connection: a run would otherwise
        take a typing error for a first sync.
        """
        try:
            return self._read(state_id)
        except StateRefusedError as error:
            # Meltano ends a run for it, but says only that it could not retrieve the state.
            _tell_run("the state was not read", error)
            raise

    def _read(self, state_id: str) -> MeltanoState | None:
        connection_id = _connection_id(state_id)
        with self._serving(connection_id) as database:
            row = database.execute(
                self._queries["read_state"], {"connection_id": connection_id}
            ).fetchone()
        if row is None:
            raise _no_connection(connection_id)
        state: dict[str, Any] | None = row[0]
        if state is None:
            return None
        return MeltanoState(
            state_id=state_id, partial_state={}, completed_state={_SINGER_STATE: state}
        )

    @override
    def set(self, state: MeltanoState) -> None:
        """Store the state; a refused or failed write ends a run in flight.

        Meltano takes a run for a success although its last state was not stored, because
        nobody looks at that write's outcome; so the process ends itself.
        """
        try:
            self._write(state)
        except StateRefusedError as error:
            if _tell_run("the state was not stored", error):
                os.kill(os.getpid(), signal.SIGTERM)
            raise

    @override
    def delete(self, state_id: str) -> None:
        """Forget the state: the next run is a full pass."""
        self._store(_connection_id(state_id), None)

    @override
    def get_state_ids(self, pattern: str | None = None) -> list[str]:
        """The ids of all connections that have a state."""
        with self._connected() as database:
            rows = database.execute(self._queries["connections_with_state"]).fetchall()
        environment = os.environ.get("MELTANO_ENVIRONMENT") or "prod"
        ids = [
            f"{environment}:{_RUN_OF_PROVIDER.get(provider, provider)}:{connection_id}"
            for connection_id, provider in rows
        ]
        return [each for each in ids if not pattern or fnmatch.fnmatch(each, pattern)]

    @override
    @contextlib.contextmanager
    def acquire_lock(self, state_id: str, *, retry_seconds: float) -> Iterator[None]:
        """Nothing to lock: one statement writes, and the lease guards the whole run."""
        yield

    def _write(self, state: MeltanoState) -> None:
        # Partial state (of --full-refresh) is laid over what is complete: one column holds both.
        payload = merge(  # type: ignore[no-untyped-call]  # Meltano's merge has no types
            state.partial_state or {}, state.completed_state or {}
        )
        singer_state = payload.get(_SINGER_STATE)
        if not isinstance(singer_state, dict):
            raise StateRefusedError(
                f"the state of {state.state_id} has no object '{_SINGER_STATE}'",
                'give it as {"singer_state": {"bookmarks": …}}',
            )
        self._store(_connection_id(state.state_id), singer_state)

    def _store(self, connection_id: uuid.UUID, state: dict[str, Any] | None) -> None:
        with self._serving(connection_id) as database:
            cursor = database.execute(
                self._queries["write_state"],
                {"connection_id": connection_id, "state": None if state is None else Jsonb(state)},
            )
        if cursor.rowcount != 1:
            raise _no_connection(connection_id)

    @contextlib.contextmanager
    def _serving(self, connection_id: uuid.UUID) -> Iterator[psycopg.Connection]:
        """One transaction that sees this connection's row and carries the lease."""
        with self._connected() as database, database.transaction():
            database.execute(
                self._queries["serve_connection"],
                {"connection_id": str(connection_id), "lease_token": self._lease_token},
            )
            yield database

    @contextlib.contextmanager
    def _connected(self) -> Iterator[psycopg.Connection]:
        """A connection for one use: runs are long, and a broken one would lose the last write."""
        if not self._database_url:
            raise StateRefusedError(
                "the setting state_backend.crmhub.database_url is missing",
                "set CRMHUB_STATE_DATABASE_URL to a login of crmhub_state (`crmhub roles`)",
            )
        try:
            with connect(self._database_url, setting="CRMHUB_STATE_DATABASE_URL") as database:
                yield database
        except CrmHubError as error:
            raise StateRefusedError("the state backend", str(error)) from None
        except psycopg.Error as error:
            if error.sqlstate == _LEASE_LOST:
                raise StateRefusedError(
                    "the lease of this connection is lost",
                    "another run or a reset has taken it; nothing needs to be done",
                    error_class="lease_lost",
                ) from None
            raise StateRefusedError(
                f"the database refused the state ({error.sqlstate or type(error).__name__})",
                "look at the server's log, and check that `crmhub migrate` has been run",
            ) from None


def _connection_id(state_id: str) -> uuid.UUID:
    try:
        return uuid.UUID(state_id.rpartition(":")[2])
    except ValueError:
        raise StateRefusedError(
            f"the state id {state_id} does not end with the id of a connection",
            "run with --state-id-suffix=<connection id>, as `crmhub env` sets it",
        ) from None


def _no_connection(connection_id: uuid.UUID) -> StateRefusedError:
    return StateRefusedError(
        f"there is no connection {connection_id}",
        "`crmhub connections list` shows those known",
    )


def _tell_run(what: str, error: StateRefusedError) -> bool:
    """Say what happened to who reads a run's log, in the words of tap and target.

    Returns:
        False, and nothing is said, where a person runs `meltano state …`, which reports an error
        by itself.
    """
    if "state" in sys.argv[1:]:
        return False
    said = {
        "event": "state_failed",
        "error_class": error.error_class,
        "message": f"{what}: {error.reason}",
    }
    click.echo(json.dumps(said), err=True)
    return True
