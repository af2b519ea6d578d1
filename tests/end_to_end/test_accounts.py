"""A run is of the right account, whoever starts it, or it stores nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from end_to_end.comparison import assert_equal_to_portal
from end_to_end.workers import PATIENCE_SECONDS
from operations.documents import blocks, sections

from crmhub.demo.staying import demo_settings, settings_file
from crmhub.project_files import meltano_project_directory
from crmhub.vault.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from end_to_end.conftest import Scene

    from crmhub.demo.stage import Organisation

README = Path(__file__).parents[2] / "README.md"
PROGRAMS = Path(sys.executable).parent


def account_of(scene: Scene, organisation: Organisation) -> str | None:
    [row] = scene.database.rows(
        "select external_account_id from crmhub.source_connections where id = %s",
        [organisation.connection_id],
    )
    account: str | None = row["external_account_id"]
    return account


def asked_for_the_account(scene: Scene) -> int:
    """How often HubSpot was asked which account a token reads, since the last time."""
    asked = sum(each.path.endswith("/details") for each in scene.sandbox.sandbox.requests())
    scene.sandbox.sandbox.forget_requests()
    return asked


def rows_of(scene: Scene, organisation: Organisation) -> int:
    [row] = scene.database.rows(
        "select count(*) from crmhub.crm_contacts where org_id = %s", [organisation.org_id]
    )
    count: int = row["count"]
    return count


def test_a_connection_of_an_unknown_account_learns_it_once_before_its_first_run(
    scene: Scene,
) -> None:
    alder = scene.alder
    scene.database.rows("update crmhub.source_connections set external_account_id = null")
    assert scene.stage.sync(alder).failure is None
    assert account_of(scene, alder) == str(alder.portal.portal_id)
    assert account_of(scene, scene.birch) is None
    assert_equal_to_portal(scene, alder)
    # One call to learn it, and one of the tap that proves it.
    assert asked_for_the_account(scene) == 2
    assert scene.stage.sync(alder).failure is None
    # Whoever looks for news proves it, and so does the tap; it is not learned again.
    assert asked_for_the_account(scene) == 2


def test_an_account_that_the_organisation_has_connected_already_is_not_synced_twice(
    scene: Scene,
) -> None:
    alder = scene.alder
    scene.database.rows(
        "update crmhub.source_connections set external_account_id = null where id = %s",
        [alder.connection_id],
    )
    scene.database.add_connection(alder.org_id, account_id=str(alder.portal.portal_id))
    failure = scene.stage.sync(alder).failure
    assert failure is not None
    assert failure.error_class == "invalid_settings"
    assert f"connection to account {alder.portal.portal_id} already" in failure.message
    assert rows_of(scene, alder) == 0


def test_another_accounts_token_changes_no_row(scene: Scene) -> None:
    """Also where a state says that little has changed since, as in any other account."""
    alder = scene.alder
    assert scene.stage.sync(alder).failure is None
    scene.give_token(alder, Secret(scene.birch.portal.access_token))
    failure = scene.stage.sync(alder).failure
    assert failure is not None
    assert failure.error_class == "wrong_account"
    for organisation in scene.stage.organisations:
        assert str(organisation.portal.portal_id) in failure.message
    assert_equal_to_portal(scene, alder)


@pytest.fixture
def folder(scene: Scene, tmp_path: Path) -> Iterator[Path]:
    """A checkout beside which the demo is running: its programs and its settings file."""
    (tmp_path / ".venv").symlink_to(PROGRAMS.parent)
    with settings_file(demo_settings(scene.stage), tmp_path):
        yield tmp_path
    for organisation in scene.stage.organisations:
        directory = meltano_project_directory() / ".meltano" / "connections"
        shutil.rmtree(directory / str(organisation.connection_id), ignore_errors=True)


@pytest.fixture
def in_shell(folder: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """What somebody types in that folder."""

    def run(script: str, shell: str = "sh") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [shell, "-c", script],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )

    return run


@pytest.mark.long
def test_the_readmes_run_by_hand_syncs_the_right_portal_for_every_connection(
    scene: Scene, in_shell: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    section = sections(README.read_text(encoding="utf-8"), 2)["By hand against the sandbox"]
    [block] = blocks(section, "sh")
    for organisation, shell in zip(scene.stage.organisations, ("sh", "bash"), strict=True):
        script = block.replace("CONNECTION", str(organisation.connection_id))
        done = in_shell(f"set -e\n{script}", shell)
        assert done.returncode == 0, done.stderr
        assert str(organisation.connection_id) in done.stdout
        assert "ACCESS_TOKEN" not in done.stderr
    for organisation in scene.stage.organisations:
        assert_equal_to_portal(scene, organisation)


@pytest.mark.long
def test_a_run_by_hand_with_another_accounts_token_or_no_connection_stores_nothing(
    scene: Scene, in_shell: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    run = "meltano run tap-hubspot-crm target-crmhub-postgres"
    prepared = f"""
        . .venv/bin/activate
        . .cache/demo.env
        eval "$(crmhub env {scene.birch.connection_id})"
        """
    token = scene.alder.portal.access_token
    done = in_shell(f"{prepared}\nexport TAP_HUBSPOT_CRM_ACCESS_TOKEN={token}\n{run}")
    assert done.returncode != 0
    assert "wrong_account" in done.stdout + done.stderr
    done = in_shell(f'{prepared}\neval "$(crmhub env WRONG)"\n{run}')
    assert done.returncode != 0
    assert [rows_of(scene, each) for each in scene.stage.organisations] == [0, 0]
