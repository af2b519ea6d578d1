"""The contacts of a deal: a record replaces the whole set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target.loading import record, schema

if TYPE_CHECKING:
    from target.loading import Hub, Message


def hour(number: int) -> str:
    return f"2026-11-02T{number:02}:00:00Z"


def contacts_of(deal: str, read: int, *contacts: str, label: str = "Buyer") -> Message:
    types = [{"category": "USER_DEFINED", "type_id": 1, "label": label}]
    members = [{"id": contact, "types": types} for contact in contacts]
    return record("deal_contacts", hour(read), deal_id=deal, contacts=members)


def links(hub: Hub) -> set[tuple[str, str]]:
    rows = hub.rows("crm_deal_contacts", "deal_external_id", "contact_external_id")
    return {(row["deal_external_id"], row["contact_external_id"]) for row in rows}


def load(hub: Hub, *messages: Message) -> None:
    hub.load([schema("deal_contacts"), *messages])


def test_a_later_set_replaces_the_earlier_one_and_no_other_deals(hub: Hub) -> None:
    load(hub, contacts_of("1", 1, "10", "11"), contacts_of("2", 1, "10"))
    load(hub, contacts_of("1", 2, "11", "12"))
    assert links(hub) == {("1", "11"), ("1", "12"), ("2", "10")}


def test_an_empty_set_takes_the_links_away(hub: Hub) -> None:
    load(hub, contacts_of("1", 1, "10"))
    load(hub, contacts_of("1", 2))
    assert links(hub) == set()


def test_an_older_set_never_replaces_a_newer_one(hub: Hub) -> None:
    load(hub, contacts_of("1", 3, "10"))
    load(hub, contacts_of("1", 2, "10", "11"))
    assert links(hub) == {("1", "10")}


def test_an_older_set_never_replaces_a_newer_empty_one(hub: Hub) -> None:
    load(hub, contacts_of("1", 3))
    load(hub, contacts_of("1", 2, "10"))
    assert links(hub) == set()


def test_a_set_that_shrank_keeps_an_older_larger_one_out(hub: Hub) -> None:
    load(hub, contacts_of("1", 1, "10", "11"))
    load(hub, contacts_of("1", 3, "10"))
    load(hub, contacts_of("1", 2, "10", "11"))
    assert links(hub) == {("1", "10")}


def test_the_latest_of_duplicate_sets_in_a_batch_wins(hub: Hub) -> None:
    load(hub, contacts_of("1", 3, "12"), contacts_of("1", 2, "10", "11"))
    assert links(hub) == {("1", "12")}


def test_a_contact_named_twice_in_a_set_is_one_link(hub: Hub) -> None:
    load(hub, contacts_of("1", 1, "10", "10"))
    assert links(hub) == {("1", "10")}


def test_a_changed_label_is_written(hub: Hub) -> None:
    load(hub, contacts_of("1", 1, "10", label="Buyer"))
    load(hub, contacts_of("1", 2, "10", label="ask ann@example.com"))
    assert [row["labels"] for row in hub.rows("crm_deal_contacts", "labels")] == [
        ["ask [redacted]"]
    ]
