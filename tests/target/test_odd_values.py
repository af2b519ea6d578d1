"""One odd value costs one value: the rest of its row is stored, and one warning names the place."""

from __future__ import annotations

import datetime as dt
import json
import signal
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from target.loading import FIXTURES, KEYS, record, schema, state

if TYPE_CHECKING:
    from target.loading import Hub
    from target.running import Running

#: Stands for personal data; no message may hold it.
MARK = "zzmark"
WARNING = "odd values that were read as null: "
NOT_AN_ID = "must be an id, holds an e-mail address or a phone number"
NOT_A_MOMENT = "must be a moment in ISO 8601 of the years 1 to 9999"
NOT_IN_AN_OBJECT = "leads through something that is no object"


def warnings(stderr: str) -> list[str]:
    """The warnings of odd values among lines of standard error."""
    return [line for line in stderr.splitlines() if WARNING in line]


def of(hub: Hub, table: str, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in hub.rows(table, *columns)]


@pytest.fixture
def loaded(hub: Hub) -> Hub:
    """A golden file with odd values in every stream."""
    ended = hub.run_with(hub.config, (FIXTURES / "odd_values.singer").read_bytes())
    assert (ended.status, ended.states) == (0, [{"done": True}]), ended.stderr
    return hub


def test_contacts_keep_everything_but_what_is_odd(loaded: Hub) -> None:
    email, phone = loaded.pseudonyms.email, loaded.pseudonyms.phone
    columns = (
        "external_id", "email_hash", "phone_hash", "lifecycle_stage", "owner_external_id",
        "source_created_at", "properties",
    )  # fmt: skip
    assert of(loaded, "crm_contacts", *columns) == [
        (
            "501", None, phone("+493012345678"), "customer", None, None,
            {"hs_analytics_source": "DIRECT_TRAFFIC"},
        ),
        (
            "502", email("ben@example.com"), None, None, "Olga Ö.",
            dt.datetime(2026, 1, 2, tzinfo=dt.UTC), {"hs_merged_object_ids": "1;2"},
        ),
        (
            "503", email("chloe@example.com"), None, None, None,
            dt.datetime(2026, 1, 3, tzinfo=dt.UTC), {"num_notes": 3},
        ),
    ]  # fmt: skip


def test_deals_keep_everything_but_what_is_odd(loaded: Hub) -> None:
    columns = (
        "external_id", "name", "pipeline_external_id", "stage_external_id", "amount", "currency",
        "close_date", "is_closed", "properties",
    )  # fmt: skip
    assert of(loaded, "crm_deals", *columns) == [
        ("9001", "Chairs", "Neukunden München", "Zum Abschluß 3", None, "EUR", None, False, {}),
        (
            "9002", None, "Neukunden München", "契約 済み", Decimal("1250.75"), "EUR",
            dt.datetime(2026, 2, 28, tzinfo=dt.UTC), None, {"hs_priority": "high"},
        ),
    ]  # fmt: skip


def test_a_set_keeps_all_of_its_members(loaded: Hub) -> None:
    columns = ("deal_external_id", "contact_external_id", "labels")
    assert of(loaded, "crm_deal_contacts", *columns) == [
        ("9001", "501", ["Buyer"]),
        ("9001", "502", []),
    ]


def test_a_pipeline_keeps_its_stages_and_the_next_source_stands_in(loaded: Hub) -> None:
    pipelines = of(loaded, "crm_pipelines", "external_id", "label", "display_order")
    assert pipelines == [("Neukunden München", None, None)]
    columns = ("external_id", "label", "display_order", "is_closed", "probability")
    assert of(loaded, "crm_pipeline_stages", *columns) == [
        ("Zum Abschluß 3", "Closing", None, False, Decimal("0.4")),
        ("契約 済み", "Signed", 1, True, Decimal("1.0")),
    ]


def test_an_owner_keeps_the_part_of_the_name_that_is_text(hub: Hub) -> None:
    keeping = hub.having(owner_names="keep")
    content = (FIXTURES / "odd_values.singer").read_bytes()
    assert keeping.run_with(keeping.config, content).status == 0
    owners = of(hub, "crm_owners", "external_id", "email_hash", "display_name")
    assert owners == [("71", None, "Owner")]


