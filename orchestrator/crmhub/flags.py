"""Which organisation sees what."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from psycopg.rows import class_row

from crmhub.queries import read_queries

if TYPE_CHECKING:
    from uuid import UUID

    import psycopg

_QUERIES = read_queries(Path(__file__).with_name("flags.sql"))

#: Opens the Status Center to an organisation.
CRM_HUB: Final = "crm_hub"
FLAGS: Final = (CRM_HUB,)


@dataclass(frozen=True, kw_only=True)
class Flag:
    """One organisation's switch; one that was never set is off."""

    org_id: UUID
    flag: str
    enabled: bool


def set_flag(database: psycopg.Connection, org_id: UUID, flag: str, *, enabled: bool) -> None:
    """Turn a flag on or off for an organisation."""
    database.execute(_QUERIES["set_flag"], {"org_id": org_id, "flag": flag, "enabled": enabled})


def list_flags(database: psycopg.Connection, *, org_id: UUID | None = None) -> list[Flag]:
    """The flags that were ever set, of one organisation or of all."""
    with database.cursor(row_factory=class_row(Flag)) as cursor:
        return cursor.execute(_QUERIES["list_flags"], {"org_id": org_id}).fetchall()
