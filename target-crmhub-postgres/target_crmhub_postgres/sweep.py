"""The end of a full pass: deletes what the pass did not see, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from psycopg import sql

from target_crmhub_postgres.errors import MassDeleteError
from target_crmhub_postgres.queries import QUERIES
from target_crmhub_postgres.totals import is_live

if TYPE_CHECKING:
    import logging

    from target_crmhub_postgres.mapping import Mapping, MemberSet, Stream
    from target_crmhub_postgres.session import Cursor, Session
    from target_crmhub_postgres.totals import Totals

#: The brake: a sweep that would delete more than both is refused.
MOST_SHARE: Final = 0.3
MOST_ROWS: Final = 100
#: Keys that one transaction deletes at most.
KEYS_A_TRANSACTION: Final = 5_000


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Ends full passes in one session."""

    session: Session
    mapping: Mapping
    totals: Totals
    logger: logging.Logger
    allow_mass_delete: bool

    def activate(self, stream: Stream, version: int) -> int:
        """Delete what the full pass of this version did not see; return how many keys.

        In bounded transactions: killed in between, the same call goes on where it ended. A version
        that was activated already, or an earlier one, deletes nothing: its notes are gone.
        """
        parameters = self.session.parameters(stream=stream.name, version=version)
        activated = self._first(QUERIES["find_activated"], parameters)
        deleted = 0
        if not activated or activated["version"] < version:
            deleted = self._sweep(stream, parameters)
            self.session.run(lambda cursor: self._note_activated(cursor, stream, parameters))
        self._drop_seen(parameters)
        self.logger.info("stream %s: full pass ended, %d gone", stream.name, deleted)
        return deleted

    def _note_activated(self, cursor: Cursor, stream: Stream, parameters: dict[str, Any]) -> None:
        cursor.execute(QUERIES["note_activated"], parameters)
        self.totals.doubt(cursor, stream.table)

    def _sweep(self, stream: Stream, parameters: dict[str, Any]) -> int:
        if stream.table:
            names = self._of_rows(stream, stream.table)
            self._brake(stream, "count_unseen_rows", names, parameters)
            return self._delete(stream, "delete_unseen_rows", names, parameters)
        deleted = 0
        for members in stream.sets:
            names = self._of_members(members)
            named = parameters | {"set_name": members.name}
            self._brake(stream, "count_unseen_members", names, named)
            deleted += self._delete(stream, "find_unseen_sets", names, named, locked=members)
        return deleted

    def _brake(
        self,
        stream: Stream,
        query: str,
        names: dict[str, sql.Composable],
        parameters: dict[str, Any],
    ) -> None:
        found = self._first(QUERIES[query].format(**names), parameters)
        unseen, candidates = found["unseen"], found["candidates"]
        if unseen <= MOST_ROWS or unseen <= MOST_SHARE * candidates or self.allow_mass_delete:
            return
        raise MassDeleteError(
            f"stream {stream.name}: the full pass would delete {unseen} of {candidates} rows: "
            "if the source really lost them, set allow_mass_delete"
        )

    def _delete(
        self,
        stream: Stream,
        query: str,
        names: dict[str, sql.Composable],
        parameters: dict[str, Any],
        *,
        locked: MemberSet | None = None,
    ) -> int:
        """Delete by key, as many at a time as one transaction takes, links and sets along."""
        statement = QUERIES[query].format(**names)
        position: dict[str, Any] = {"after": "", "limit": KEYS_A_TRANSACTION}
        deleted = 0
        while True:
            found, keys = self.session.run(
                lambda cursor: self._delete_next(
                    cursor, stream, statement, parameters | position, locked
                )
            )
            deleted += len(keys)
            if len(found) < KEYS_A_TRANSACTION:
                return deleted
            position["after"] = found[-1]

    def _delete_next(
        self,
        cursor: Cursor,
        stream: Stream,
        statement: sql.Composed,
        parameters: dict[str, Any],
        locked: MemberSet | None,
    ) -> tuple[list[str], list[str]]:
        """Return the keys that were looked at, and those of them that are gone."""
        # Before it is looked: what another run writes meanwhile is not deleted with it.
        if locked:
            self._lock(cursor, locked)
        if stream.table:
            cursor.execute(QUERIES["lock_rows"], self.session.parameters(table_name=stream.table))
        rows = cursor.execute(statement, parameters).fetchall()
        keys = [row["external_id"] for row in rows if row["is_gone"]]
        if keys:
            self._delete_links(cursor, stream, keys)
            self.totals.note(cursor, stream.table, -len(keys))
        return [row["external_id"] for row in rows], keys

    def _delete_links(self, cursor: Cursor, stream: Stream, keys: list[str]) -> None:
        for members in self.mapping.sets():
            is_owned = members in stream.sets or members.owner.stream == stream.name
            if is_owned or members.member.stream == stream.name:
                self._lock(cursor, members)
            if is_owned:
                self._delete_members(cursor, members, members.owner.column, keys)
                cursor.execute(
                    QUERIES["forget_sets"],
                    self.session.parameters(set_name=members.name, keys=keys),
                )
            if members.member.stream == stream.name:
                self._delete_members(cursor, members, members.member.column, keys)

    def _delete_members(
        self, cursor: Cursor, members: MemberSet, column: str, keys: list[str]
    ) -> None:
        cursor.execute(
            QUERIES["delete_members"].format(
                table=sql.Identifier("crmhub", members.table), column=sql.Identifier(column)
            ),
            self.session.parameters(keys=keys),
        )

    def _lock(self, cursor: Cursor, members: MemberSet) -> None:
        """Wait for another run that writes sets, as it waits for us: never in a circle."""
        cursor.execute(QUERIES["lock_sets"], self.session.parameters(set_name=members.name))

    def _drop_seen(self, parameters: dict[str, Any]) -> None:
        bounded = parameters | {"limit": KEYS_A_TRANSACTION}
        while (
            self.session.run(lambda cursor: cursor.execute(QUERIES["drop_seen"], bounded).rowcount)
            == KEYS_A_TRANSACTION
        ):
            pass

    def _first(
        self, statement: sql.SQL | sql.Composed, parameters: dict[str, Any]
    ) -> dict[str, Any]:
        """Return the statement's first row, empty if there is none."""
        return (
            self.session.run(lambda cursor: cursor.execute(statement, parameters).fetchone()) or {}
        )

    def _of_rows(self, stream: Stream, table: str) -> dict[str, sql.Composable]:
        return {
            "table": sql.Identifier("crmhub", table),
            "key": sql.Identifier(stream.key.column),
            "live": is_live(stream),
            "is_unseen": _is_unseen(stream.key.column),
        }

    def _of_members(self, members: MemberSet) -> dict[str, sql.Composable]:
        owner = self.mapping.streams.get(members.owner.stream or "")
        live: sql.Composable = sql.SQL("true")
        if owner and owner.table and any(column.name == "archived" for column in owner.columns):
            live = QUERIES["owner_is_not_archived"].format(
                owner_table=sql.Identifier("crmhub", owner.table),
                owner_key=sql.Identifier(owner.key.column),
                key=sql.Identifier(members.owner.column),
            )
        return {
            "table": sql.Identifier("crmhub", members.table),
            "key": sql.Identifier(members.owner.column),
            "live": live,
            "is_unseen": _is_unseen(members.owner.column),
        }


def _is_unseen(key: str) -> sql.Composable:
    return QUERIES["is_unseen"].format(key=sql.Identifier(key))
