"""Portals for the self-check: one sandbox for all of a module's tests, since they only read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tap.conftest import FREE, Connection

from hubspot_sandbox.dialect import Dialect
from hubspot_sandbox.server import running_sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.conftest import TapProgram

    from hubspot_sandbox.sandbox import SandboxPortal
    from hubspot_sandbox.server import RunningSandbox


@pytest.fixture(scope="module")
def served() -> Iterator[RunningSandbox]:
    """One sandbox for all tests of a module."""
    with running_sandbox() as running:
        yield running


@pytest.fixture(scope="module")
def large(served: RunningSandbox) -> SandboxPortal:
    """A portal with ids of every length, and a record that others were merged into."""
    portal = served.sandbox.add_portal(contacts=1_300, deals=60, limits=FREE)
    first, second, *_ = portal.stores["contacts"].ids()
    portal.merge("contacts", first, second)
    return portal


@pytest.fixture
def running(served: RunningSandbox) -> RunningSandbox:
    """The sandbox, as HubSpot is by the best evidence."""
    served.sandbox.dialect = Dialect()
    served.sandbox.quirks.forget()
    return served


@pytest.fixture
def connection(
    running: RunningSandbox, large: SandboxPortal, tap_program: TapProgram
) -> Connection:
    return Connection(url=running.url, portal=large, running=running, program=tap_program)