def test_one_warning_names_stream_path_reason_count_and_key(hub: Hub) -> None:
    ended = hub.run_with(hub.config, (FIXTURES / "odd_values.singer").read_bytes())
    [warning] = warnings(ended.stderr)
    total, _, places = warning.partition(WARNING)[2].partition("; ")
    assert total == "24"
    what_to_do, _, named = places.partition(": ")
    assert what_to_do == "correct them in the source, the rest of each row is stored"
    assert sorted(named.split("; ")) == sorted([
        "contacts.num_notes must be a number, is text (2 times: key 501, 502)",
        f"contacts.createdAt {NOT_A_MOMENT} (once: key 501)",
        "contacts.email must be text, is an array (once: key 501)",
        f"contacts.hubspot_owner_id {NOT_AN_ID} (once: key 501)",
        "contacts.recent_deal_amount has more than 1000 digits (once: key 501)",
        "contacts.phone must be text, is a number (once: key 502)",
        "contacts.lifecyclestage must be text, is an object (once: key 502)",
        "contacts.hs_email_optout must be true or false, is text (once: key 502)",
        f"contacts.notes_last_contacted {NOT_A_MOMENT} (once: key 502)",
        "deals.amount must be a finite number (once: key 9001)",
        f"deals.closedate {NOT_A_MOMENT} (once: key 9001)",
        "deals.dealname must be text, is a number (once: key 9002)",
        "deals.hs_is_closed must be true or false, is a number (once: key 9002)",
        "deals.days_to_close must be a finite number (once: key 9002)",
        "deal_contacts.contacts.types.label must be text, is a number (once: key 9001)",
        f"deal_contacts.contacts.types.label {NOT_IN_AN_OBJECT} (2 times: key 9001)",
        "owners.email must be text, is a number (once: key 71)",
        "pipelines.label must be text, is an array (once: key not shown)",
        "pipelines.displayOrder must be a whole number below 2,147,483,648 (once: key not shown)",
        "pipelines.stages.displayOrder must be a number, is text (once: key not shown)",
        "pipelines.stages.closed must be true or false, is text (once: key not shown)",
        "pipelines.stages.probability must be a number, is text (once: key not shown)",
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("stream", "fields", "words"),
    [
        ("contacts", {"email": {"a": MARK}}, "contacts.email must be text, is an object"),
        ("contacts", {"hs_additional_emails": 5}, "hs_additional_emails must be text, is a number"),
        ("contacts", {"lifecyclestage": [MARK]}, "contacts.lifecyclestage must be text, is an arr"),
        ("contacts", {"lifecyclestage": True}, "lifecyclestage must be text, is true or false"),
        ("contacts", {"hs_persona": 1.5}, "contacts.hs_persona must be text, is a number"),
        ("contacts", {"hs_lead_status": MARK * 20_000}, "hs_lead_status is longer than 65536"),
        ("contacts", {"num_notes": True}, "num_notes must be a number, is true or false"),
        ("contacts", {"num_notes": "134;137"}, "contacts.num_notes must be a number, is text"),
        ("contacts", {"num_notes": "9" * 5_000}, "contacts.num_notes must be a number, is text"),
        ("contacts", {"num_notes": float("-inf")}, "num_notes must be a finite number"),
        ("contacts", {"num_notes": 10**1_001}, "num_notes has more than 1000 digits"),
        ("contacts", {"createdAt": "0000-01-01T00:00:00Z"}, "createdAt must be a moment"),
        ("contacts", {"createdAt": "10000-01-01T00:00:00Z"}, "createdAt must be a moment"),
        ("contacts", {"createdAt": "0001-01-01T00:00:00+14:00"}, "createdAt must be a moment"),
        ("contacts", {"createdAt": "2026-01-01T24:00:01Z"}, "createdAt must be a moment"),
        ("contacts", {"createdAt": 1_579_514_400_000}, "createdAt must be a moment in ISO 8601"),
        ("contacts", {"associatedcompanyid": f"{MARK}\t"}, "associatedcompanyid must be an id"),
        ("contacts", {"hubspot_owner_id": "\ud83d 7"}, "hubspot_owner_id must be an id"),
        ("contacts", {"hubspot_owner_id": f"{MARK} +49 30 1234567"}, "hubspot_owner_id must be an"),
        ("deals", {"dealstage": "ü" * 321}, "deals.dealstage must be an id of at most 640 bytes"),
        ("deals", {"amount": "1e99999"}, "deals.amount must be a number, is text"),
        ("deals", {"amount": 10**1_001}, "deals.amount has more than 1000 digits"),
        ("deals", {"hs_is_closed_won": "yes"}, "hs_is_closed_won must be true or false, is text"),
    ],
)  # fmt: skip
def test_an_odd_value_is_null_and_named_without_its_words(
    hub: Hub, stream: str, fields: dict[str, Any], words: str
) -> None:
    key: dict[str, Any] = {KEYS[stream]: "1"}
    ended = hub.run([schema(stream), record(stream, **key, **fields)])
    sound = hub.another()
    sound.load([schema(stream), record(stream, **key)])
    apart = ("org_id", "connection_id", "synced_at")
    table = f"crm_{stream}"
    odd_row, sound_row = ({**each.rows(table)[0], **dict.fromkeys(apart)} for each in (hub, sound))
    assert ended.status == 0, ended.stderr
    assert odd_row == sound_row
    [warning] = warnings(ended.stderr)
    assert words in warning
    assert MARK not in ended.stderr


@pytest.mark.parametrize(
    "odd_id",
    [
        "Zum Abschluß 3",
        "契約 済み",
        " Closed won ",
        "3 @ 5",
        "Q1 2026 1000-5000",
        "a" * 640,
        "ü" * 320,
    ],
)
def test_ids_of_any_language_and_with_spaces_are_stored_as_they_are(hub: Hub, odd_id: str) -> None:
    lines = [
        *map(schema, ("pipelines", "deals")),
        record("pipelines", id=odd_id, label="Sales", stages=[{"id": odd_id, "label": "Closing"}]),
        record("deals", id="1", pipeline=odd_id, dealstage=odd_id, hubspot_owner_id=odd_id),
        record("deals", id=odd_id),
    ]
    ended = hub.run(lines)
    assert (ended.status, warnings(ended.stderr)) == (0, [])
    assert of(hub, "crm_pipeline_stages", "pipeline_external_id", "external_id") == [
        (odd_id, odd_id)
    ]
    assert (odd_id,) in of(hub, "crm_deals", "external_id")
    columns = ("pipeline_external_id", "stage_external_id", "owner_external_id")
    assert (odd_id, odd_id, odd_id) in of(hub, "crm_deals", *columns)
    summary = hub.database.rows(
        "select stage_label, deals from crmhub.pipeline_summary where stage_label is not null",
        role="crmhub_reader",
        org_id=hub.org_id,
    )
    assert [tuple(row.values()) for row in summary] == [("Closing", 1)]


def test_without_odd_values_there_is_no_warning(hub: Hub) -> None:
    ended = hub.run([schema("contacts"), record("contacts", id="1", num_notes="7")])
    assert warnings(ended.stderr) == []


def test_the_warning_names_three_keys_and_thirty_places_at_most(hub: Hub) -> None:
    names = [f"custom_{number}" for number in range(40)]
    odd: dict[str, Any] = {name: [MARK] for name in names}
    lines = [record("contacts", id=str(number), **odd) for number in range(5)]
    ended = hub.having(kept_properties={"contacts": names}).run([schema("contacts"), *lines])
    [warning] = warnings(ended.stderr)
    assert f"{WARNING}200; " in warning
    assert warning.count("(5 times: key 0, 1, 2)") == 30
    assert warning.endswith("; and 10 more places")


def test_a_run_that_is_refused_warns_once_before_it_says_so(hub: Hub) -> None:
    odd, refused = record("contacts", id="1", num_notes=MARK), record("contacts", id="2")
    del refused["record"]["updatedAt"]
    ended = hub.run([schema("contacts"), odd, refused])
    assert ended.error["message"] == "stream contacts, key 2: updatedAt is missing"
    assert len(warnings(ended.stderr)) == 1


def test_a_run_that_is_stopped_warns_once_before_it_says_so(running: Running) -> None:
    running.send(schema("contacts"), record("contacts", id="1", num_notes=MARK))
    running.send(record("contacts", id="2"), state(done=2))
    assert running.next_state() == {"done": 2}
    _, _, stderr = running.end(signal.SIGTERM)
    [warning] = warnings(stderr)
    assert "contacts.num_notes must be a number, is text (once: key 1)" in warning
    assert json.loads(stderr.splitlines()[-1])["event"] == "target_failed"
