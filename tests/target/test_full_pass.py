"""The end of a full pass: exactly what it did not see goes, and the brake."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from target.loading import activate, record, schema

from target_crmhub_postgres.errors import InvalidRecordError, MassDeleteError

if TYPE_CHECKING:
    from target.loading import Hub, Message


def contacts(count: int, version: int, first: int = 1) -> list[Message]:
    numbers = range(first, first + count)
    return [record("contacts", id=str(number), version=version) for number in numbers]


def test_rows_that_the_pass_did_not_see_go(hub: Hub) -> None:
    hub.load([schema("contacts"), *contacts(3, 1), activate("contacts", 1)])
    assert hub.keys("crm_contacts") == ["1", "2", "3"]
    hub.load([schema("contacts"), *contacts(1, 2, first=2), activate("contacts", 2)])
    assert hub.keys("crm_contacts") == ["2"]


def test_a_row_that_was_not_written_again_counts_as_seen(hub: Hub) -> None:
    hub.load([schema("contacts"), *contacts(3, 1)])
    hub.load([schema("contacts"), *contacts(3, 2), activate("contacts", 2)])
    assert hub.keys("crm_contacts") == ["1", "2", "3"]


def test_a_resumed_pass_knows_what_an_earlier_process_saw(hub: Hub) -> None:
    hub.load([schema("contacts"), *contacts(3, 1)])
    hub.load([schema("contacts"), *contacts(1, 2, first=1)])
    hub.load([schema("contacts"), *contacts(1, 2, first=3), activate("contacts", 2)])
    assert hub.keys("crm_contacts") == ["1", "3"]


def test_the_end_of_a_pass_announced_twice_deletes_nothing(hub: Hub) -> None:
    hub.load([schema("contacts"), *contacts(3, 2), activate("contacts", 2)])
    hub.load([schema("contacts"), activate("contacts", 2)])
    hub.load([schema("contacts"), activate("contacts", 1)])
    assert hub.keys("crm_contacts") == ["1", "2", "3"]


def test_the_notes_of_a_pass_are_gone_after_it_and_not_taken_up_again(hub: Hub) -> None:
    hub.load([schema("contacts"), *contacts(3, 2), activate("contacts", 2)])
    hub.load([schema("contacts"), *contacts(1, 2, first=4)])
    assert hub.rows("full_pass_seen") == []


def test_rows_that_the_pass_names_as_kept_stay_as_they_are(hub: Hub) -> None:
    hub.load([schema("contacts"), *contacts(4, 1), activate("contacts", 1)])
    before = {row["external_id"]: row for row in hub.rows("crm_contacts")}
    end = {**activate("contacts", 2), "kept": ["2", "2", "77"]}
    hub.load([schema("contacts"), *contacts(1, 2), end])
    after = {row["external_id"]: row for row in hub.rows("crm_contacts")}
    assert after == {key: before[key] for key in ("1", "2")}
    assert hub.rows("full_pass_seen") == []


def test_sets_that_the_pass_names_as_kept_keep_their_members(hub: Hub) -> None:
    hub.load_file("first_load.singer")
    before = hub.rows("crm_deal_contacts")
    kept = sorted({row["deal_external_id"] for row in before})
    hub.load([schema("deal_contacts"), {**activate("deal_contacts", 2), "kept": kept}])
    assert hub.rows("crm_deal_contacts") == before
    hub.load([schema("deal_contacts"), activate("deal_contacts", 3)])
    assert hub.rows("crm_deal_contacts") == []


@pytest.mark.parametrize("kept", ["2", {"2": 1}, [2], [""], [["2"]]])
def test_kept_rows_that_are_no_keys_are_refused_and_nothing_is_deleted(
    hub: Hub, kept: object
) -> None:
    hub.load([schema("contacts"), *contacts(2, 1), activate("contacts", 1)])
    with pytest.raises(InvalidRecordError, match="stream contacts: kept must be a list of keys"):
        hub.load([schema("contacts"), {**activate("contacts", 2), "kept": kept}])
    assert hub.keys("crm_contacts") == ["1", "2"]


def test_archived_rows_and_tombstones_are_kept(hub: Hub) -> None:
    hub.load(
        [
            schema("contacts"),
            record("contacts", id="1"),
            record("contacts", id="2", archived=True),
            record("contacts", id="3", archived=True, mergedInto="4"),
            activate("contacts", 1),
        ]
    )
    assert hub.keys("crm_contacts") == ["2", "3"]


def test_other_connections_and_other_streams_are_left_alone(hub: Hub) -> None:
    _, other_id = hub.database.add_connection(hub.org_id, account_id="43")
    other = replace(hub, connection_id=other_id)
    for each in (hub, other):
        each.load_file("first_load.singer")
    hub.load([schema("contacts"), activate("contacts", 2)])
    assert hub.keys("crm_contacts") == ["502", "503"]
    assert hub.keys("crm_deals") == ["9001", "9002"]
    assert other.keys("crm_contacts") == ["501", "502", "503"]
    assert other.keys("crm_deal_contacts", "contact_external_id") == ["501", "502"]


def test_the_links_of_a_deleted_contact_go_with_it(hub: Hub) -> None:
    hub.load_file("first_load.singer")
    hub.load([schema("contacts"), activate("contacts", 2)])
    assert hub.keys("crm_deal_contacts", "contact_external_id") == ["502"]


def test_the_links_of_a_deleted_deal_go_with_it(hub: Hub) -> None:
    hub.load_file("first_load.singer")
    hub.load([schema("deals"), activate("deals", 2)])
    assert hub.keys("crm_deals") == ["9002"]
    assert hub.keys("crm_deal_contacts", "contact_external_id") == []
    assert hub.keys("set_reads") == ["9003", "default"]
    assert hub.rows("crm_pipeline_totals") == []


def test_links_of_deals_that_the_pass_did_not_see_go(hub: Hub) -> None:
    def links(version: int, *deals: str) -> list[Message]:
        members = [{"id": "10", "types": []}]
        return [
            record("deal_contacts", deal_id=deal, contacts=members, version=version)
            for deal in deals
        ]

    hub.load(
        [
            schema("deals"),
            schema("deal_contacts"),
            record("deals", id="2"),
            record("deals", id="3", archived=True),
            *links(1, "1", "2", "3"),
        ]
    )
    hub.load([schema("deal_contacts"), *links(2, "2"), activate("deal_contacts", 2)])
    # Deal 3 is archived: its row is kept, and so are its links.
    assert hub.keys("crm_deal_contacts", "deal_external_id") == ["2", "3"]


def test_a_removed_pipeline_goes_with_its_stages(hub: Hub) -> None:
    hub.load_file("first_load.singer")
    hub.load([schema("pipelines"), activate("pipelines", 2)])
    assert hub.rows("crm_pipelines") == []
    assert hub.rows("crm_pipeline_stages") == []


def test_what_came_before_the_end_of_the_pass_counts_as_seen(hub: Hub) -> None:
    """The rows wait in the sink when ACTIVATE_VERSION comes."""
    states = hub.load(
        [
            schema("contacts"),
            schema("deals"),
            *contacts(2, 1),
            record("deals", id="1", version=1),
            activate("contacts", 1),
            activate("deals", 1),
            {"type": "STATE", "value": {"done": True}},
        ]
    )
    assert hub.keys("crm_contacts") == ["1", "2"]
    assert hub.keys("crm_deals") == ["1"]
    assert states == [{"done": True}]


@pytest.mark.parametrize(("rows", "kept"), [(300, 199), (120, 19), (1000, 699)])
def test_the_brake_stops_a_sweep_of_over_30_percent_and_over_100_rows(
    hub: Hub, rows: int, kept: int
) -> None:
    hub.load([schema("contacts"), *contacts(rows, 1)])
    sweep = [schema("contacts"), *contacts(kept, 2), activate("contacts", 2)]
    with pytest.raises(MassDeleteError, match=f"{rows - kept} of {rows} rows"):
        hub.load(sweep)
    assert len(hub.keys("crm_contacts")) == rows
    hub.having(allow_mass_delete=True).load(sweep)
    assert len(hub.keys("crm_contacts")) == kept


@pytest.mark.parametrize(("rows", "kept"), [(300, 200), (110, 10), (1000, 700)])
def test_the_brake_lets_100_rows_or_30_percent_through(hub: Hub, rows: int, kept: int) -> None:
    hub.load([schema("contacts"), *contacts(rows, 1)])
    hub.load([schema("contacts"), *contacts(kept, 2), activate("contacts", 2)])
    assert len(hub.keys("crm_contacts")) == kept


def test_a_sweep_of_many_transactions_ends_complete(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("target_crmhub_postgres.sweep.KEYS_A_TRANSACTION", 7)
    hub.load([schema("contacts"), *contacts(60, 1)])
    hub.load([schema("contacts"), *contacts(5, 2, first=30), activate("contacts", 2)])
    assert hub.keys("crm_contacts") == ["30", "31", "32", "33", "34"]
    assert hub.rows("full_pass_seen") == []
