"""Row-level security, seen from the roles."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import psycopg
import pytest

if TYPE_CHECKING:
    from databases import TestDatabase

ORG_A = uuid.UUID("aaaaaaaa-0000-4000-8000-000000000001")
ORG_B = uuid.UUID("bbbbbbbb-0000-4000-8000-000000000002")
INSERT_CONTACT = (
    "insert into crmhub.crm_contacts (org_id, connection_id, external_id, source_read_at) "
    "values (%s, %s, %s, now())"
)


@pytest.fixture
def two_organisations(database: TestDatabase) -> TestDatabase:
    for org in (ORG_A, ORG_B):
        _, connection = database.add_connection(org)
        database.rows(INSERT_CONTACT, [org, connection, "1"], role="crmhub_loader", org_id=org)
    return database


def test_a_reader_sees_its_own_organisation_only(two_organisations: TestDatabase) -> None:
    rows = two_organisations.rows(
        "select org_id from crmhub.crm_contacts", role="crmhub_reader", org_id=ORG_A
    )
    assert rows == [{"org_id": ORG_A}]


def test_a_reader_without_an_organisation_sees_nothing(two_organisations: TestDatabase) -> None:
    assert two_organisations.rows("select * from crmhub.crm_contacts", role="crmhub_reader") == []


def test_the_loader_cannot_write_another_organisations_row(two_organisations: TestDatabase) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security policy"):
        two_organisations.rows(
            INSERT_CONTACT, [ORG_B, uuid.uuid4(), "2"], role="crmhub_loader", org_id=ORG_A
        )
