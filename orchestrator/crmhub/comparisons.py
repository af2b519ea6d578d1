"""HubSpot's counts beside ours: what a difference can mean, and the last ones of a connection."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg.types.json import Jsonb

from crmhub.queries import read_queries
from tap_hubspot_crm.probe import OBJECT_STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    import psycopg

_QUERIES = read_queries(Path(__file__).with_name("comparisons.sql"))


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One stream's counts."""

    stream: str
    hubspot: int
    ours: int
    #: Whether the connection leaves older records out (its config's start_date).
    leaves_out: bool = False

    @property
    def difference(self) -> int:
        """Ours beyond HubSpot's; negative where rows are missing."""
        return self.ours - self.hubspot

    @property
    def differs(self) -> bool:
        """Whether the counts differ by anything but what is left out on purpose."""
        return self.difference > 0 or (self.difference < 0 and not self.leaves_out)

    @property
    def meaning(self) -> str:
        """What it can mean, in one sentence."""
        if self.difference == 0:
            return "the same"
        if not self.differs:
            return "this connection leaves out what was last changed before its start_date"
        if self.stream not in OBJECT_STREAMS:
            return "changed since the last sync: sync, and compare again"
        if self.difference < 0:
            return (
                "created since the last sync, or not yet reached by an unfinished full pass: "
                "sync, and compare again"
            )
        return (
            "deleted for good since the last full pass, which finds it, or archived just now: "
            "sync, and compare again after the next full pass"
        )


def keep_comparison(
    database: psycopg.Connection, connection_id: UUID, found: Iterable[Comparison]
) -> None:
    """Keep what was found as the connection's last comparison; nobody waits for it any more."""
    counts = {
        each.stream: {"hubspot": each.hubspot, "ours": each.ours, "leaves_out": each.leaves_out}
        for each in found
    }
    database.execute(
        _QUERIES["keep_counts"],
        {
            "connection_id": connection_id,
            "counts": Jsonb(counts),
            "streams": list(OBJECT_STREAMS),
        },
    )


def keep_failure(database: psycopg.Connection, connection_id: UUID, error_class: str) -> None:
    """Keep that HubSpot told no counts, beside the last ones it told."""
    database.execute(
        _QUERIES["keep_failure"], {"connection_id": connection_id, "error_class": error_class}
    )


def want_comparison(database: psycopg.Connection, connection_id: UUID) -> None:
    """Have the next sync end with a comparison."""
    database.execute(_QUERIES["want"], {"connection_id": connection_id})


def comparison_due(database: psycopg.Connection, connection_id: UUID) -> bool:
    """Whether somebody wants one, or a full pass has ended since the last one."""
    row = database.execute(
        _QUERIES["is_due"], {"connection_id": connection_id, "streams": list(OBJECT_STREAMS)}
    ).fetchone()
    return row is not None and bool(row[0])
