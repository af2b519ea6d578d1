"""The tap as a program: what it prints, how it ends, and what it never says."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from hubspot_sandbox.limits import Limits
from hubspot_sandbox.words import NAME_MARK

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tap.conftest import Connection, TapProgram

MARK = "ann.zqmark@example.com"


def _failure(result: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert "Traceback" not in result.stderr
    failure: dict[str, Any] = json.loads(result.stderr.splitlines()[-1])
    assert failure["event"] == "tap_failed"
    assert set(failure) == {"event", "error_class", "message", "retry_after_seconds"}
    return failure


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"access_token": 5, "api_version": MARK}, "api_version"),
        ({"access_token": "t", "daily_share": MARK}, "daily_share"),
        ("[]", "--config"),
    ],
)
def test_a_setting_at_fault_is_named_and_nothing_is_written(
    tap_program: TapProgram, settings: object, named: str
) -> None:
    result = tap_program.run(settings)
    assert (result.returncode, result.stdout) == (2, "")
    failure = _failure(result)
    assert failure["error_class"] == "invalid_settings"
    assert named in failure["message"]
    assert MARK not in result.stderr


@pytest.mark.parametrize("option", ["--catalog", "--state"])
def test_a_damaged_file_is_named(tap_program: TapProgram, tmp_path: Path, option: str) -> None:
    file = tmp_path / "damaged.json"
    file.write_text(f'{{"streams": [{{"stream": "{MARK}"')
    result = tap_program.run({"access_token": "t"}, option, str(file))
    assert (result.returncode, result.stdout) == (2, "")
    assert option in _failure(result)["message"]
    assert MARK not in result.stderr


def test_a_missing_scope_is_named_with_what_needs_it(connection: Connection) -> None:
    token = connection.running.sandbox.tokens.add_static(
        None, portal_id=connection.portal.portal_id, scopes=("crm.objects.contacts.read",)
    )
    failure = _failure(connection.command(access_token=token))
    assert failure["error_class"] == "missing_scopes"
    assert "crm.objects.deals.read" in failure["message"]


def test_a_used_up_day_is_rate_limit(connection: Connection) -> None:
    connection.portal.limits = Limits(calls_per_day=3)
    result = connection.command(daily_share=1)
    assert result.returncode == 1
    assert _failure(result)["error_class"] == "rate_limit"


def test_the_reader_of_the_output_may_go_away(connection: Connection) -> None:
    with connection.program.started(connection.settings()) as process:
        process.stdout.close()
        errors = process.stderr.read().decode()
        assert process.wait() == 1
    assert "Traceback" not in errors
    assert json.loads(errors.splitlines()[-1])["event"] == "tap_failed"


def test_a_fault_of_the_tap_shows_where_and_not_with_what(tap_program: TapProgram) -> None:
    code = (
        "from tap_hubspot_crm import client\n"
        f"def broken(*_, **__): raise KeyError({MARK!r})\n"
        "client.HubSpotClient.get = broken\n"
        "from tap_hubspot_crm.tap import TapHubSpotCrm; TapHubSpotCrm.cli()"
    )
    result = tap_program.run({"access_token": "t"}, code=code)
    assert result.returncode == 1
    assert json.loads(result.stderr.splitlines()[-1])["error_class"] == "internal"
    assert "broken" in result.stderr
    assert MARK not in result.stderr


def test_no_personal_value_is_logged(connection: Connection) -> None:
    result = connection.command(environment={"PATH": "/usr/bin:/bin", "LOGLEVEL": "DEBUG"})
    assert result.returncode == 0
    assert NAME_MARK in result.stdout
    assert NAME_MARK not in result.stderr
    assert "@" not in result.stderr
    assert connection.portal.access_token not in result.stderr + result.stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_run_with_whole_lines_and_the_state_of_what_was_finished(
    connection: Connection, number: signal.Signals
) -> None:
    connection.running.sandbox.latency_ms = 100
    with connection.program.started(connection.settings()) as process:
        # Two to know which properties are readable, the archived listing, the lowest ids, and two
        # pages of the live listing, of which the first is answered: something is done.
        while connection.requests("objects/2026-09/contacts") < 6:
            time.sleep(0.01)
        process.send_signal(number)
        output, errors = process.communicate()
    assert process.wait() == 128 + number
    assert b"Traceback" not in errors
    messages = [json.loads(line) for line in output.splitlines()]
    assert messages[-1]["type"] == "STATE"
    assert messages[-1]["value"]["bookmarks"]["contacts"]["full_pass"]
    connection.running.sandbox.latency_ms = 0
    connection.consumer.apply(messages)
    connection.sync()
    assert connection.consumer.state is not None
    assert "full_pass" not in connection.consumer.state["bookmarks"]["contacts"]


@pytest.mark.parametrize("style", ["json", "markdown"])
def test_about_needs_no_settings(tap_program: TapProgram, style: str) -> None:
    result = tap_program.run(None, "--about", "--format", style)
    assert result.returncode == 0, result.stderr
    assert "reconcile_interval_hours" in result.stdout


def test_discovery_prints_the_portals_properties(connection: Connection) -> None:
    result = connection.command("--discover")
    assert result.returncode == 0, result.stderr
    streams = {item["tap_stream_id"]: item for item in json.loads(result.stdout)["streams"]}
    assert set(streams) == {"contacts", "deals", "deal_contacts", "owners", "pipelines"}
    defined = connection.portal.properties["deals"].values()
    # HubSpot lists sensitive properties only to those who ask for them by their sensitivity.
    plain = {item.name for item in defined if item.sensitivity == "non_sensitive"}
    assert plain <= set(streams["deals"]["schema"]["properties"])
    assert streams["contacts"]["replication_key"] == "updatedAt"


def test_settings_may_come_from_the_environment(connection: Connection) -> None:
    environment = {
        "PATH": "/usr/bin:/bin",
        "TAP_HUBSPOT_CRM_ACCESS_TOKEN": connection.portal.access_token,
        "TAP_HUBSPOT_CRM_API_URL": connection.url,
        "TAP_HUBSPOT_CRM_LOOKBACK_SECONDS": "60",
        "TAP_HUBSPOT_CRM_PROPERTIES": '{"contacts": ["firstname"], "deals": []}',
    }
    result = connection.program.run({}, "--config", "ENV", "--discover", environment=environment)
    assert result.returncode == 0, result.stderr
    contacts = json.loads(result.stdout)["streams"][2]["schema"]["properties"]
    assert "firstname" in contacts
    assert "email" not in contacts
    environment["TAP_HUBSPOT_CRM_LOOKBACK_SECONDS"] = MARK
    result = connection.program.run({}, "--config", "ENV", environment=environment)
    assert _failure(result)["error_class"] == "invalid_settings"
    assert "TAP_HUBSPOT_CRM_LOOKBACK_SECONDS" in result.stderr
    assert MARK not in result.stderr
