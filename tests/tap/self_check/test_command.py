"""`--test` on the command line: a table, JSON or SCHEMA messages, and how it ends."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tap_hubspot_crm.self_check.results import CHECKS, CheckResult, error_of
from tap_hubspot_crm.self_check.searches import telling_ids
from tap_hubspot_crm.self_check.table import WIDTH, table_of

if TYPE_CHECKING:
    import subprocess

    from tap.conftest import Connection

README = Path(__file__).parents[3] / "tap-hubspot-crm" / "README.md"


def failure_of(result: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert "Traceback" not in result.stderr
    failure: dict[str, Any] = json.loads(result.stderr.splitlines()[-1])
    assert failure["event"] == "tap_failed"
    return failure


def test_the_test_prints_a_table_that_fits_a_terminal(connection: Connection) -> None:
    result = connection.command("--test")
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert [name for name in CHECKS if not any(line.startswith(name) for line in lines)] == []
    assert "0 problem" in result.stdout
    assert connection.portal.access_token not in result.stdout + result.stderr


def test_the_results_come_as_json_too(connection: Connection) -> None:
    result = connection.command("--test=json")
    assert result.returncode == 0, result.stderr
    results = json.loads(result.stdout)
    assert [each["name"] for each in results] == list(CHECKS)
    assert set(results[0]) == {"name", "verdict", "seen", "remedy", "error_class"}


def test_the_sdks_test_of_the_schema_stays(connection: Connection) -> None:
    result = connection.command("--test=schema")
    assert result.returncode == 0, result.stderr
    messages = [json.loads(line) for line in result.stdout.splitlines()]
    assert {message["type"] for message in messages} == {"SCHEMA"}
    assert {message["stream"] for message in messages} >= {"contacts", "deal_contacts", "owners"}


def test_another_value_of_test_is_refused(connection: Connection) -> None:
    connection.running.sandbox.forget_requests()
    result = connection.command("--test=everything")
    assert (result.returncode, result.stdout) == (2, "")
    assert failure_of(result)["error_class"] == "invalid_settings"
    assert connection.requests() == 0


def test_a_refused_stream_is_in_the_table_and_ends_the_test_by_its_class(
    connection: Connection,
) -> None:
    token = connection.running.sandbox.tokens.add_static(
        None, portal_id=connection.portal.portal_id, scopes=("crm.objects.contacts.read",)
    )
    result = connection.command("--test", access_token=token)
    assert result.returncode == 1
    assert re.search(r"^owners +problem ", result.stdout, re.MULTILINE)
    assert "What to do: Grant the scope" in result.stdout
    failure = failure_of(result)
    assert failure["error_class"] == "missing_scopes"
    assert "deals" in failure["message"]
    assert "owners" in failure["message"]


def test_a_wrong_token_ends_the_test_without_a_table(connection: Connection) -> None:
    result = connection.command("--test", access_token="wrong")
    assert (result.returncode, result.stdout) == (1, "")
    assert failure_of(result)["error_class"] == "access_denied"


def test_without_settings_the_test_says_what_is_missing(connection: Connection) -> None:
    result = connection.program.run(None, "--test")
    assert result.returncode == 2
    assert "no credentials" in failure_of(result)["message"]


def test_the_settings_of_the_test_may_come_from_the_environment(connection: Connection) -> None:
    environment = {
        "PATH": "/usr/bin:/bin",
        "TAP_HUBSPOT_CRM_ACCESS_TOKEN": connection.portal.access_token,
        "TAP_HUBSPOT_CRM_API_URL": connection.url,
    }
    result = connection.program.run({}, "--config", "ENV", "--test", environment=environment)
    assert result.returncode == 0, result.stderr
    assert f"account {connection.portal.portal_id}" in result.stdout


def test_the_help_says_what_the_test_does(connection: Connection) -> None:
    result = connection.program.run(None, "--help")
    assert "--test=json" in result.stdout
    assert "single record" not in result.stdout


def test_the_readme_lists_every_check() -> None:
    text = README.read_text(encoding="utf-8").split("## Self-check\n", 1)[1].split("\n## ")[0]
    rows = re.findall(r"^\| `([^`]+)` \| (.*) \|$", text, re.MULTILINE)
    assert dict(rows) == CHECKS


@pytest.mark.parametrize(
    ("ids", "found"),
    [
        (["1", "51", "101"], ("51", "101")),
        (["6", "51", "99"], ("6", "51")),
        (["9", "10"], ("9", "10")),
        (["107861025686", "107864973277", "107865043316"], ("107864973277", None)),
        (["1", "12", "123"], ("12", None)),
        (["7"], ("7", None)),
    ],
)
def test_two_ids_are_found_that_compare_otherwise_as_text(
    ids: list[str], found: tuple[str, str | None]
) -> None:
    assert telling_ids(ids) == found


def test_a_long_message_is_wrapped_within_its_column() -> None:
    long = CheckResult(
        name="owners", verdict="problem", seen="x" * 200, remedy="do it", error_class="network"
    )
    lines = table_of([long]).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert sum(line.count("x") for line in lines) == 200
    error = error_of([long])
    assert error is not None
    assert error.error_class == "network"
    assert error_of([]) is None
