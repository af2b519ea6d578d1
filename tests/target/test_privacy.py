"""Marked personal values go in everywhere; a dump and everything printed hold none of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql
from target.loading import record, schema

if TYPE_CHECKING:
    from target.loading import Hub

#: In every personal value below, whatever its kind.
MARK = "Zzmarkson"
PHONE = "30998877665"

PERSON: dict[str, Any] = {
    "email": f"Ann.{MARK}@example.com",
    "hs_additional_emails": f"{MARK}@home.example;b.{MARK}@example.org",
    "phone": f"+49{PHONE}",
    "mobilephone": f"+49 {PHONE}",
    "firstname": MARK,
    "lastname": MARK,
    "address": {"street": MARK, "lines": [MARK]},
    "date_of_birth": MARK,
    "company": MARK,
    "custom_note": MARK,
    MARK: MARK,
}


@pytest.fixture
def hub(lone_hub: Hub) -> Hub:
    """Alone in its database, which is looked through as a whole."""
    return lone_hub


def everything_stored(hub: Hub) -> str:
    """Every row of every table of every schema of ours, as text."""
    with psycopg.connect(hub.database.url) as connection:
        tables = connection.execute(
            "select schemaname, tablename from pg_tables where schemaname = 'crmhub'"
        ).fetchall()
        query = sql.SQL("select coalesce(string_agg(t::text, ' '), '') from {} as t")
        texts = [
            connection.execute(query.format(sql.Identifier(*table))).fetchone() for table in tables
        ]
    assert len(texts) > 10
    return " ".join(str(text) for text in texts)


def test_no_marked_value_is_stored_or_printed(hub: Hub) -> None:
    ended = hub.run([
        schema("contacts"),
        schema("deals"),
        schema("deal_contacts"),
        schema("owners"),
        schema("pipelines"),
        record("contacts", id="1", lifecyclestage="lead", **PERSON),
        record("deals", id="2", dealname=f"For {MARK}@example.com, +49 {PHONE}",
               description=MARK, closed_lost_reason=MARK),
        record("deal_contacts", deal_id="2", contacts=[
            {"id": "1", "name": MARK, "types": [{"label": f"{MARK}@example.com", "note": MARK}]},
        ]),
        record("owners", id="3", email=f"{MARK}@example.com", firstName=MARK, lastName=MARK),
        record("pipelines", id="4", label=f"Of {MARK}@example.com", owner=MARK, stages=[]),
        {"type": "STATE", "value": {"bookmark": 1}},
    ])  # fmt: skip
    assert (ended.status, ended.states) == (0, [{"bookmark": 1}])
    stored = everything_stored(hub)
    assert "lead" in stored
    assert "[redacted]" in stored
    for haystack in (stored, ended.stdout, ended.stderr):
        assert MARK.lower() not in haystack.lower()
        assert PHONE not in haystack.replace(" ", "")
    [contact] = hub.rows("crm_contacts", "email_hash", "phone_hash", "mobile_phone_hash")
    assert contact == {
        "email_hash": hub.pseudonyms.email(PERSON["email"]),
        "phone_hash": hub.pseudonyms.phone(f"+49{PHONE}"),
        "mobile_phone_hash": hub.pseudonyms.phone(f"+49{PHONE}"),
    }


def test_nul_and_half_characters_are_cleaned(hub: Hub) -> None:
    lines = [
        json.dumps(schema("deals")),
        json.dumps(
            record("deals", id="1", dealname="a\0b \ud83d c", hs_priority="x\0y", dealtype="\0")
        ),
    ]
    hub.load(lines)
    [deal] = hub.rows("crm_deals", "name", "properties", "deal_type")
    assert deal == {
        "name": "ab \ufffd c",
        "properties": {"hs_priority": "xy"},
        "deal_type": None,
    }


def test_an_option_that_is_named_after_a_mailbox_is_kept_without_it(hub: Hub) -> None:
    hub.load(
        [
            schema("contacts"),
            record("contacts", id="1", hs_lead_status=f"{MARK}@example.com (10-50)"),
        ]
    )
    assert hub.rows("crm_contacts", "lead_status") == [{"lead_status": "[redacted] (10-50)"}]


def test_phone_numbers_that_cannot_be_told_are_counted_not_shown(hub: Hub) -> None:
    ended = hub.run(
        [
            schema("contacts"),
            record("contacts", id="1", phone="030 998877665"),
            record("contacts", id="2", phone="030 998877665", mobilephone="call me"),
        ]
    )
    assert "null: 3; " in ended.stderr
    assert "contacts.phone_hash holds a phone number of no possible form" in ended.stderr
    assert "998877665" not in ended.stderr
    hub.having(default_phone_region="DE").load(
        [
            schema("contacts"),
            record("contacts", id="1", phone="030 998877665"),
        ]
    )
    assert hub.rows("crm_contacts", "external_id", "phone_hash")[0]["phone_hash"] == (
        hub.pseudonyms.phone("+4930998877665")
    )
