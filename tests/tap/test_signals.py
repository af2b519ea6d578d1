"""A signal ends a run at once, whatever its threads are doing, with the state of what was sent."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest
from tap.conftest import FREE, Connection

from hubspot_sandbox.faults import FaultRule, Faults
from hubspot_sandbox.limits import Limits
from tap_hubspot_crm.output import BLOCK_SIZE

if TYPE_CHECKING:
    from tap.conftest import TapProgram

    from hubspot_sandbox.server import RunningSandbox

SLIM = {"properties": {"contacts": ["firstname"], "deals": ["dealname"]}}
#: Far beyond what a run may still wait for after a signal, and beyond what this test waits.
LONG_SECONDS = 240
PATIENCE_SECONDS = 20
#: Pages of a hundred contacts that are certainly more than a block.
BLOCK_PAGES = 14


@pytest.fixture
def large(running: RunningSandbox, tap_program: TapProgram) -> Connection:
    """A portal whose contacts fill many pages."""
    portal = running.sandbox.add_portal(contacts=4_000, deals=20, limits=FREE)
    return Connection(url=running.url, portal=portal, running=running, program=tap_program)


def _hold_in_requests(connection: Connection) -> None:
    rule = FaultRule(kind="time_out", rate=1.0, paths=("list",), stall_seconds=LONG_SECONDS)
    connection.running.sandbox.faults = Faults(rules=(rule,))


def _hold_backing_off(connection: Connection) -> None:
    rule = FaultRule(kind="477", rate=1.0, paths=("list",), retry_after_seconds=LONG_SECONDS)
    connection.running.sandbox.faults = Faults(rules=(rule,))


def _hold_at_the_limit(connection: Connection) -> None:
    rule = FaultRule(
        kind="ten_secondly", rate=1.0, paths=("list",), retry_after_seconds=LONG_SECONDS
    )
    connection.running.sandbox.faults = Faults(rules=(rule,))


def _hold_in_the_bucket(connection: Connection) -> None:
    """Headers say that the limit is almost reached, and the tap waits by itself."""
    connection.portal.limits = Limits(
        calls_per_10_seconds=1, oauth_calls_per_10_seconds=1, searches_per_second=10_000
    )


@pytest.mark.parametrize(
    "hold", [_hold_in_requests, _hold_backing_off, _hold_at_the_limit, _hold_in_the_bucket]
)
def test_a_signal_does_not_wait_for_requests_limits_or_back_off(
    large: Connection,
    hold: Any,  # noqa: ANN401 - one of the functions above
) -> None:
    """Each would take minutes; the run ends before any of them is over."""
    large.running.sandbox.latency_ms = 30
    with large.program.started(large.settings(**SLIM)) as process:
        while large.requests("objects/2026-09/contacts") < 8:
            time.sleep(0.005)
        hold(large)
        # Until nothing moves any more, because all wait.
        before = -1
        while before != (now := len(large.running.sandbox.requests())):
            before = now
            time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(PATIENCE_SECONDS)
    assert process.wait() == 128 + signal.SIGTERM
    assert b"Traceback" not in errors
    assert b"Fatal" not in errors
    messages = [json.loads(line) for line in output.splitlines()]
    assert messages[-1]["type"] == "STATE"
    assert messages[-1]["value"]["bookmarks"]["contacts"]["full_pass"]["open_ranges"]
    assert any(message["type"] == "RECORD" for message in messages)


def test_a_signal_tears_no_line_while_the_reader_is_slow(large: Connection) -> None:
    """The run hangs in the middle of a block that the full pipe does not take."""
    with large.program.started(large.settings(**SLIM)) as process:
        before = -1
        while before != (now := large.requests("objects/2026-09/contacts")) or now < BLOCK_PAGES:
            before = now
            time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        output, errors = process.communicate(PATIENCE_SECONDS)
    assert process.wait() == 128 + signal.SIGTERM, errors
    messages = [json.loads(line) for line in output.split(b"\n")[:-1]]
    assert len(output) > BLOCK_SIZE
    assert messages[-1]["type"] == "STATE"
    assert messages[-1]["value"]["bookmarks"]["contacts"]["full_pass"]["open_ranges"]
