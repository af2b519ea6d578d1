"""Another CRM is another mapping file and no code: a made-up one, loaded from end to end."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from target.loading import FIXTURES

from target_crmhub_postgres.target import TargetCrmHubPostgres

if TYPE_CHECKING:
    from target.loading import Hub


class TargetForOtherCrm(TargetCrmHubPostgres):
    """The target with a made-up CRM's mapping file; all it adds is where that lies."""

    mapping_folder = FIXTURES


@pytest.fixture
def other(hub: Hub) -> Hub:
    """The made-up CRM's golden file, loaded."""
    loaded = replace(hub, target=TargetForOtherCrm).having(provider="other_crm")
    assert loaded.load_file("other_crm.singer")[-1] == {"page": 2}
    return loaded


def of(hub: Hub, table: str, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in hub.rows(table, *columns)]


def utc(moment: str) -> dt.datetime:
    return dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC)


def test_people_become_contacts_in_the_version_that_changed_last(other: Hub) -> None:
    email, phone = other.pseudonyms.email, other.pseudonyms.phone
    columns = (
        "external_id",
        "email_hash",
        "phone_hash",
        "lifecycle_stage",
        "properties",
        "archived",
        "merged_into",
        "source_updated_at",
    )
    assert of(other, "crm_contacts", *columns) == [
        ("10", None, None, None, None, False, "7", utc("2026-11-01T10:00")),
        (
            "7",
            email("ann@example.com"),
            phone("+14155552671"),
            "warm",
            {"score": 5},
            False,
            None,
            utc("2026-11-02"),
        ),
        ("8", None, None, None, {}, True, None, utc("2026-11-01")),
    ]


def test_chances_become_deals(other: Hub) -> None:
    columns = (
        "external_id",
        "name",
        "amount",
        "currency",
        "pipeline_external_id",
        "stage_external_id",
        "close_date",
        "is_won",
        "owner_external_id",
    )
    assert of(other, "crm_deals", *columns) == [
        (
            "70",
            "Chairs",
            Decimal("1500.5"),
            "USD",
            "sales",
            "talk",
            utc("2026-12-24"),
            False,
            "3",
        ),
        ("71", "Tables", Decimal(20), "EUR", "sales", "signed", None, True, None),
    ]


def test_who_takes_part_becomes_links_and_goes_with_who_is_gone(other: Hub) -> None:
    """Person 9, a part of chance 70, was not seen by the second full pass."""
    columns = ("deal_external_id", "contact_external_id", "labels")
    assert of(other, "crm_deal_contacts", *columns) == [("70", "7", ["buyer"])]


def test_funnels_and_agents_become_pipelines_and_owners(other: Hub) -> None:
    stages = of(other, "crm_pipeline_stages", "pipeline_external_id", "external_id", "probability")
    assert stages == [("sales", "signed", Decimal(1)), ("sales", "talk", Decimal("0.25"))]
    [owner] = of(other, "crm_owners", "external_id", "email_hash", "display_name")
    assert owner[:2] == ("3", other.pseudonyms.email("bo@example.com"))


def test_readers_find_the_other_crm_in_the_same_views(other: Hub) -> None:
    summary = other.database.rows(
        "select pipeline_label, stage_label, currency, deals, amount from crmhub.pipeline_summary "
        "order by stage_order",
        role="crmhub_reader",
        org_id=other.org_id,
    )
    assert [tuple(row.values()) for row in summary] == [
        ("Sales", "Talking", "USD", 1, Decimal("1500.5")),
        ("Sales", "Signed", "EUR", 1, Decimal(20)),
    ]
    [activity] = other.database.rows(
        "select email_hash, open_deals, won_deals from crmhub.contact_activity",
        role="crmhub_reader",
        org_id=other.org_id,
    )
    assert tuple(activity.values()) == (other.pseudonyms.email("ann@example.com"), 1, 0)
