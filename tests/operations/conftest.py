"""What the tests of the operator's pages and tools start from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from end_to_end.conftest import launcher, scene
from operations.restored import Restored, back_up, restore, rows_of, synced_hub
from orchestrator.conftest import crmhub, orchestrator
from target.conftest import lone_hub as hub
from target.conftest import signal_handlers

from crmhub.embedded_postgres import embedded_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

    from databases import TestServer
    from warm_programs import WarmPrograms

__all__ = ["crmhub", "hub", "launcher", "orchestrator", "scene", "signal_handlers"]


@pytest.fixture(scope="session")
def another_server() -> Iterator[str]:
    """A PostgreSQL that has never heard of us: a superuser's address."""
    with embedded_postgres() as server:
        yield server.url


@pytest.fixture(scope="session")
def restored_server(
    database_server: TestServer,
    another_server: str,
    programs: WarmPrograms,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[TestServer, Restored]:
    """Another server with the backup of a synced connection, and what the first one held."""
    folder = tmp_path_factory.mktemp("backup")
    with database_server.clone() as database:
        hub = synced_hub(database, programs)
        before = rows_of(hub)
        back_up(database, folder)
    return restore(another_server, folder), Restored(hub=hub, before=before)


@pytest.fixture
def restored(restored_server: tuple[TestServer, Restored]) -> Iterator[Restored]:
    """The restored database, a copy of the test's own."""
    server, first = restored_server
    with server.clone() as database:
        yield replace(first, hub=replace(first.hub, database=database))
