"""What the target's tests start from."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from target.loading import new_hub
from target.own_server import own_server
from target.running import Running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from databases import TestDatabase, TestServer
    from target.loading import Hub
    from target.own_server import OwnServer
    from warm_programs import WarmPrograms


@pytest.fixture(autouse=True)
def signal_handlers() -> Iterator[None]:
    """The SDK takes the process's signal handlers; pytest gets its own back."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture(scope="module")
def shared_database(database_server: TestServer) -> Iterator[TestDatabase]:
    """A migrated database for organisations of all tests of the module."""
    with database_server.clone() as clone:
        yield clone


@pytest.fixture
def hub(shared_database: TestDatabase, programs: WarmPrograms) -> Hub:
    """A new organisation with one connection."""
    return new_hub(shared_database, programs)


@pytest.fixture
def lone_hub(database: TestDatabase, programs: WarmPrograms) -> Hub:
    """A new organisation with one connection, in a database that the test may change."""
    return new_hub(database, programs)


@pytest.fixture
def running(hub: Hub, tmp_path: Path) -> Iterator[Running]:
    """The program of its own, with batches of two rows."""
    program = Running(hub.having(batch_size_rows=2), tmp_path / "config.json")
    with program.process:
        yield program
        program.process.kill()


@pytest.fixture(scope="module")
def stoppable() -> Iterator[OwnServer]:
    """A server of the module's own, which its tests may stop and cut off."""
    with own_server(deadlock_timeout="100ms") as running:
        yield running


@pytest.fixture
def stoppable_hub(stoppable: OwnServer, programs: WarmPrograms) -> Hub:
    """A new organisation on it, with one connection."""
    return new_hub(stoppable.database, programs)
