"""What a golden file of all five streams leaves in the database, column by column."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from target.loading import record, schema

if TYPE_CHECKING:
    from target.loading import Hub

UPDATED = dt.datetime(2026, 10, 31, 10, tzinfo=dt.UTC)


def at(second: float) -> dt.datetime:
    """A moment after noon of the day the file was read."""
    return dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC) + dt.timedelta(seconds=second)


@pytest.fixture
def loaded(hub: Hub) -> Hub:
    assert hub.load_file("first_load.singer") == [
        {"bookmarks": {"contacts": {"modified": "2026-11-01T12:00:00Z"}}}
    ]
    return hub


def test_a_contact_is_stored_as_pseudonyms_and_business_properties(loaded: Hub) -> None:
    contact = loaded.rows("crm_contacts")[0]
    assert contact.pop("synced_at")
    pseudonyms = loaded.pseudonyms
    assert contact == {
        "org_id": loaded.org_id,
        "connection_id": loaded.connection_id,
        "external_id": "501",
        "email_hash": pseudonyms.email("ann@example.com"),
        "additional_email_hashes": sorted(
            filter(None, map(pseudonyms.email, ["ann@home.example", "a.n@example.org"]))
        ),
        "phone_hash": pseudonyms.phone("+493012345678"),
        "mobile_phone_hash": pseudonyms.phone("+4915123456789"),
        "hash_version": 1,
        "lifecycle_stage": "customer",
        "lead_status": "OPEN",
        "owner_external_id": "71",
        "properties": {
            "hs_analytics_source": "DIRECT_TRAFFIC",
            "hs_email_optout": False,
            "notes_last_contacted": "2026-10-31T22:00:00Z",
            "num_notes": 3,
            "recent_deal_amount": 19999999999999.99,
        },
        "source_created_at": dt.datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=dt.UTC),
        "source_updated_at": UPDATED,
        "source_read_at": at(0.5),
        "archived": False,
        "archived_at": None,
        "merged_into": None,
    }


def test_an_archived_contact_keeps_when_it_was_archived(loaded: Hub) -> None:
    contact = loaded.rows("crm_contacts", "external_id", "archived", "archived_at", "hash_version")
    assert contact[1] == {
        "external_id": "502",
        "archived": True,
        "archived_at": dt.datetime(2026, 10, 30, 11, tzinfo=dt.UTC),
        "hash_version": None,
    }


def test_a_tombstone_holds_its_survivor_and_nothing_else(loaded: Hub) -> None:
    tombstone = loaded.rows("crm_contacts")[2]
    filled = {name: value for name, value in tombstone.items() if value is not None}
    assert filled == {
        "org_id": loaded.org_id,
        "connection_id": loaded.connection_id,
        "external_id": "503",
        "source_updated_at": UPDATED,
        "source_read_at": at(0.5),
        "archived": True,
        "merged_into": "501",
        "synced_at": tombstone["synced_at"],
    }


def test_a_deal_keeps_exact_amounts_and_a_redacted_name(loaded: Hub) -> None:
    deal = loaded.rows("crm_deals")[0]
    assert deal.pop("synced_at")
    assert deal == {
        "org_id": loaded.org_id,
        "connection_id": loaded.connection_id,
        "external_id": "9001",
        "name": "Renewal for [redacted], [redacted]",
        "amount": Decimal("0.12345678901234567890123456789012345678901234567890"),
        "currency": "EUR",
        "amount_in_home_currency": 1100,
        "pipeline_external_id": "default",
        "stage_external_id": "new",
        "close_date": dt.datetime(2026, 12, 31, tzinfo=dt.UTC),
        "is_closed": False,
        "is_won": False,
        "probability": Decimal("0.1"),
        "deal_type": "newbusiness",
        "owner_external_id": "71",
        "properties": {},
        "source_created_at": dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
        "source_updated_at": UPDATED,
        "source_read_at": at(1),
        "archived": False,
        "archived_at": None,
        "merged_into": None,
    }


def test_the_contacts_of_a_deal_are_rows_with_their_labels(loaded: Hub) -> None:
    links = loaded.rows(
        "crm_deal_contacts", "deal_external_id", "contact_external_id", "labels", "source_read_at"
    )
    assert [tuple(link.values()) for link in links] == [
        ("9001", "501", ["Buyer"], at(2)),
        ("9001", "502", [], at(2)),
    ]


def test_a_pipeline_and_its_stages_are_rows_of_two_tables(loaded: Hub) -> None:
    [pipeline] = loaded.rows(
        "crm_pipelines", "external_id", "label", "display_order", "archived", "source_read_at"
    )
    assert tuple(pipeline.values()) == ("default", "Sales", 0, False, at(-2))
    stages = loaded.rows(
        "crm_pipeline_stages",
        "pipeline_external_id",
        "external_id",
        "label",
        "display_order",
        "is_closed",
        "probability",
        "archived",
    )
    assert [tuple(stage.values()) for stage in stages] == [
        ("default", "new", "New", 0, False, Decimal("0.1"), False),
        ("default", "won", "Won", 1, True, Decimal("1.0"), False),
    ]


def test_an_owner_is_a_pseudonym_without_a_name(loaded: Hub) -> None:
    [owner] = loaded.rows(
        "crm_owners", "external_id", "email_hash", "hash_version", "display_name", "archived"
    )
    assert tuple(owner.values()) == (
        "71",
        loaded.pseudonyms.email("olga@example.com"),
        1,
        None,
        False,
    )


def test_the_totals_count_live_deals_only(loaded: Hub) -> None:
    [total] = loaded.rows(
        "crm_pipeline_totals",
        "pipeline_external_id",
        "stage_external_id",
        "owner_external_id",
        "currency",
        "deals",
        "amount",
    )
    assert tuple(total.values()) == (
        "default",
        "new",
        "71",
        "EUR",
        1,
        Decimal("0.12345678901234567890123456789012345678901234567890"),
    )


def test_the_live_rows_of_contacts_and_deals_are_counted(loaded: Hub) -> None:
    """Of three contacts one is archived and one is a tombstone; of two deals one is archived."""
    counts = loaded.rows("crm_stream_totals", "stream", "live")
    assert [tuple(row.values()) for row in counts] == [("contacts", 1), ("deals", 1)]


@pytest.mark.parametrize(("is_current", "counted"), [(True, 777), (False, 1)])
def test_rows_are_counted_again_only_if_some_were_written_since(
    loaded: Hub, *, is_current: bool, counted: int
) -> None:
    """A load that was killed before it counted leaves its rows to the next one, whatever it has."""
    loaded.database.rows(
        "update crmhub.crm_stream_totals set live = 777, is_current = %s "
        "where connection_id = %s returning stream",
        [is_current, loaded.connection_id],
    )
    loaded.load_file("first_load.singer")
    counts = loaded.rows("crm_stream_totals", "live", "is_current")
    assert [tuple(row.values()) for row in counts] == [(counted, True)] * 2


def test_what_a_full_pass_has_seen_is_noted_for_every_stream(loaded: Hub) -> None:
    seen = loaded.rows("full_pass_seen", "stream", "external_id", "version")
    assert [tuple(row.values()) for row in seen] == [
        ("contacts", "501", 1),
        ("contacts", "502", 1),
        ("contacts", "503", 1),
        ("deal_contacts", "9001", 1),
        ("deal_contacts", "9003", 1),
        ("deals", "9001", 1),
        ("deals", "9002", 1),
        ("owners", "71", 1),
        ("pipelines", "default", 1),
    ]


def test_an_organisation_may_keep_owner_names_and_drop_deal_names(hub: Hub) -> None:
    chosen = hub.having(owner_names="keep", deal_names="drop")
    chosen.load_file("first_load.singer")
    assert [row["display_name"] for row in chosen.rows("crm_owners")] == ["Olga Owner"]
    assert [row["name"] for row in chosen.rows("crm_deals")] == [None, None]


def test_a_kept_property_is_stored_with_its_text_redacted(hub: Hub) -> None:
    chosen = hub.having(kept_properties={"deals": ["custom_note", "custom_count", "amount"]})
    chosen.load(
        [
            schema("deals"),
            record(
                "deals", id="9009", custom_note="ask ann@example.com", custom_count=1.50, other=1
            ),
        ]
    )
    [deal] = chosen.rows("crm_deals", "properties")
    assert deal["properties"] == {"custom_note": "ask [redacted]", "custom_count": 1.5}
