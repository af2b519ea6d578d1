"""What the target's tests start from."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from target.loading import Hub
from target.own_server import own_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from databases import TestDatabase
    from target.own_server import OwnServer


@pytest.fixture(autouse=True)
def signal_handlers() -> Iterator[None]:
    """The SDK takes the process's signal handlers; pytest gets its own back."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def hub(database: TestDatabase) -> Hub:
    """A new organisation with one connection."""
    org_id, connection_id = database.add_connection()
    return Hub(database=database, org_id=org_id, connection_id=connection_id)


@pytest.fixture(scope="module")
def stoppable() -> Iterator[OwnServer]:
    """A server of the module's own, which its tests may stop and cut off."""
    with own_server(deadlock_timeout="100ms") as running:
        yield running


@pytest.fixture
def stoppable_hub(stoppable: OwnServer) -> Hub:
    """A new organisation on it, with one connection."""
    org_id, connection_id = stoppable.database.add_connection()
    return Hub(database=stoppable.database, org_id=org_id, connection_id=connection_id)
