"""A pipe that ends too early, on either side: the program ends at once, and says why."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest
from target.blocking import Blocker, contacts
from target.loading import encoded, record, schema, state
from target.own_server import wait_for

if TYPE_CHECKING:
    from target.loading import Hub
    from target.running import Running


@pytest.mark.parametrize("rows", [2, 1])
def test_a_state_that_nobody_takes_is_no_fault_of_the_settings(
    hub: Hub, running: Running, rows: int
) -> None:
    """Beside the reading, and at its end."""
    assert running.process.stdin
    assert running.process.stdout
    assert running.process.stderr
    running.process.stdout.close()
    running.send(
        schema("contacts"), *(record("contacts", id=str(key)) for key in range(rows)), state(done=1)
    )
    if rows == 1:
        running.process.stdin.close()
    *_, last = running.process.stderr.read().splitlines()
    assert json.loads(last) == {
        "event": "target_failed",
        "error_class": "internal",
        "message": "a state cannot be printed, as standard output is closed or full: "
        "run again, what was committed stays",
    }
    assert running.process.wait(timeout=10) == 1
    assert len(hub.keys("crm_contacts")) == rows


def test_a_signal_ends_it_at_once_though_nobody_reads_what_it_says(
    hub: Hub, running: Running
) -> None:
    hub.load(contacts("lead"))
    blocker = Blocker(hub, key="2")
    _, first, second, *_ = contacts("customer", "2026-11-01T11:00:00Z")
    running.send(schema("contacts"), first, second)
    wait_for(blocker.blocked)
    assert running.process.stderr
    running.process.stderr.close()
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(timeout=10) == 128 + signal.SIGTERM
    blocker.connection.close()


def test_an_input_that_ends_in_the_midst_of_a_line_is_no_bad_record(hub: Hub) -> None:
    """Its source was killed: that is to be tried again, and not to be mended at the source."""
    whole = encoded([schema("contacts"), *(record("contacts", id=str(key)) for key in range(9))])
    for length in (len(whole) - 30, len(whole) - 2):
        ended = hub.run_with(hub.config, whole[:length])
        assert (ended.status, ended.error["error_class"]) == (1, "internal")
        assert ended.error["message"].startswith("line 10: the input ends in its midst: ")
    ended = hub.run_with(hub.config, whole[:-30] + b"\n")
    assert ended.error["error_class"] == "invalid_record"
    ended = hub.run_with(hub.config, whole[:-1])
    assert ended.status == 0, ended.stderr
