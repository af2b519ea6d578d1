"""Find and erase a person in the tables of one organisation, known by an e-mail address.

The address becomes the organisation's pseudonym of it at once; nothing else of it is kept, asked
for or shown. Row-level security holds both to the organisation.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg.rows import class_row, dict_row

from crmhub.database import connect
from crmhub.errors import InvalidSettingsError, UnknownOrganisationError
from crmhub.queries import read_queries
from target_crmhub_postgres.pii import HASH_VERSION, Pseudonyms

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from crmhub.settings import DatabaseUrls

_QUERIES = read_queries(Path(__file__).with_name("person.sql"))


@dataclass(frozen=True, kw_only=True)
class Trace:
    """One row that tells of the person."""

    #: crm_contacts, crm_deal_contacts or crm_owners.
    table_name: str
    connection_id: UUID
    #: HubSpot's id of the contact or owner.
    external_id: str
    #: Of a link: HubSpot's id of the deal.
    deal_external_id: str | None


@dataclass(frozen=True, kw_only=True)
class Erasure:
    """What was erased, and what a second look found."""

    #: Table → rows.
    rows: Mapping[str, int]
    #: Runs in flight that were ended, so that none writes what it read before.
    ended_runs: int
    #: Rows that were there again when they were looked for afterwards.
    left: int


def pseudonyms_of_organisation(database_url: str, org_id: UUID, *, salt: str) -> Pseudonyms:
    """What makes an organisation's pseudonyms, once it is certain that these are in its tables.

    Args:
        database_url: A login of crmhub_orchestrator.
        org_id: The organisation.
        salt: PII_HASH_SALT.

    Raises UnknownOrganisationError; InvalidSettingsError for another salt than the organisation's,
    by which nobody would ever be found; and as `connect`.
    """
    with connect(database_url) as database:
        found = (
            database.cursor(row_factory=dict_row)
            .execute(
                _QUERIES["view_organisation"], {"org_id": org_id, "hash_version": HASH_VERSION}
            )
            .fetchone()
        ) or {}
    if not found["is_known"]:
        raise UnknownOrganisationError(
            f"no connection is of organisation {org_id}: `crmhub connections list` shows them all"
        )
    pseudonyms = Pseudonyms(org_id=org_id, salt=salt)
    if found["fingerprint"] not in {None, pseudonyms.fingerprint}:
        raise InvalidSettingsError(
            "PII_HASH_SALT is not the one of this organisation's pseudonyms: set the earlier one"
        )
    return pseudonyms


def find_person(reader_url: str, org_id: UUID, pseudonym: bytes) -> list[Trace]:
    """Every row of the organisation that tells of the person, by table, connection and id.

    Also the rows of contacts that were merged into the person's. Raises as `connect`.
    """
    named = {"org_id": org_id, "pseudonym": pseudonym}
    with (
        connect(reader_url, setting="CRMHUB_READER_DATABASE_URL") as database,
        database.transaction(),
    ):
        database.execute(_QUERIES["see_organisation"], named)
        with database.cursor(row_factory=class_row(Trace)) as cursor:
            return cursor.execute(_QUERIES["find_traces"], named).fetchall()


def erase_person(urls: DatabaseUrls, org_id: UUID, pseudonym: bytes) -> Erasure:
    """Erase what `find_person` finds, and look again. Raises as `connect`.

    Runs of the organisation that go on are fenced off first: whatever is written from then on was
    read afterwards. HubSpot's own record is not ours to delete; until it is deleted there, the
    next run brings the person back.
    """
    named = {"org_id": org_id, "pseudonym": pseudonym}
    with connect(urls.orchestrator) as database:
        ended_runs = database.execute(_QUERIES["fence_runs"], named).rowcount
    with (
        connect(urls.loader, setting="CRMHUB_LOADER_DATABASE_URL") as database,
        database.transaction(),
    ):
        database.execute(_QUERIES["see_organisation"], named)
        with database.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(_QUERIES["erase_traces"], named).fetchone() or {}
    left = find_person(urls.reader, org_id, pseudonym)
    return Erasure(rows=rows, ended_runs=ended_runs, left=len(left))
