"""What the target's tests start from."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from target.loading import Hub

if TYPE_CHECKING:
    from collections.abc import Iterator

    from databases import TestDatabase


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
