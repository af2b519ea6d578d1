"""A fresh sandbox for every test, on a clock that stands still."""

import pytest
from tap.sandbox.caller import START, Caller

from hubspot_sandbox.clock import VirtualClock
from hubspot_sandbox.limits import Limits
from hubspot_sandbox.sandbox import Sandbox

#: So many that only tests of the limits meet them.
PLENTY = Limits(calls_per_10_seconds=10_000, searches_per_second=10_000)


@pytest.fixture
def caller() -> Caller:
    """Return a client of a small seeded portal."""
    clock = VirtualClock(START)
    sandbox = Sandbox(clock=clock)
    portal = sandbox.add_portal(portal_id=4242, contacts=60, deals=30, seed=7, limits=PLENTY)
    return Caller(sandbox, portal, clock)


@pytest.fixture
def empty() -> Caller:
    """Return a client of a portal without records."""
    clock = VirtualClock(START)
    sandbox = Sandbox(clock=clock)
    portal = sandbox.add_portal(portal_id=77, limits=PLENTY)
    return Caller(sandbox, portal, clock)
