"""What each index costs a first load: CPU of the server's process, and write-ahead log."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg
from benchmarks.server_cpu import server_cpu_seconds
from psycopg import sql

from crmhub.queries import read_queries

if TYPE_CHECKING:
    import uuid

_QUERIES: Final = read_queries(Path(__file__).with_name("index_costs.sql"))
#: Table → what orders its rows within a connection.
_KEYS: Final = {
    "crm_contacts": ("external_id",),
    "crm_deals": ("external_id",),
    "crm_deal_contacts": ("deal_external_id", "contact_external_id"),
}


@dataclass(frozen=True, kw_only=True)
class Load:
    """One load of all rows of a table."""

    table: str
    rows: int
    #: The indexes that were not there.
    left_out: tuple[str, ...]
    cpu_seconds: float
    wal_bytes: int


def index_costs(
    connection: psycopg.Connection[Any], *, batch_rows: int, repeats: int
) -> list[Load]:
    """Load the rows of the large tables anew: with all indexes, without each, with keys only.

    Args:
        connection: A superuser's, in autocommit; the tables are full and are afterwards too.
        batch_rows: How many rows of an organisation are inserted at once.
        repeats: How often each load is measured, in turns; that with the least CPU counts.
    """
    loads: list[Load] = []
    for table, key in _KEYS.items():
        staged = _Staged(connection, table, key, batch_rows)
        indexes = list(staged.indexes)
        ways = list(dict.fromkeys([(), *((index,) for index in indexes), tuple(indexes)]))
        rounds = [[staged.load(way) for way in ways] for _ in range(repeats)]
        loads += [
            min(same, key=lambda load: load.cpu_seconds) for same in zip(*rounds, strict=True)
        ]
        staged.drop()
    return loads


class _Staged:
    """One table, with its rows aside."""

    def __init__(
        self, connection: psycopg.Connection[Any], table: str, key: tuple[str, ...], batch_rows: int
    ) -> None:
        self._connection = connection
        self._table = table
        columns = self._found("find_columns")
        self._words = {
            "table": sql.Identifier("crmhub", table),
            "key": sql.SQL(", ").join(map(sql.Identifier, key)),
            "columns": sql.SQL(", ").join(sql.Identifier(name) for (name,) in columns),
        }
        self._run("stage_rows", batch_rows=sql.Literal(batch_rows))
        self._run("index_staged")
        connection.execute("vacuum (analyze) staged")
        self._batches: list[tuple[int, uuid.UUID]] = self._found("find_batches")
        #: Name → what makes it again.
        self.indexes: dict[str, sql.SQL] = dict(self._found("find_indexes"))

    def load(self, left_out: tuple[str, ...]) -> Load:
        """Load all rows, batch by batch in transactions of their own."""
        for index in left_out:
            self._connection.execute(
                sql.SQL("drop index {}").format(sql.Identifier("crmhub", index))
            )
        self._run("empty")
        self._connection.execute("checkpoint")
        cpu, wal = self._used()
        statement = sql.SQL(_QUERIES["load_batch"]).format(**self._words)
        rows = sum(
            self._connection.execute(statement, {"batch": batch, "org_id": org}).rowcount
            for batch, org in self._batches
        )
        cpu_after, wal_after = self._used()
        for index in left_out:
            self._connection.execute(self.indexes[index])
        return Load(
            table=self._table,
            rows=rows,
            left_out=left_out,
            cpu_seconds=cpu_after - cpu,
            wal_bytes=wal_after - wal,
        )

    def drop(self) -> None:
        """Leave the table as it was found, but for the order of its rows."""
        self._connection.execute("drop table staged")

    def _used(self) -> tuple[float, int]:
        """CPU seconds of the server's process so far, and bytes of log."""
        [[written]] = self._found("find_written")
        return server_cpu_seconds(self._connection), int(written)

    def _found(self, name: str) -> list[Any]:
        query = _QUERIES[name]
        return self._connection.execute(query, {"table": f"crmhub.{self._table}"}).fetchall()

    def _run(self, name: str, **words: sql.Composable) -> None:
        self._connection.execute(sql.SQL(_QUERIES[name]).format(**self._words, **words))
