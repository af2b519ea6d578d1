"""From what went wrong in HubSpot, or here, to what the operator sees and what comes next."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from crmhub.database import connect
from crmhub.sync.control import RunControl
from crmhub.sync.runs import request_run
from crmhub.sync.sync import SyncPlan, sync_pending
from crmhub.vault.keyring import generate_key
from hubspot_sandbox.faults import FaultRule

if TYPE_CHECKING:
    from collections.abc import Callable

    from end_to_end.conftest import Scene

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0


class Ending(NamedTuple):
    """What the operator sees, and when the connection is due again, seconds from now."""

    error_class: str
    #: A few words of the message.
    said: str
    status: str
    due_from: float
    due_to: float


def always(kind: Any, **others: Any) -> Callable[[Scene], None]:  # noqa: ANN401 - kinds of faults
    """Let every request of Alder's portal fail so."""

    def make(scene: Scene) -> None:
        rule = FaultRule(kind=kind, rate=1.0, portal_id=scene.alder.portal.portal_id, **others)
        scene.sandbox.sandbox.fail_next(rule, 1_000)

    return make


def close_account(scene: Scene) -> None:
    scene.sandbox.sandbox.remove_portal(scene.alder.portal.portal_id)


def purge_most(scene: Scene) -> None:
    """Everything was loaded; now most of it is gone, and a full pass is due."""
    assert scene.stage.sync(scene.alder).failure is None
    ids = scene.alder.portal.stores["contacts"].ids()
    scene.alder.portal.purge("contacts", *ids[: len(ids) - 10])
    scene.database.rows("update crmhub.source_connections set last_sync_at = null")


def plan_of(scene: Scene) -> SyncPlan:
    return SyncPlan(
        urls=scene.stage.urls,
        salt=scene.stage.salt,
        tokens=scene.stage.tokens(),
        api_url=scene.stage.api_url,
    )


def end_of_run(scene: Scene, plan: SyncPlan) -> dict[str, Any]:
    """Run Alder's connection; returns what its row says afterwards."""
    with connect(scene.stage.urls.orchestrator) as database:
        request_run(database, scene.alder.connection_id, trigger="schedule")
    sync_pending(scene.alder.connection_id, plan, RunControl())
    [row] = scene.database.rows(
        "select status, last_error_class, last_error_message, consecutive_failures, lease_token, "
        "extract(epoch from next_sync_at - now())::float8 as due_in "
        "from crmhub.source_connections where id = %s",
        [scene.alder.connection_id],
    )
    return row


def assert_ends(row: dict[str, Any], ending: Ending) -> None:
    assert row["last_error_class"] == ending.error_class
    assert ending.said in row["last_error_message"]
    assert row["status"] == ending.status
    assert row["consecutive_failures"] == 1
    assert row["lease_token"] is None
    assert ending.due_from - 30 <= row["due_in"] <= ending.due_to


@pytest.mark.parametrize(
    ("fault", "ending"),
    [
        pytest.param(
            always("html"),
            Ending("unexpected_response", "no JSON", "connected", MINUTE, MINUTE),
            id="html",
        ),
        pytest.param(
            always("daily"),
            Ending("rate_limit", "daily limit", "connected", 0, DAY + HOUR),
            id="daily limit",
        ),
        pytest.param(
            close_account,
            Ending("access_denied", "", "needs_reconnect", DAY - HOUR, DAY),
            id="account closed",
        ),
        pytest.param(
            purge_most,
            Ending("mass_delete", "", "connected", DAY, DAY),
            id="most of it gone",
        ),
    ],
)
def test_a_fault_of_hubspot_ends_as_the_runbook_says(
    scene: Scene, fault: Callable[[Scene], None], ending: Ending
) -> None:
    fault(scene)
    assert_ends(end_of_run(scene, plan_of(scene)), ending)


@pytest.mark.long
@pytest.mark.parametrize(
    ("fault", "ending"),
    [
        pytest.param(
            always("503"),
            Ending("hubspot_unavailable", "503", "connected", MINUTE, MINUTE),
            id="503",
        ),
        pytest.param(
            always("reset"), Ending("network", "", "connected", MINUTE, MINUTE), id="reset"
        ),
    ],
)
def test_what_is_tried_again_for_long_ends_as_the_runbook_says(
    scene: Scene, fault: Callable[[Scene], None], ending: Ending
) -> None:
    fault(scene)
    assert_ends(end_of_run(scene, plan_of(scene)), ending)


def test_a_lost_key_asks_for_the_account_to_be_connected_again(scene: Scene) -> None:
    stage = replace(scene.stage, encryption_key=generate_key().reveal())
    row = end_of_run(scene, replace(plan_of(scene), tokens=stage.tokens()))
    assert_ends(row, Ending("secret_unreadable", "", "needs_reconnect", DAY - HOUR, DAY))


def test_another_salt_is_refused_before_a_row_is_written(scene: Scene) -> None:
    assert scene.stage.sync(scene.alder).failure is None
    scene.database.rows("update crmhub.source_connections set last_sync_at = null")
    row = end_of_run(scene, replace(plan_of(scene), salt="quite another salt than before"))
    assert_ends(row, Ending("invalid_settings", "salt", "connected", DAY, DAY))


def test_a_run_that_takes_too_long_is_ended_and_goes_on_later(scene: Scene) -> None:
    scene.sandbox.sandbox.latency_ms = 3_000
    row = end_of_run(scene, replace(plan_of(scene), run_seconds=6.0))
    assert_ends(row, Ending("timeout", "longer than", "connected", MINUTE, MINUTE))
    scene.sandbox.sandbox.latency_ms = 0
    assert scene.stage.sync(scene.alder).failure is None


def test_a_state_that_is_no_state_is_named_and_a_reset_mends_it(scene: Scene) -> None:
    scene.database.rows(
        """update crmhub.source_connections set state_json = '{"bookmarks": {"contacts": 7}}'"""
    )
    row = end_of_run(scene, plan_of(scene))
    assert_ends(row, Ending("invalid_settings", "state", "connected", DAY, DAY))
    scene.database.rows("update crmhub.source_connections set last_sync_at = null")
    assert scene.stage.sync(scene.alder).failure is None
