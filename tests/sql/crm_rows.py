"""Fills a database with the rows of many organisations, as their loaders would leave them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from psycopg.rows import dict_row

from crmhub.queries import read_queries

_QUERIES: Final = read_queries(Path(__file__).with_name("crm_rows.sql"))
_IN_ORDER: Final = (
    "make_uuid",
    "add_connections",
    "add_contacts",
    "add_deals",
    "add_deal_contacts",
    "add_pipelines",
    "add_stages",
    "add_totals",
)


@dataclass(frozen=True, kw_only=True)
class CrmRows:
    """How many rows there are; an organisation's are spread over each table."""

    #: At most a million, above which keys would repeat.
    contacts: int
    orgs: int

    @property
    def deals(self) -> int:
        """One for four contacts."""
        return self.contacts // 4

    @staticmethod
    def org_id(number: int) -> uuid.UUID:
        """The organisation of this number, from 0."""
        return uuid.UUID(f"88888888-0000-4000-8000-{number:012}")

    def fill(self, url: str) -> None:
        """Make the rows and their statistics, as the superuser whose connection string this is."""
        counts = {"contacts": self.contacts, "deals": self.deals, "orgs": self.orgs}
        with psycopg.connect(url) as connection:
            for name in _IN_ORDER:
                connection.execute(_QUERIES[name], counts)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("vacuum (analyze)")

    def example(self, url: str, org_id: uuid.UUID) -> dict[str, str]:
        """What to ask for as this organisation, by the names that the README uses."""
        with psycopg.connect(url, row_factory=dict_row) as connection:
            found = connection.execute(_QUERIES["find_example"], {"org": org_id}).fetchone()
        assert found is not None
        return {"org": str(org_id), **found}
