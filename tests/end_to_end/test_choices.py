"""What an organisation chooses not to have stored any more is gone after the next full pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from end_to_end.conftest import new_scene
from psycopg.types.json import Jsonb

from crmhub.connections import reset_connection
from crmhub.database import connect
from crmhub.demo.portals import PLANS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from databases import TestDatabase
    from end_to_end.conftest import Scene

    from crmhub.sync.launching import WarmLauncher


@pytest.fixture
def scene(database: TestDatabase, launcher: WarmLauncher) -> Iterator[Scene]:
    with new_scene(database, launcher, PLANS[:1]) as scene:
        yield scene


@pytest.mark.long
def test_names_that_are_to_be_dropped_go_with_the_next_full_pass(scene: Scene) -> None:
    choose(scene, {"owner_names": "keep"})
    assert scene.stage.sync(scene.alder).failure is None
    assert names(scene)["deals"] > 0
    assert names(scene)["owners"] > 0
    choose(scene, {"owner_names": "drop", "deal_names": "drop"})
    with connect(scene.stage.urls.orchestrator) as database:
        reset_connection(database, scene.alder.connection_id)
    assert scene.stage.sync(scene.alder).failure is None
    assert names(scene) == {"deals": 0, "owners": 0}


def choose(scene: Scene, config: dict[str, str]) -> None:
    scene.database.rows("update crmhub.source_connections set config = %s", [Jsonb(config)])


def names(scene: Scene) -> dict[str, int]:
    [row] = scene.database.rows(
        "select (select count(name) from crmhub.crm_deals) as deals, "
        "(select count(display_name) from crmhub.crm_owners) as owners"
    )
    return row
