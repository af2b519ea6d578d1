"""What the pipeline page shows, as a reader of the organisation sees it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from psycopg.rows import class_row

from crmhub.queries import read_queries
from crmhub.web.status_center.readings import name_in_words

if TYPE_CHECKING:
    from decimal import Decimal
    from uuid import UUID

    import psycopg

_QUERIES: Final = read_queries(Path(__file__).with_name("pipeline.sql"))


@dataclass(frozen=True, kw_only=True)
class PipelineReading:
    """A pipeline of one of the organisation's accounts."""

    connection_id: UUID
    #: The connection's.
    display_name: str | None
    external_account_id: str | None
    #: None: deals that are in no pipeline.
    external_id: str | None
    label: str | None

    @property
    def connection_name(self) -> str:
        """What people call its connection."""
        return name_in_words(self.display_name, self.external_account_id)

    @property
    def key(self) -> str:
        """What stands for it in an address."""
        return f"{self.connection_id}:{self.external_id or ''}"

    @property
    def name(self) -> str:
        """What people call it."""
        if self.label:
            return self.label
        return f"Pipeline {self.external_id}" if self.external_id else "Without a pipeline"


@dataclass(frozen=True, kw_only=True)
class StageReading:
    """A stage as HubSpot describes it."""

    external_id: str
    label: str | None
    is_closed: bool | None
    #: From 0 to 1; of a closed stage 1 says that its deals are won.
    probability: Decimal | None
    archived: bool


@dataclass(frozen=True, kw_only=True)
class StageTotal:
    """The live deals in a stage that have one currency."""

    stage: str | None
    #: None: the account's own.
    currency: str | None
    deals: int
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class OwnerReading:
    """Who has deals in a pipeline."""

    #: None: deals that nobody owns.
    external_id: str | None
    #: None where the organisation keeps no names.
    display_name: str | None
    deals: int

    @property
    def key(self) -> str:
        """What stands for the owner in an address."""
        return self.external_id or "nobody"

    @property
    def name(self) -> str:
        """What people call the owner."""
        if self.external_id is None:
            return "Nobody"
        return self.display_name or f"Owner {self.external_id}"


def read_pipelines(database: psycopg.Connection, org_id: UUID) -> list[PipelineReading]:
    """All pipelines of the organisation's accounts, in HubSpot's order."""
    with database.cursor(row_factory=class_row(PipelineReading)) as cursor:
        return cursor.execute(_QUERIES["pipelines"], {"org_id": org_id}).fetchall()


def read_stages(
    database: psycopg.Connection, org_id: UUID, pipeline: PipelineReading
) -> list[StageReading]:
    """The pipeline's stages, in HubSpot's order."""
    with database.cursor(row_factory=class_row(StageReading)) as cursor:
        return cursor.execute(_QUERIES["stages"], _named(org_id, pipeline)).fetchall()


def read_totals(
    database: psycopg.Connection,
    org_id: UUID,
    pipeline: PipelineReading,
    owner: OwnerReading | None,
) -> list[StageTotal]:
    """Deals and amounts per stage and currency, of all owners or of one."""
    named = {
        **_named(org_id, pipeline),
        "owner": None if owner is None else owner.external_id or "",
    }
    with database.cursor(row_factory=class_row(StageTotal)) as cursor:
        return cursor.execute(_QUERIES["totals"], named).fetchall()


def read_owners(
    database: psycopg.Connection, org_id: UUID, pipeline: PipelineReading
) -> list[OwnerReading]:
    """Who has deals in the pipeline, by name where there is one, else who has the most first."""
    with database.cursor(row_factory=class_row(OwnerReading)) as cursor:
        return cursor.execute(_QUERIES["owners"], _named(org_id, pipeline)).fetchall()


def _named(org_id: UUID, pipeline: PipelineReading) -> dict[str, object]:
    return {
        "org_id": org_id,
        "connection_id": pipeline.connection_id,
        "pipeline": pipeline.external_id,
    }
