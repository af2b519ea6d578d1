"""Fills a database with a fleet of connections, few of which are due, and polls it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg
from sql.plans import carried_out

from crmhub.engine import poll
from crmhub.queries import read_queries

if TYPE_CHECKING:
    from sql.plans import Plan

_QUERIES: Final = read_queries(Path(__file__).with_name("fleet_rows.sql"))
_POLL: Final = read_queries(Path(poll.__file__).with_name("poll.sql"))["request_due"]
_IN_ORDER: Final = ("add_connections", "add_runs", "add_runs_in_flight", "lease_what_runs")


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """How many connections there are."""

    connections: int
    orgs: int
    #: How many should have been synced by now.
    due: int

    def fill(self, url: str) -> None:
        """Make the rows and their statistics, as the superuser whose connection string this is."""
        counts = {"connections": self.connections, "orgs": self.orgs, "due": self.due}
        with psycopg.connect(url) as connection:
            for name in _IN_ORDER:
                connection.execute(_QUERIES[name], counts)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("vacuum (analyze)")


def remember_all_as_due(url: str) -> None:
    """Leave the statistics of a time when every connection was due."""
    with psycopg.connect(url, autocommit=True) as connection:
        for name in ("no_statistics_by_itself", "make_all_due", "analyze", "undo_make_all_due"):
            connection.execute(_QUERIES[name])
        connection.execute("vacuum")


def polled(connection: psycopg.Connection[Any], *, limit: int) -> Plan:
    """The plan of a poll that was carried out and taken back, as `crmhub_orchestrator`."""
    plan = carried_out(connection, _POLL, {"limit": limit})
    connection.rollback()
    return plan
