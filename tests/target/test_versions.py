"""Which version of a row stays, and what is written for rows that do not change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target.loading import record, schema

if TYPE_CHECKING:
    from target.loading import Hub, Message

OLD, NEW = "2026-11-01T08:00:00Z", "2026-11-01T09:00:00Z"
EARLY, LATE = "2026-11-02T08:00:00Z", "2026-11-02T09:00:00Z"


def contact(stage: str | None, updated: str, read: str, key: str = "1") -> Message:
    return record("contacts", read, id=key, lifecyclestage=stage, updatedAt=updated)


def stages(hub: Hub) -> dict[str, str]:
    rows = hub.rows("crm_contacts", "external_id", "lifecycle_stage")
    return {row["external_id"]: row["lifecycle_stage"] for row in rows}


def test_an_older_version_never_overwrites_a_newer_one(hub: Hub) -> None:
    hub.load([schema("contacts"), contact("lead", NEW, EARLY)])
    hub.load([schema("contacts"), contact("subscriber", OLD, LATE)])
    assert stages(hub) == {"1": "lead"}


def test_of_one_source_version_the_one_read_later_wins(hub: Hub) -> None:
    hub.load([schema("contacts"), contact("lead", NEW, EARLY)])
    hub.load([schema("contacts"), contact("customer", NEW, LATE)])
    assert stages(hub) == {"1": "customer"}
    hub.load([schema("contacts"), contact("lead", NEW, EARLY)])
    assert stages(hub) == {"1": "customer"}


def test_the_latest_of_duplicates_in_a_batch_wins_in_any_order(hub: Hub) -> None:
    hub.load(
        [
            schema("contacts"),
            contact("lead", OLD, LATE),
            contact("customer", NEW, EARLY),
            contact("subscriber", OLD, EARLY),
            contact("other", NEW, EARLY, key="2"),
        ]
    )
    assert stages(hub) == {"1": "customer", "2": "other"}


def test_batches_of_one_end_as_one_batch_does(hub: Hub) -> None:
    hub.having(batch_size_rows=1).load(
        [
            schema("contacts"),
            contact("customer", NEW, EARLY),
            contact("lead", OLD, LATE),
            contact("other", NEW, EARLY, key="2"),
        ]
    )
    assert stages(hub) == {"1": "customer", "2": "other"}


def test_a_replay_writes_nothing(hub: Hub) -> None:
    hub.load_file("first_load.singer")
    before = {table: physical(hub, table) for table in TABLES}
    hub.load_file("first_load.singer")
    assert {table: physical(hub, table) for table in TABLES} == before


def test_a_row_that_would_not_change_is_not_written_when_it_is_read_again(hub: Hub) -> None:
    hub.load([schema("contacts"), contact("lead", NEW, EARLY)])
    before = physical(hub, "crm_contacts")
    hub.load([schema("contacts"), contact("lead", NEW, LATE)])
    assert physical(hub, "crm_contacts") == before


def test_a_missing_property_is_null_again(hub: Hub) -> None:
    hub.load([schema("contacts"), contact("lead", OLD, EARLY)])
    hub.load([schema("contacts"), record("contacts", LATE, id="1", updatedAt=NEW)])
    assert stages(hub) == {"1": None}


def test_a_tombstone_takes_what_the_row_held(hub: Hub) -> None:
    hub.load_file("first_load.singer")
    hub.load([
        schema("contacts"),
        # Whatever else it carries: a merge loser is its survivor's name and nothing else.
        record("contacts", LATE, id="501", updatedAt=NEW, archived=True, mergedInto="502",
               email="ann@example.com", num_notes=3),
    ])  # fmt: skip
    row = hub.rows("crm_contacts")[0]
    assert {name for name, value in row.items() if value is not None} == {
        "org_id",
        "connection_id",
        "external_id",
        "source_updated_at",
        "source_read_at",
        "archived",
        "merged_into",
        "synced_at",
    }


def test_a_pipeline_read_later_replaces_labels_and_stages(hub: Hub) -> None:
    hub.load_file("first_load.singer")
    hub.load([
        schema("pipelines"),
        record("pipelines", LATE, id="default", label="Deals", displayOrder=1, stages=[
            {"id": "won", "label": "Closed won", "displayOrder": 0},
        ]),
    ])  # fmt: skip
    assert [row["label"] for row in hub.rows("crm_pipelines", "label")] == ["Deals"]
    [stage] = hub.rows("crm_pipeline_stages", "external_id", "label", "is_closed", "archived")
    assert tuple(stage.values()) == ("won", "Closed won", None, False)


TABLES = (
    "crm_contacts",
    "crm_deals",
    "crm_deal_contacts",
    "crm_pipelines",
    "crm_pipeline_stages",
    "crm_owners",
    "crm_pipeline_totals",
    "crm_stream_totals",
    "full_pass_seen",
    "set_reads",
)


def physical(hub: Hub, table: str) -> list[str]:
    """Where each row version lies and which transaction wrote it: changed by any write."""
    return [f"{row['ctid']} {row['xmin']}" for row in hub.rows(table, "ctid", "xmin")]
