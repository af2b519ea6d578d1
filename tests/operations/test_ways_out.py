"""What the operator's pages promise, with real runs against a portal."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from end_to_end.comparison import assert_equal_to_portal
from end_to_end.test_endings import plan_of, purge_most
from operations.restored import back_up, restore

from crmhub.connections import reset_connection
from crmhub.database import connect
from crmhub.demo.portals import SHARED_EMAIL, change
from crmhub.embedded_postgres import embedded_postgres
from crmhub.person import erase_person, find_person
from crmhub.settings import DatabaseUrls
from crmhub.sync.control import RunControl
from crmhub.sync.runs import Unclaimed, request_run
from crmhub.sync.sync import sync_pending
from target_crmhub_postgres.pii import Pseudonyms

if TYPE_CHECKING:
    from pathlib import Path

    from end_to_end.conftest import Scene

    from crmhub.sync.plan import SyncPlan


def full_pass(scene: Scene, plan: SyncPlan) -> str | None:
    """Run Alder's connection from nothing; returns the class of its error."""
    with connect(scene.stage.urls.orchestrator) as database:
        reset_connection(database, scene.alder.connection_id)
        request_run(database, scene.alder.connection_id, trigger="manual")
    outcome = sync_pending(scene.alder.connection_id, plan, RunControl())
    assert not isinstance(outcome, Unclaimed)
    return outcome.failure.error_class if outcome.failure else None


@pytest.mark.long
def test_a_person_comes_back_until_they_are_deleted_at_hubspot(scene: Scene) -> None:
    plan = replace(plan_of(scene), launcher=scene.stage.launcher)
    pseudonym = Pseudonyms(org_id=scene.alder.org_id, salt=scene.stage.salt).email(SHARED_EMAIL)
    assert pseudonym is not None

    def found() -> list[str]:
        traces = find_person(scene.stage.urls.reader, scene.alder.org_id, pseudonym)
        return [each.external_id for each in traces if each.table_name == "crm_contacts"]

    assert full_pass(scene, plan) is None
    assert found() == [scene.alder.shared_contact]
    assert erase_person(scene.stage.urls, scene.alder.org_id, pseudonym).left == 0
    assert full_pass(scene, plan) is None
    assert found() == [scene.alder.shared_contact], "HubSpot has the person still"
    scene.alder.portal.purge("contacts", scene.alder.shared_contact)
    assert erase_person(scene.stage.urls, scene.alder.org_id, pseudonym).left == 0
    assert full_pass(scene, plan) is None
    assert found() == []


@pytest.mark.long
def test_a_mass_delete_is_let_through_for_one_run(scene: Scene) -> None:
    plan = replace(plan_of(scene), launcher=scene.stage.launcher)
    purge_most(scene)
    assert full_pass(scene, plan) == "mass_delete"
    before = len(scene.ids("crm_contacts", scene.alder.org_id))
    with connect(scene.stage.urls.orchestrator) as database:
        request_run(database, scene.alder.connection_id, trigger="manual")
    allowed = replace(plan, allow_mass_delete=True)
    outcome = sync_pending(scene.alder.connection_id, allowed, RunControl())
    assert not isinstance(outcome, Unclaimed)
    assert outcome.failure is None
    left = scene.ids("crm_contacts", scene.alder.org_id)
    assert set(left) == {str(each) for each in scene.alder.portal.stores["contacts"].ids()}
    assert len(left) < before


@pytest.mark.long
def test_a_restored_database_catches_up_from_where_the_backup_was(
    scene: Scene, tmp_path: Path
) -> None:
    """The database that was lost had gone on meanwhile."""
    assert scene.stage.sync(scene.alder).failure is None
    back_up(scene.database, tmp_path)
    change(scene.alder.portal)
    assert scene.stage.sync(scene.alder).failure is None
    with embedded_postgres() as another, restore(another.url, tmp_path).clone() as database:
        urls = {role.removeprefix("crmhub_"): url for role, url in database.logins.items()}
        stage = replace(scene.stage, admin_url=database.url, urls=DatabaseUrls(**urls))
        new = replace(scene, stage=stage, database=database)
        before = database.rows("select state_json from crmhub.source_connections")
        assert any(row["state_json"] for row in before), "nothing is reset"
        assert stage.sync(scene.alder).failure is None
        assert_equal_to_portal(new, scene.alder)
