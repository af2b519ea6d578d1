"""The account is proved before the first message: settings, answers and tokens at fault."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap_hubspot_crm.account_id import read_account_id
from tap_hubspot_crm.errors import WrongAccountError
from tap_hubspot_crm.probe import count_records, probe

if TYPE_CHECKING:
    import subprocess

    from tap.conftest import Connection, TapProgram

#: The tap with one answer of the account endpoint, and no other endpoint; its waits take no time.
_PROGRAM = """
import json, os, requests_mock
from tap_hubspot_crm.tap import TapHubSpotCrm
from tap_hubspot_crm.timekeeping import Timer
answer = json.loads(os.environ["ANSWER"])
headers = {"Date": "Sun, 22 Nov 2026 10:00:00 GMT"}
TapHubSpotCrm.timer = Timer(sleep=lambda seconds: None)
with requests_mock.Mocker() as hubspot:
    url = "https://api.hubapi.com/account-info/2026-09/details"
    hubspot.get(url, status_code=answer[0], text=answer[1], headers=headers)
    TapHubSpotCrm.cli()
"""
_MISSING_SCOPE = json.dumps({"status": "error", "category": "MISSING_SCOPES", "message": "m"})
_DETAILS: dict[str, Any] = {"portalId": 42, "accountType": "STANDARD", "timeZone": "US/Eastern"}


def _ended(result: subprocess.CompletedProcess[str], error_class: str, exit_status: int = 1) -> str:
    """Return the message of a run that ended by this class and sent nothing."""
    assert "Traceback" not in result.stderr
    failure: dict[str, Any] = json.loads(result.stderr.splitlines()[-1])
    assert (failure["error_class"], result.returncode) == (error_class, exit_status), failure
    assert result.stdout == ""
    message: str = failure["message"]
    return message


@pytest.mark.parametrize("version", ["2026-09", "2026-03", "v3"])
def test_the_expected_account_is_synced_after_one_more_call(
    connection: Connection, version: str
) -> None:
    portal_id = connection.portal.portal_id
    result = connection.command(expected_account_id=portal_id, api_version=version)
    assert result.returncode == 0, result.stderr
    assert '"RECORD"' in result.stdout
    assert connection.requests(f"/account-info/{version}/details") == 1


def test_without_the_setting_no_account_is_asked_for(connection: Connection) -> None:
    assert connection.command().returncode == 0
    assert connection.requests("/details") == 0


@pytest.mark.parametrize("arguments", [(), ("--test",)])
def test_another_account_ends_the_run_before_anything_else_is_asked_or_sent(
    connection: Connection, arguments: tuple[str, ...]
) -> None:
    other = connection.running.sandbox.add_portal(contacts=5)
    state: dict[str, object] = {"bookmarks": {}}
    result = connection.command(*arguments, state=state, expected_account_id=str(other.portal_id))
    message = _ended(result, "wrong_account")
    assert str(other.portal_id) in message
    assert str(connection.portal.portal_id) in message
    assert connection.requests() == 1


def test_a_wrong_account_without_the_scopes_is_told_as_a_wrong_account(
    connection: Connection,
) -> None:
    token = connection.running.sandbox.tokens.add_static(
        None, portal_id=connection.portal.portal_id, scopes=("crm.objects.contacts.read",)
    )
    _ended(connection.command(access_token=token, expected_account_id=7), "wrong_account")


def test_discovery_asks_for_no_account(connection: Connection) -> None:
    assert connection.command("--discover", expected_account_id=7).returncode == 0
    assert connection.requests("/details") == 0


def test_the_setting_may_come_from_the_environment(connection: Connection) -> None:
    environment = {
        "PATH": "/usr/bin:/bin",
        "TAP_HUBSPOT_CRM_ACCESS_TOKEN": connection.portal.access_token,
        "TAP_HUBSPOT_CRM_API_URL": connection.url,
        "TAP_HUBSPOT_CRM_EXPECTED_ACCOUNT_ID": "7",
    }
    _ended(connection.program.run({}, "--config", "ENV", environment=environment), "wrong_account")


@pytest.mark.parametrize("value", ["0042", "zqsecret"])
def test_a_malformed_account_is_a_matter_of_the_settings(
    connection: Connection, value: object
) -> None:
    message = _ended(
        connection.command(expected_account_id=value), "invalid_settings", exit_status=2
    )
    assert "expected_account_id" in message
    assert "zqsecret" not in message
    assert connection.requests() == 0


@pytest.mark.parametrize(
    ("status", "body", "error_class"),
    [
        (200, json.dumps(_DETAILS), "wrong_account"),
        (200, json.dumps(_DETAILS | {"portalId": "42"}), "wrong_account"),
        (200, json.dumps(_DETAILS | {"portalId": "007"}), "unexpected_response"),
        (200, json.dumps(_DETAILS | {"portalId": 7.5}), "unexpected_response"),
        (200, json.dumps(_DETAILS | {"portalId": True}), "unexpected_response"),
        (200, json.dumps(_DETAILS | {"portalId": None}), "unexpected_response"),
        (200, json.dumps(_DETAILS | {"portalId": {"id": 7}}), "unexpected_response"),
        pytest.param(
            200, f'{{"portalId": 7{"0" * 5000}}}', "unexpected_response", id="5,001 digits"
        ),
        (200, "{}", "unexpected_response"),
        (200, "[7]", "unexpected_response"),
        (200, "<html>zqsecret</html>", "unexpected_response"),
        (204, "", "unexpected_response"),
        (403, _MISSING_SCOPE, "missing_scopes"),
        (403, "<html>zqsecret</html>", "unexpected_response"),
        (404, '{"status": "error", "category": "OBJECT_NOT_FOUND"}', "unexpected_response"),
        (500, '{"status": "error", "message": "zqsecret"}', "hubspot_unavailable"),
        (401, '{"status": "error", "category": "INVALID_AUTHENTICATION"}', "access_denied"),
    ],
)
def test_an_answer_that_proves_nothing_ends_the_run_by_its_class(
    tap_program: TapProgram, status: int, body: str, error_class: str
) -> None:
    result = tap_program.run(
        {"access_token": "zqsecret", "expected_account_id": "7"},
        environment={"PATH": "/usr/bin:/bin", "ANSWER": json.dumps([status, body])},
        code=_PROGRAM,
    )
    message = _ended(result, error_class)
    assert "zqsecret" not in result.stderr
    if error_class == "missing_scopes":
        assert "scope oauth" in message
        assert "expected_account_id" in message
    else:
        assert "/account-info/2026-09/details" in message or "account 42" in message


def test_a_revoked_token_is_told_as_one(connection: Connection) -> None:
    connection.running.sandbox.tokens.revoke(connection.portal.access_token)
    message = _ended(
        connection.command(expected_account_id=connection.portal.portal_id), "access_denied"
    )
    assert connection.portal.access_token not in message


def test_a_probe_and_a_count_take_no_other_account(connection: Connection) -> None:
    """Two accounts in which nothing has changed look alike."""
    connection.sync()
    settings = connection.settings(expected_account_id="7")
    with pytest.raises(WrongAccountError):
        probe(settings, connection.consumer.state)
    with pytest.raises(WrongAccountError):
        count_records(settings)
    right = connection.settings(expected_account_id=connection.portal.portal_id)
    assert not probe(right, connection.consumer.state).changed


@pytest.mark.parametrize(
    ("value", "account_id"),
    [
        (42, "42"),
        ("42", "42"),
        (10**19 - 1, "9" * 19),
        ("9" * 19, "9" * 19),
        (10**19, None),
        ("042", None),
        ("٤٢", None),
        ("42\n", None),
        (False, None),
        (None, None),
    ],
    ids=repr,
)
def test_an_account_id_is_a_positive_whole_number(value: object, account_id: str | None) -> None:
    assert read_account_id(value) == account_id
