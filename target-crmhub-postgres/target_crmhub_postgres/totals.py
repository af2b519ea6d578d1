"""Keeps the totals of a connection: live rows of streams, and deals of pipelines.

Contacts are counted as they are written, so that a run costs what it changes and not what is
stored. Deals, which are fewer, are totalled anew after a run that changed some.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from target_crmhub_postgres.queries import QUERIES

if TYPE_CHECKING:
    from target_crmhub_postgres.mapping import Stream
    from target_crmhub_postgres.session import Cursor, Session

_CONTACTS = "crm_contacts"
_DEALS = "crm_deals"


def is_live(stream: Stream) -> sql.Composable:
    """Return the condition on a row `stored`: it is neither archived nor a tombstone."""
    conditions: list[sql.Composable] = [sql.SQL("true")]
    if any(column.name == "archived" for column in stream.columns):
        conditions.append(sql.SQL("not stored.archived"))
    if stream.tombstone:
        conditions.append(sql.SQL("{} is null").format(sql.Identifier("stored", stream.tombstone)))
    return sql.SQL("({})").format(sql.SQL(" and ").join(conditions))


class Totals:
    """The totals of one session's connection."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def begin(self) -> None:
        """Have them there before anything is written; what nobody has counted is not current."""
        self._session.run(
            lambda cursor: cursor.execute(QUERIES["begin_totals"], self._session.parameters())
        )

    def note(self, cursor: Cursor, table: str | None, live: int) -> None:
        """Note that rows of a table were written, or deleted.

        Last in a transaction: whoever recomputes waits for it from here on only.

        Args:
            cursor: Of the transaction that writes them.
            table: Of schema crmhub; the others have no totals.
            live: How many more rows are live than were before.
        """
        if table == _CONTACTS and live:
            cursor.execute(QUERIES["add_to_contacts"], self._session.parameters(live=live))
        if table == _DEALS:
            cursor.execute(QUERIES["mark_deals"], self._session.parameters())

    def doubt(self, cursor: Cursor, table: str | None) -> None:
        """Have a table's rows counted anew once, whatever the differences since came to.

        Args:
            cursor: Of the transaction that ends a full pass.
            table: Of schema crmhub; the others have no totals.
        """
        if table == _CONTACTS:
            cursor.execute(QUERIES["doubt_contacts"], self._session.parameters())
        if table == _DEALS:
            cursor.execute(QUERIES["mark_deals"], self._session.parameters())

    def recompute(self) -> None:
        """Bring those that are not current up to the rows, in one transaction."""
        self._session.run(self._recompute)

    def _recompute(self, cursor: Cursor) -> None:
        named = self._session.parameters()
        cursor.execute(QUERIES["lock_totals"], named)
        held = cursor.execute(QUERIES["hold_totals"], named).fetchall()
        outdated = {row["stream"] for row in held if not row["is_current"]}
        if "contacts" in outdated:
            cursor.execute(QUERIES["recount_contacts"], named)
        if "deals" in outdated:
            cursor.execute(QUERIES["recompute_totals"], named)
            cursor.execute(QUERIES["recount_deals"], named)
