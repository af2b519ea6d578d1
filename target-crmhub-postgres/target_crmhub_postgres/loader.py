"""Writes batches: COPY into a temporary table, then one statement that merges it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import postgres, sql

from target_crmhub_postgres.errors import DatabaseFailureError
from target_crmhub_postgres.packing import RowFormat, copy_blocks
from target_crmhub_postgres.queries import QUERIES
from target_crmhub_postgres.rows import member_columns, row_columns
from target_crmhub_postgres.totals import is_live

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    from target_crmhub_postgres.mapping import Mapping as ProviderMapping
    from target_crmhub_postgres.mapping import MemberSet, Stream
    from target_crmhub_postgres.rows import Row
    from target_crmhub_postgres.session import Cursor, Session
    from target_crmhub_postgres.totals import Totals

#: Notebooks of the target itself, beside the tables of the mapping.
_NOTEBOOKS = ("full_pass_seen", "full_pass_activated", "set_reads")
_TYPE = {name: postgres.types[name].oid for name in ("text", "int8", "timestamptz")}
#: Columns of the temporary tables that are the same for every stream, with their types.
_SEEN = {"version": _TYPE["int8"], "external_id": _TYPE["text"]}
_SETS = {"external_id": _TYPE["text"], "source_read_at": _TYPE["timestamptz"]}


@dataclass(frozen=True, kw_only=True)
class SetBatch:
    """Whole sets, each with when it was read, and all of their members."""

    #: (key, source_read_at), one for each set, in the order of the key.
    sets: Sequence[tuple[str, dt.datetime]]
    #: In the order of `member_columns`.
    members: Sequence[Row]


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Records of one stream: the latest version of each key, in the order of the key."""

    #: As `RowFormat` packs them, in the order of `row_columns`.
    rows: Sequence[bytes]
    #: One for each set of the stream.
    sets: Sequence[SetBatch]
    #: (version, key) of every versioned record, duplicates apart.
    seen: Sequence[tuple[int, str]]


class Loader:
    """Writes the batches of all streams in one session.

    Args:
        session: The database, one organisation and connection.
        mapping: The provider's mapping; a table or column that the database lacks raises
            DatabaseFailureError at once.
        totals: Of the connection; begun with the first stream.
    """

    def __init__(self, *, session: Session, mapping: ProviderMapping, totals: Totals) -> None:
        self._session = session
        self._totals = totals
        self._prepared: set[str] = set()
        for table, columns in _needed(mapping):
            if missing := set(columns) - set(session.columns.get(table, ())):
                names = ", ".join(sorted(missing))
                raise DatabaseFailureError(
                    f"table crmhub.{table} or its columns {names} are missing: "
                    "run `crmhub migrate` on this database"
                )

    def types(self, table: str) -> Mapping[str, int]:
        """Return column → the number of its type, of a table of schema crmhub."""
        return self._session.columns[table]

    def prepare(self, stream: Stream) -> None:
        """Have the temporary tables of a stream made before its first batch."""
        if not self._prepared:
            self._session.prepare(_create_notebooks)
            self._totals.begin()
        if stream.name not in self._prepared:
            self._session.prepare(lambda cursor: self._create_incoming_of(cursor, stream))
            self._prepared.add(stream.name)

    def write(self, stream: Stream, batch: Batch) -> None:
        """Write a batch and what a full pass has seen of it, in one transaction."""
        self._session.run(lambda cursor: self._write(cursor, stream, batch))

    def _write(self, cursor: Cursor, stream: Stream, batch: Batch) -> None:
        written = live = 0
        if stream.table and batch.rows:
            written, live = self._merge_rows(cursor, stream, stream.table, batch.rows)
        for members, sets in zip(stream.sets, batch.sets, strict=True):
            self._replace_sets(cursor, members, sets)
        if batch.seen:
            _copy(cursor, "incoming_seen", list(_SEEN), _packed(_SEEN, batch.seen))
            cursor.execute(QUERIES["note_seen"], self._session.parameters(stream=stream.name))
        if written:
            self._totals.note(cursor, stream.table, live)

    def _create_incoming_of(self, cursor: Cursor, stream: Stream) -> None:
        if stream.table:
            self._create_incoming(cursor, stream.table, row_columns(stream))
        for members in stream.sets:
            self._create_incoming(cursor, members.table, member_columns(members))
            cursor.execute(
                QUERIES["index_incoming"].format(
                    incoming=sql.Identifier("pg_temp", f"incoming_{members.table}"),
                    owner=sql.Identifier(members.owner.column),
                    member=sql.Identifier(members.member.column),
                )
            )

    def _create_incoming(self, cursor: Cursor, table: str, columns: Sequence[str]) -> None:
        cursor.execute(
            QUERIES["create_incoming"].format(
                incoming=sql.Identifier(f"incoming_{table}"),
                columns=_listed(columns),
                table=sql.Identifier("crmhub", table),
            )
        )

    def _merge_rows(
        self, cursor: Cursor, stream: Stream, table: str, rows: Sequence[bytes]
    ) -> tuple[int, int]:
        """Merge the rows of a batch.

        Returns:
            How many were written, and how many more rows are live than were before.
        """
        columns = row_columns(stream)
        types = self._session.columns[table]
        named = self._session.parameters(table_name=table)
        _copy(cursor, f"incoming_{table}", columns, rows)
        cursor.execute(QUERIES["sort_in_memory"])
        cursor.execute(QUERIES["lock_rows"], named)
        words: dict[str, sql.Composable] = {
            "table": sql.Identifier("crmhub", table),
            "incoming": sql.Identifier("pg_temp", f"incoming_{table}"),
            "columns": _listed(columns),
            "incoming_columns": _listed(columns, "incoming"),
            "key": sql.Identifier(stream.key.column),
            "stored_is_live": is_live(stream),
        }
        [new] = cursor.execute(QUERIES["insert_rows"].format(**words), named).fetchall()
        if new["written"] == len(rows):
            return new["written"], new["live"]
        content = [name for name in columns if name not in {stream.key.column, "source_read_at"}]
        order = ["source_read_at"]
        if stream.is_ordered_by_source:
            order.insert(0, "source_updated_at")
        statement = QUERIES["replace_rows"].format(
            **words,
            **_replacement(columns[1:], has_synced_at="synced_at" in types),
            **_comparison(content),
            stored_order=_ordered("stored", order),
            incoming_order=_ordered("incoming", order),
            excluded_order=_ordered("excluded", order),
        )
        [replaced] = cursor.execute(statement, named).fetchall()
        return new["written"] + replaced["written"], new["live"] + replaced["live"]

    def _replace_sets(self, cursor: Cursor, members: MemberSet, batch: SetBatch) -> None:
        if not batch.sets:
            return
        columns = member_columns(members)
        types = self._session.columns[members.table]
        named = self._session.parameters(set_name=members.name)
        cursor.execute(QUERIES["lock_sets"], named)
        _copy(cursor, "incoming_sets", list(_SETS), _packed(_SETS, batch.sets))
        incoming = f"incoming_{members.table}"
        of_members = {name: types[name] for name in columns}
        _copy(cursor, incoming, columns, _packed(of_members, batch.members))
        names = {
            "incoming": sql.Identifier("pg_temp", incoming),
            "owner": sql.Identifier(members.owner.column),
        }
        refused = cursor.execute(QUERIES["refuse_older_sets"], named).fetchall()
        if refused:
            keys = [row["external_id"] for row in refused]
            cursor.execute(QUERIES["refuse_members"].format(**names), {"keys": keys})
        cursor.execute(
            QUERIES["replace_sets"].format(
                **names,
                table=sql.Identifier("crmhub", members.table),
                member=sql.Identifier(members.member.column),
                columns=_listed(columns),
                incoming_columns=_listed(columns, "incoming"),
                **_replacement(columns[2:], has_synced_at="synced_at" in types),
                **_comparison([column.name for column in members.columns]),
            ),
            named,
        )


