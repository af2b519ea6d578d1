"""The program from outside: states only after their rows, whatever ends it."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest
from target.loading import record, schema, state

if TYPE_CHECKING:
    from pathlib import Path

    from target.loading import Hub
    from target.running import Running
    from warm_programs import WarmPrograms


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_state_is_printed_once_its_rows_are_committed_and_not_before(
    hub: Hub, running: Running, number: signal.Signals
) -> None:
    running.send(schema("contacts"), record("contacts", id="1"), record("contacts", id="2"))
    running.send(state(done=2))
    assert running.next_state() == {"done": 2}
    assert hub.keys("crm_contacts") == ["1", "2"]
    running.send(record("contacts", id="3"), state(done=3))
    _, stdout, _ = running.end(number)
    assert stdout == ""
    assert hub.keys("crm_contacts") == ["1", "2"]
    assert hub.load([schema("contacts"), record("contacts", id="3"), state(done=3)]) == [
        {"done": 3}
    ]
    assert hub.keys("crm_contacts") == ["1", "2", "3"]


def test_a_signal_ends_it_with_the_error_line(running: Running) -> None:
    running.send(schema("contacts"), state(done=0))
    assert running.next_state() == {"done": 0}
    status, _, stderr = running.end(signal.SIGTERM)
    assert status == 128 + signal.SIGTERM
    assert json.loads(stderr.splitlines()[-1]) == {
        "event": "target_failed",
        "error_class": "internal",
        "message": "ended by signal 15: run again, what was committed stays",
    }


def test_a_lost_connection_is_made_again_with_a_word_on_it(hub: Hub, running: Running) -> None:
    running.send(schema("contacts"), record("contacts", id="1"), record("contacts", id="2"))
    running.send(state(done=2))
    assert running.next_state() == {"done": 2}
    hub.database.rows(
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where datname = current_database() and pid <> pg_backend_pid()"
    )
    running.send(record("contacts", id="3"), record("contacts", id="4"), state(done=4))
    assert running.next_state() == {"done": 4}
    assert running.process.stdin
    running.process.stdin.close()
    assert running.process.stderr
    assert "the connection to the database was lost: trying again" in running.process.stderr.read()
    assert running.process.wait(timeout=10) == 0
    assert hub.keys("crm_contacts") == ["1", "2", "3", "4"]


def test_numbers_in_a_state_stay_as_they_came(hub: Hub) -> None:
    value = '{"bookmark": 0.12345678901234567890, "version": 1763800000000}'
    ended = hub.run([f'{{"type": "STATE", "value": {value}}}'])
    assert ended.stdout.strip() == value.replace(" ", "")


def test_a_stream_of_none_leaves_nothing_and_prints_its_state(hub: Hub) -> None:
    assert hub.load([schema("contacts"), state(done=True)]) == [{"done": True}]
    assert hub.rows("crm_contacts") == []


@pytest.mark.parametrize("content", [None, b"{zzmark", b'"zzmark"', b"5", b"\xff{}"])
def test_a_file_of_settings_that_is_missing_or_none_is_one_line(
    programs: WarmPrograms, tmp_path: Path, content: bytes | None
) -> None:
    config = tmp_path / "config.json"
    if content is not None:
        config.write_bytes(content)
    done = programs.run("target-crmhub-postgres", "--config", config, environment={})
    assert done.returncode == 2
    assert json.loads(done.stderr.splitlines()[-1])["error_class"] == "invalid_settings"
    assert "zzmark" not in done.stderr
