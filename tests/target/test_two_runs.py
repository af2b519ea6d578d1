"""Two runs for one connection at once: both end well, and the later version of a row wins."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from target.loading import record, schema

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
