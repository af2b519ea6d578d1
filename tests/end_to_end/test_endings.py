"""From what went wrong in HubSpot, or here, to what the operator sees and what comes next."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from end_to_end import endings

from crmhub.database import connect
from crmhub.engine.rescue import rescue_lost_runs
from crmhub.oauth.access_tokens import AccessTokens
from crmhub.oauth.asking import HubSpotAsker
from crmhub.oauth.token_endpoint import TokenEndpoint
from crmhub.sync.control import RunControl
from crmhub.sync.plan import SyncPlan
from crmhub.sync.runs import ClaimLimits, claim_run, request_run
from crmhub.sync.sync import sync_pending
from crmhub.vault.keyring import generate_key, read_keyring
from crmhub.vault.secret import Secret
from crmhub.vault.store import REFRESH_TOKEN
from hubspot_sandbox.faults import FaultRule

if TYPE_CHECKING:
    from collections.abc import Callable

    from end_to_end.conftest import Scene
    from end_to_end.endings import Ending

README = Path(__file__).parents[2] / "orchestrator" / "README.md"


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


def take_scopes_away(scene: Scene) -> None:
    scopes = ("oauth", "crm.objects.contacts.read")
    token = scene.sandbox.sandbox.add_token(scene.alder.portal.portal_id, scopes=scopes)
    scene.give_token(scene.alder, Secret(token))


def give_another_accounts_token(scene: Scene) -> None:
    scene.give_token(scene.alder, Secret(scene.birch.portal.access_token))


def revoke_grant(scene: Scene) -> None:
    portal = scene.alder.portal
    scene.give_token(scene.alder, Secret(portal.refresh_token), REFRESH_TOKEN)
    scene.sandbox.sandbox.tokens.revoke(portal.refresh_token)


def plan_of(scene: Scene) -> SyncPlan:
    return SyncPlan(
        urls=scene.stage.urls,
        salt=scene.stage.salt,
        tokens=AccessTokens(
            database_url=scene.stage.urls.orchestrator,
            keyring=read_keyring(scene.stage.encryption_key),
            endpoint=TokenEndpoint(
                HubSpotAsker(scene.stage.api_url),
                client_id=scene.alder.portal.client_id,
                client_secret=Secret(scene.alder.portal.client_secret),
            ),
        ),
        api_url=scene.stage.api_url,
        launcher=scene.stage.launcher,
    )


def end_of_run(scene: Scene, plan: SyncPlan) -> dict[str, Any]:
    """Run Alder's connection; returns what its row says afterwards."""
    with connect(scene.stage.urls.orchestrator) as database:
        request_run(database, scene.alder.connection_id, trigger="schedule")
    sync_pending(scene.alder.connection_id, plan, RunControl())
    return seen_of(scene)


def seen_of(scene: Scene) -> dict[str, Any]:
    """What the operator sees of Alder's connection."""
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
    soonest, latest = ending.due
    assert soonest - 30 <= row["due_in"] <= latest


def test_the_runbook_has_the_table_of_the_endings() -> None:
    assert endings.table() in README.read_text(encoding="utf-8")


def test_a_state_that_cannot_be_read_is_the_databases_failure(scene: Scene) -> None:
    """Its login may be refused, or away, when the others are not."""
    url = scene.stage.urls.state.replace("@", "no@")
    plan = plan_of(scene)
    row = end_of_run(scene, replace(plan, urls=replace(plan.urls, state=url)))
    assert row["last_error_class"] == "database"
    assert "CRMHUB_STATE_DATABASE_URL" in row["last_error_message"]
    assert scene.ids("crm_contacts", scene.alder.org_id) == []


@pytest.mark.parametrize(
    ("fault", "ending"),
    [
        pytest.param(always("html"), endings.HTML, id="html"),
        pytest.param(always("daily"), endings.DAILY_LIMIT, id="daily limit"),
        pytest.param(close_account, endings.ACCOUNT_CLOSED, id="account closed"),
        pytest.param(revoke_grant, endings.GRANT_REVOKED, id="grant revoked"),
        pytest.param(give_another_accounts_token, endings.OTHER_ACCOUNT, id="another account"),
        pytest.param(take_scopes_away, endings.SCOPE_MISSING, id="scope missing"),
        pytest.param(purge_most, endings.MOST_IS_GONE, id="most of it gone"),
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
        pytest.param(always("503"), endings.OUTAGE, id="503"),
        pytest.param(always("reset"), endings.NETWORK, id="reset"),
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
    assert_ends(row, endings.LOST_KEY)


def test_another_salt_is_refused_before_a_row_is_written(scene: Scene) -> None:
    assert scene.stage.sync(scene.alder).failure is None
    scene.database.rows("update crmhub.source_connections set last_sync_at = null")
    row = end_of_run(scene, replace(plan_of(scene), salt="quite another salt than before"))
    assert_ends(row, endings.OTHER_SALT)


def test_a_run_that_takes_too_long_is_ended_and_goes_on_later(scene: Scene) -> None:
    scene.sandbox.sandbox.latency_ms = 3_000
    row = end_of_run(scene, replace(plan_of(scene), run_seconds=3.0))
    assert_ends(row, endings.TOO_LONG)
    scene.sandbox.sandbox.latency_ms = 0
    assert scene.stage.sync(scene.alder).failure is None


def test_a_worker_that_is_lost_ends_as_the_runbook_says(scene: Scene) -> None:
    with connect(scene.stage.urls.orchestrator) as database:
        request_run(database, scene.alder.connection_id, trigger="schedule")
        claim_run(database, scene.alder.connection_id, limits=ClaimLimits(), lease_seconds=0)
        assert rescue_lost_runs(database) == [scene.alder.connection_id]
    assert_ends(seen_of(scene), endings.LOST_WORKER)


def test_a_state_that_is_no_state_is_named_and_a_reset_mends_it(scene: Scene) -> None:
    scene.database.rows(
        """update crmhub.source_connections set state_json = '{"bookmarks": {"contacts": 7}}'"""
    )
    row = end_of_run(scene, plan_of(scene))
    assert_ends(row, endings.STRANGE_STATE)
    scene.database.rows("update crmhub.source_connections set last_sync_at = null")
    assert scene.stage.sync(scene.alder).failure is None
