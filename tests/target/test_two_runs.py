"""Two runs for one connection at once: both end well, and the later version of a row wins."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from target.histories import Source, openings
from target.loading import activate, record, schema
from target.stored import totals_are_right

if TYPE_CHECKING:
    from target.loading import Ended, Hub, Message

ROWS = 600


def contents(stage: str, updated: str, keys: range) -> list[Message]:
    members = [{"id": str(number), "types": []} for number in range(3)]
    return [
        schema("contacts"),
        schema("deal_contacts"),
        *(
            record("contacts", id=str(key), lifecyclestage=stage, updatedAt=updated, version=7)
            for key in keys
        ),
        *(
            record("deal_contacts", updated, deal_id=str(key), contacts=members, version=7)
            for key in keys
        ),
    ]


def test_both_runs_end_well_and_the_later_version_stays(hub: Hub) -> None:
    leisurely = hub.having(batch_size_rows=50)
    older = contents("lead", "2026-11-01T08:00:00Z", range(ROWS))
    newer = contents("customer", "2026-11-01T09:00:00Z", range(ROWS - 1, -1, -1))
    with ThreadPoolExecutor() as pool:
        ended: list[Ended] = list(pool.map(leisurely.run, [older, newer]))
    assert [each.status for each in ended] == [0, 0]
    stages = hub.rows("crm_contacts", "lifecycle_stage")
    assert [row["lifecycle_stage"] for row in stages] == ["customer"] * ROWS
    assert len(hub.rows("crm_deal_contacts", "deal_external_id")) == 3 * ROWS
    assert totals_are_right(hub)


def test_two_runs_that_write_and_sweep_the_same_rows_never_meet_in_a_deadlock(hub: Hub) -> None:
    small = hub.having(batch_size_rows=25)
    source = Source(dice=random.Random(3))
    small.load([*openings(), *source.run(edits=100)])
    for _ in range(2):
        lines = [line for line in source.run(edits=200) if line["type"] == "RECORD"]
        ends = [activate(stream, 1000) for stream in ("contacts", "deals", "deal_contacts")]
        versioned = [line | {"version": 1000} for line in lines]
        backwards = [*openings(), *reversed(versioned), *ends]
        with ThreadPoolExecutor() as pool:
            ended = list(pool.map(small.run, [[*openings(), *versioned, *ends], backwards]))
        assert [each.status for each in ended] == [0, 0], [each.stderr for each in ended]
        assert "trying again" not in "".join(each.stderr for each in ended)
        assert totals_are_right(hub)
    [count] = hub.database.rows(
        "select deadlocks from pg_stat_database where datname = current_database()"
    )
    assert count == {"deadlocks": 0}