def _create_notebooks(cursor: Cursor) -> None:
    cursor.execute(QUERIES["create_incoming_sets"])
    cursor.execute(QUERIES["create_incoming_seen"])


def _needed(mapping: ProviderMapping) -> Iterable[tuple[str, Sequence[str]]]:
    for notebook in _NOTEBOOKS:
        yield notebook, ["org_id", "connection_id"]
    for stream in mapping.streams.values():
        if stream.table:
            yield stream.table, row_columns(stream)
        for members in stream.sets:
            yield members.table, member_columns(members)


def _packed(columns: Mapping[str, int], rows: Iterable[Sequence[object]]) -> list[bytes]:
    form = RowFormat(list(columns), columns)
    return [form.pack(row) for row in rows]


def _copy(cursor: Cursor, table: str, columns: Sequence[str], rows: Sequence[bytes]) -> None:
    statement = QUERIES["copy_incoming"].format(
        incoming=sql.Identifier("pg_temp", table), columns=_listed(columns)
    )
    with cursor.copy(statement) as copy:
        for block in copy_blocks(rows):
            copy.write(block)


def _listed(names: Iterable[str], table: str | None = None) -> sql.Composed:
    if table is None:
        return sql.SQL(", ").join(map(sql.Identifier, names))
    return sql.SQL(", ").join(sql.Identifier(table, name) for name in names)


def _replacement(columns: Sequence[str], *, has_synced_at: bool) -> dict[str, sql.Composable]:
    replaced, replacing = _listed(columns), _listed(columns, "excluded")
    if has_synced_at:
        replaced += sql.SQL(", synced_at")
        replacing += sql.SQL(", now()")
    return {"replaced": replaced, "replacing": replacing}


def _comparison(columns: Sequence[str]) -> dict[str, sql.Composable]:
    return {
        "stored_content": _listed(columns, "stored"),
        "incoming_content": _listed(columns, "incoming"),
        "excluded_content": _listed(columns, "excluded"),
    }


def _ordered(table: str, columns: Sequence[str]) -> sql.Composed:
    """A version whose source does not say when it changed comes before every other."""
    earliest = sql.SQL("coalesce({}, '-infinity')")
    return sql.SQL(", ").join(earliest.format(sql.Identifier(table, name)) for name in columns)
