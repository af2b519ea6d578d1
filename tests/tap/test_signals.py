"""A signal ends a run at once, whatever its threads are doing, with the state of what was sent."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from tap.conftest import FREE, Connection

from hubspot_sandbox.faults import FaultRule, Faults
from hubspot_sandbox.limits import Limits
from tap_hubspot_crm.output import BLOCK_SIZE

if TYPE_CHECKING:
    from pathlib import Path

    from hubspot_sandbox.server import RunningSandbox

PROGRAM = "from tap_hubspot_crm.tap import TapHubSpotCrm; TapHubSpotCrm.cli()"
SLIM = {"properties": {"contacts": ["firstname"], "deals": ["dealname"]}}
#: Far beyond what a run may still wait for after a signal, and beyond what this test waits.
LONG_SECONDS = 240
PATIENCE_SECONDS = 20
#: Pages of a hundred contacts that are certainly more than a block.
BLOCK_PAGES = 14


@pytest.fixture
def large(running: RunningSandbox, tmp_path: Path) -> Connection:
    """A portal whose contacts fill many pages."""
    portal = running.sandbox.add_portal(contacts=4_000, deals=20, limits=FREE)
    return Connection(url=running.url, portal=portal, running=running, directory=tmp_path)


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
    tmp_path: Path,
    hold: Any,  # noqa: ANN401 - one of the functions above
) -> None:
    """Each would take minutes; the run ends before any of them is over."""
    large.running.sandbox.latency_ms = 30
    file = tmp_path / "config.json"
    file.write_text(json.dumps(large.settings(**SLIM)))
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "--config", str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while large.requests("objects/2026-09/contacts") < 8:
            time.sleep(0.005)
        hold(large)
        # Until nothing moves any more, because all wait.
        before = -1
        while before != (now := len(large.running.sandbox.requests())):
            before = now
            time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 128 + signal.SIGTERM
    assert "Traceback" not in errors
    assert "Fatal" not in errors
    messages = [json.loads(line) for line in output.splitlines()]
    assert messages[-1]["type"] == "STATE"
    assert messages[-1]["value"]["bookmarks"]["contacts"]["full_pass"]["open_ranges"]
    assert any(message["type"] == "RECORD" for message in messages)


def test_a_signal_tears_no_line_while_the_reader_is_slow(large: Connection, tmp_path: Path) -> None:
    """The run hangs in the middle of a block that the full pipe does not take."""
    file = tmp_path / "config.json"
    file.write_text(json.dumps(large.settings(**SLIM)))
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "--config", str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        before = -1
        while before != (now := large.requests("objects/2026-09/contacts")) or now < BLOCK_PAGES:
            before = now
            time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        output, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 128 + signal.SIGTERM, errors
    messages = [json.loads(line) for line in output.split(b"\n")[:-1]]
    assert len(output) > BLOCK_SIZE
    assert messages[-1]["type"] == "STATE"
    assert messages[-1]["value"]["bookmarks"]["contacts"]["full_pass"]["open_ranges"]
