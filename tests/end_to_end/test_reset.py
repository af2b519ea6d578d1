"""A reset during a run: what the run still writes is refused, and the next one is a full pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from end_to_end.comparison import assert_equal_to_portal

from crmhub.connections import reset_connection
from crmhub.database import connect

if TYPE_CHECKING:
    from end_to_end.conftest import Scene

    from crmhub.sync.meltano_log import MeltanoLog


@pytest.mark.parametrize(
    "word",
    [
        pytest.param("Beginning sync of 'contacts'", marks=pytest.mark.long),
        "Incremental state has been",
    ],
)
def test_a_reset_during_a_run_cancels_it(scene: Scene, word: str) -> None:
    alder = scene.alder
    scene.sandbox.sandbox.latency_ms = 100
    resets: list[str] = []

    def reset_once(_log: MeltanoLog, line: str) -> None:
        if word in line and not resets:
            with connect(scene.stage.urls.orchestrator) as database:
                reset_connection(database, alder.connection_id)
            resets.append(line)

    outcome = scene.stage.sync(alder, reset_once)
    assert resets
    assert outcome.failure is not None
    assert outcome.failure.error_class == "lease_lost"
    [row] = scene.database.rows(
        "select state_json, last_sync_at, consecutive_failures, last_error_class "
        "from crmhub.source_connections where id = %s",
        [alder.connection_id],
    )
    assert row == {
        "state_json": None,
        "last_sync_at": None,
        "consecutive_failures": 0,
        "last_error_class": None,
    }
    assert scene.database.rows("select status from crmhub.sync_runs") == [{"status": "cancelled"}]

    scene.sandbox.sandbox.latency_ms = 0
    again = scene.stage.sync(alder)
    assert again.failure is None
    assert_equal_to_portal(scene, alder)
