"""Connections, runs and pipelines of one organisation, as a test wants them."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from crmhub.queries import read_queries

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg

_QUERIES: Final = read_queries(Path(__file__).with_name("org_rows.sql"))
_accounts = itertools.count(7_000_001)


@dataclass(frozen=True, kw_only=True)
class OrgRows:
    """One organisation's rows."""

    #: The superuser's, each statement a transaction.
    connection: psycopg.Connection
    org_id: uuid.UUID

    def of(self, org_id: uuid.UUID) -> OrgRows:
        """Another organisation's."""
        return replace(self, org_id=org_id)

    def add_connection(
        self,
        name: str | None = "Alder & Sons",
        *,
        status: str = "connected",
        error_class: str | None = None,
        error_message: str | None = None,
        live: Mapping[str, int] | None = None,
    ) -> uuid.UUID:
        """A connection that was synced five minutes ago."""
        connection_id = self._one(
            "add_connection",
            name=name,
            account=str(next(_accounts)),
            status=status,
            error_class=error_class,
            error_message=error_message,
        )
        for stream, count in (live or {}).items():
            self._run("add_stream_total", connection_id=connection_id, stream=stream, live=count)
        return connection_id

    def add_portals(self, count: int) -> None:
        """Connections "Portal 000" and so on; of each hundred the eighth is paused."""
        self._run("add_portals", count=count)

    def connection_named(self, name: str) -> uuid.UUID:
        """The connection of this name."""
        return self._one("connection_named", name=name)

    def add_run(
        self,
        connection_id: uuid.UUID,
        status: str = "succeeded",
        *,
        minutes_ago: int = 5,
        seconds: float = 3.0,
        records: Mapping[str, int] | None = None,
        error_class: str | None = None,
    ) -> uuid.UUID:
        """A run that began so long ago."""
        return self._one(
            "add_run",
            connection_id=connection_id,
            status=status,
            minutes_ago=minutes_ago,
            seconds=seconds,
            records=Jsonb(dict(records or {})),
            error_class=error_class,
        )

    def add_comparison(
        self,
        connection_id: uuid.UUID,
        *,
        minutes_ago: int = 120,
        error_class: str | None = None,
        **counts: tuple[int, int],
    ) -> None:
        """HubSpot's counts and ours by stream; with `error_class`, a later try that failed."""
        self._run(
            "add_comparison",
            connection_id=connection_id,
            minutes_ago=minutes_ago,
            error_class=error_class,
            counts=Jsonb(
                {
                    stream: {"hubspot": hubspot, "ours": ours, "leaves_out": False}
                    for stream, (hubspot, ours) in counts.items()
                }
            ),
        )

    def comparisons(self, connection_id: uuid.UUID) -> list[dict[str, Any]]:
        """What is kept of the connection's last comparison: one row, or none."""
        return self._run("comparisons", connection_id=connection_id)

    def note_progress(self, run_id: uuid.UUID, records: Mapping[str, int]) -> None:
        """Let a run have read so many rows."""
        self._run("note_progress", run_id=run_id, records=Jsonb(dict(records)))

    def end_run(self, run_id: uuid.UUID) -> None:
        """Let a run have succeeded; its connection is not touched."""
        self._run("end_run", run_id=run_id)

    def pause_an_hour_ago(self, connection_id: uuid.UUID) -> None:
        """Let a connection have been paused longer ago than any stream looks back."""
        with self.connection.transaction():
            self._run("without_triggers")
            self._run("pause_an_hour_ago", connection_id=connection_id)

    def ask_to_erase_long_ago(self) -> None:
        """Let what is to be erased have been so for long enough that a worker looks after it."""
        self._run("ask_to_erase_long_ago")

    def note_success(self, connection_id: uuid.UUID) -> None:
        """Let a connection have been synced just now, by a run that nobody saw going on."""
        self._run("note_success", connection_id=connection_id)

    def end_sessions(self) -> None:
        """Let everybody's session have expired."""
        self._run("end_sessions")

    def add_pipeline(
        self,
        connection_id: uuid.UUID,
        pipeline: str = "sales",
        label: str = "Sales",
        *,
        stages: Mapping[str, tuple[str, float | None]],
    ) -> None:
        """A pipeline; `stages` is id → label and, for a closed one, its probability."""
        place = {"connection_id": connection_id, "pipeline": pipeline}
        self._run("add_pipeline", **place, label=label, place=0)
        for number, (stage, (name, probability)) in enumerate(stages.items()):
            self._run(
                "add_stage",
                **place,
                stage=stage,
                label=name,
                place=number,
                is_closed=probability is not None,
                probability=probability,
            )

    def add_total(
        self,
        connection_id: uuid.UUID,
        stage: str | None,
        deals: int,
        amount: float | None,
        *,
        currency: str | None = "EUR",
        owner: str | None = "71",
        pipeline: str | None = "sales",
    ) -> None:
        """Live deals of one owner and currency in a stage."""
        self._run(
            "add_total",
            connection_id=connection_id,
            pipeline=pipeline,
            stage=stage,
            owner=owner,
            currency=currency,
            deals=deals,
            amount=amount,
        )

    def runs(self, connection_id: uuid.UUID) -> list[tuple[str, str]]:
        """Why each run was asked for, and how it stands."""
        rows = self._run("run_outcomes", connection_id=connection_id)
        return [(row["trigger"], row["status"]) for row in rows]

    def _run(self, query: str, /, **named: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - what psycopg takes
        with self.connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute(_QUERIES[query], {"org_id": self.org_id, **named})
            return [] if cursor.description is None else cursor.fetchall()

    def _one(self, query: str, /, **named: Any) -> uuid.UUID:  # noqa: ANN401 - what psycopg takes
        [row] = self._run(query, **named)
        found = row["id"]
        assert isinstance(found, uuid.UUID)
        return found
