"""Sets HubSpot's counts beside ours, and says what a difference can mean."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crmhub.database import connect
from crmhub.errors import HubSpotCountError
from crmhub.queries import read_queries
from crmhub.sync.environment import tap_settings
from tap_hubspot_crm.probe import TapError, count_records

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmhub.connections import Connection
    from crmhub.vault.secret import Secret

_QUERIES = read_queries(Path(__file__).with_name("verify.sql"))


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One stream's counts."""

    stream: str
    hubspot: int
    ours: int

    @property
    def difference(self) -> int:
        """Ours beyond HubSpot's; negative where rows are missing."""
        return self.ours - self.hubspot

    @property
    def meaning(self) -> str:
        """What it can mean, in one sentence."""
        if self.difference == 0:
            return "the same"
        if self.stream not in {"contacts", "deals"}:
            return "changed since the last sync: sync, and verify again"
        if self.difference < 0:
            return (
                "created since the last sync, or not yet reached by an unfinished full pass: "
                "sync, and verify again"
            )
        return (
            "deleted for good since the last full pass, which finds it, or archived just now: "
            "sync, and verify again after the next full pass"
        )


def count_at_hubspot(
    connection: Connection, *, token: Secret, api_url: str | None
) -> dict[str, int]:
    """Stream → records HubSpot has; raises HubSpotCountError with the class of its refusal."""
    settings = {**tap_settings(connection, api_url=api_url), "access_token": token.reveal()}
    try:
        return count_records(settings)
    except TapError as error:
        raise HubSpotCountError(f"{error.error_class}: {error.message} {error.remedy}") from None


def count_rows(reader_url: str, connection: Connection) -> dict[str, int]:
    """Stream → rows in the canonical tables, counted as a reader of the organisation."""
    named = {"org_id": connection.org_id, "connection_id": connection.id}
    with (
        connect(reader_url, setting="CRMHUB_READER_DATABASE_URL") as database,
        database.transaction(),
    ):
        database.execute(_QUERIES["see_organisation"], named)
        return dict(database.execute(_QUERIES["count_rows"], named).fetchall())


def compare_counts(hubspot: Mapping[str, int], ours: Mapping[str, int]) -> list[Comparison]:
    """The counts side by side, for the streams that both have."""
    return [
        Comparison(stream=stream, hubspot=count, ours=ours[stream])
        for stream, count in hubspot.items()
    ]
