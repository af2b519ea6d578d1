"""What may be wrong with what the tap is given, by its settings, its state or by HubSpot.

Each ends by the class that says what to do, in one line and without a traceback, or does no harm.
Whatever happens, nothing is printed that is secret or somebody's.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from hubspot_sandbox.faults import FaultRule, Faults
from hubspot_sandbox.words import NAME_MARK
from tap_hubspot_crm.errors import InvalidSettingsError
from tap_hubspot_crm.state_json import read_bookmarks

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Mapping

    from tap.conftest import Connection

    from hubspot_sandbox.faults import FaultKind

#: In every secret and value that a case makes up.
MARK = "zqsecret"
#: The tap with time that passes only by waiting, its wall clock so many hours off.
_PROGRAM = """
import sys, time
from datetime import UTC, datetime, timedelta
from tap_hubspot_crm.tap import TapHubSpotCrm
from tap_hubspot_crm.timekeeping import Timer
waited = 0.0
def sleep(seconds):
    global waited
    waited += seconds
off = timedelta(hours=int(sys.argv.pop()))
TapHubSpotCrm.timer = Timer(
    monotonic=lambda: time.monotonic() + waited,
    sleep=sleep,
    wall=lambda: datetime.now(UTC) + off,
)
TapHubSpotCrm.cli()
"""


def _run(
    connection: Connection, *, state: str | None = None, hours_off: int = 0, **settings: object
) -> subprocess.CompletedProcess[str]:
    """Run the tap as a program that tells all it does."""
    return connection.program.run(
        connection.settings(**settings),
        str(hours_off),
        state=state,
        environment={"PATH": "/usr/bin:/bin", "LOGLEVEL": "DEBUG"},
        code=_PROGRAM,
    )


def _oauth(connection: Connection) -> dict[str, Any]:
    portal = connection.portal
    return {
        "access_token": None,
        "client_id": portal.client_id,
        "client_secret": portal.client_secret,
        "refresh_token": portal.refresh_token,
    }


def _secrets(connection: Connection) -> tuple[str, ...]:
    portal = connection.portal
    return (portal.access_token, portal.client_secret, portal.refresh_token, MARK)


def _wrong_token(_: Connection) -> Mapping[str, Any]:
    return {"access_token": f"pat-na1-{MARK}"}


def _malformed_token(_: Connection) -> Mapping[str, Any]:
    return {"access_token": f"pat!{MARK}"}


def _revoked_grant(connection: Connection) -> Mapping[str, Any]:
    connection.running.sandbox.tokens.revoke(connection.portal.refresh_token)
    return _oauth(connection)


def _wrong_client_secret(connection: Connection) -> Mapping[str, Any]:
    return {**_oauth(connection), "client_secret": MARK}


def _missing_scope(connection: Connection) -> Mapping[str, Any]:
    token = connection.running.sandbox.tokens.add_static(
        f"pat-na1-{MARK}",
        portal_id=connection.portal.portal_id,
        scopes=("crm.objects.contacts.read",),
    )
    return {"access_token": token}


def _portal_gone(connection: Connection) -> Mapping[str, Any]:
    connection.running.sandbox.remove_portal(connection.portal.portal_id)
    return _oauth(connection)


def _portal_gone_for_a_static_token(connection: Connection) -> Mapping[str, Any]:
    connection.running.sandbox.remove_portal(connection.portal.portal_id)
    return {}


def _wrong_address(connection: Connection) -> Mapping[str, Any]:
    return {"api_url": f"{connection.url}/elsewhere"}


def _unreachable_host(_: Connection) -> Mapping[str, Any]:
    # Nobody listens at port 1 of this machine.
    return {"api_url": "http://127.0.0.1:1"}


def _unknown_host(_: Connection) -> Mapping[str, Any]:
    return {"api_url": "https://hubspot.invalid"}


def _always(kind: FaultKind) -> Callable[[Connection], Mapping[str, Any]]:
    def arrange(connection: Connection) -> Mapping[str, Any]:
        # The definitions of properties come through, so that rows with values are what is ruined.
        connection.running.sandbox.faults = Faults(
            rules=(FaultRule(kind=kind, rate=1.0, paths=("list", "search", "batch")),)
        )
        return {}

    return arrange


@pytest.mark.parametrize(
    ("arrange", "error_class"),
    [
        (_wrong_token, "access_denied"),
        (_malformed_token, "access_denied"),
        (_revoked_grant, "invalid_grant"),
        (_wrong_client_secret, "invalid_settings"),
        (_missing_scope, "missing_scopes"),
        (_portal_gone, "access_denied"),
        (_portal_gone_for_a_static_token, "access_denied"),
        (_wrong_address, "unexpected_response"),
        (_unreachable_host, "network"),
        (_unknown_host, "network"),
        pytest.param(_always("html"), "unexpected_response", id="html instead of JSON"),
        pytest.param(_always("half_json"), "unexpected_response", id="a 200 with half a body"),
        pytest.param(_always("cut_body"), "network", id="a body that breaks off"),
    ],
)
def test_it_ends_by_class_with_what_to_do_and_no_secret(
    connection: Connection, arrange: Callable[[Connection], Mapping[str, Any]], error_class: str
) -> None:
    secrets = _secrets(connection)
    result = _run(connection, **arrange(connection))
    failure = json.loads(result.stderr.splitlines()[-1])
    assert failure["event"] == "tap_failed"
    assert failure["error_class"] == error_class, failure
    assert result.returncode == (2 if error_class == "invalid_settings" else 1)
    assert "Traceback" not in result.stderr
    assert not [secret for secret in secrets if secret in result.stderr + result.stdout]
    assert NAME_MARK not in result.stderr


_FOREIGN = {"bookmarks": {"contacts": {"replication_key": "updatedAt", "replication_key_value": 5}}}
_FULL_PASS = {"started_at": "2026-11-22T10:00:00.000Z", "phase": "live", "archived_ids": ""}
_GARBAGE: tuple[object, ...] = (
    _FOREIGN,
    {"bookmarks": {"users": {}}},
    {"value": {"bookmarks": {}}},
    {"bookmarks": []},
    {"bookmarks": {"deals": MARK}},
    {"bookmarks": {"deals": {"bookmark": MARK}}},
    {"bookmarks": {"deals": {"bookmark": 5}}},
    {"bookmarks": {"deals": {"seen": {MARK: ["1"]}}}},
    {"bookmarks": {"deals": {"seen": {"5": [MARK]}}}},
    {"bookmarks": {"deals": {"seen": {"5": "123"}}}},
    {"bookmarks": {"deals": {"seen": [MARK]}}},
    {"bookmarks": {"deals": {"version": -1}}},
    {"bookmarks": {"deals": {"archived_ids": MARK}}},
    {"bookmarks": {"deals": {"archived_ids": {}}}},
    {"bookmarks": {"deals": {"properties_digest": MARK}}},
    {"bookmarks": {"deals": {"refused": MARK}}},
    {"bookmarks": {"deals": {"full_pass": {"phase": MARK}}}},
    {"bookmarks": {"deals": {"full_pass": {**_FULL_PASS, "open_ranges": [[None, MARK]]}}}},
    {"bookmarks": {"deal_contacts": {"owed_deals": "123"}}},
    {"bookmarks": {"owners": {"digest": MARK}}},
    [MARK],
    MARK,
)


@pytest.mark.parametrize("number", range(len(_GARBAGE)))
def test_a_state_that_is_not_ours_is_refused_without_its_values(number: int) -> None:
    with pytest.raises(InvalidSettingsError) as caught:
        read_bookmarks(_GARBAGE[number])
    assert "clear the state" in caught.value.message
    assert MARK not in caught.value.message


@pytest.mark.parametrize("state", ["", f'{{"bookmarks": {MARK}', json.dumps(_FOREIGN)])
def test_such_a_state_ends_the_run_before_anything_is_asked(
    connection: Connection, state: str
) -> None:
    result = _run(connection, state=state)
    failure = json.loads(result.stderr.splitlines()[-1])
    assert (failure["error_class"], result.returncode) == ("invalid_settings", 2)
    assert "Traceback" not in result.stderr
    assert MARK not in result.stderr
    assert connection.requests() == 0


def test_a_property_of_a_type_nobody_has_seen_is_text(connection: Connection) -> None:
    portal = connection.portal
    definition = replace(portal.properties["deals"]["amount"], name="shape", type="hologram")
    portal.add_property("deals", definition)
    deal = next(iter(portal.stores["deals"].ids()))
    portal.edit("deals", deal, {"shape": f"a {MARK}"})
    result = _run(connection)
    assert result.returncode == 0, result.stderr
    messages = [json.loads(line) for line in result.stdout.splitlines()]
    deals = [message for message in messages if message.get("stream") == "deals"]
    [schema] = [message["schema"] for message in deals if message["type"] == "SCHEMA"]
    assert schema["properties"]["shape"] == {"type": ["string", "null"]}
    shapes = {
        message["record"]["id"]: message["record"]["shape"]
        for message in deals
        if message["type"] == "RECORD"
    }
    assert shapes[str(deal)] == f"a {MARK}"
    assert MARK not in result.stderr


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_an_hour_off_changes_nothing(connection: Connection, hours: int) -> None:
    first = _run(connection, hours_off=hours)
    assert first.returncode == 0, first.stderr
    states = [json.loads(line) for line in first.stdout.splitlines() if '"STATE"' in line]
    contact = next(iter(connection.portal.stores["contacts"].ids()))
    connection.portal.edit("contacts", contact, {"firstname": "Changed"})
    second = _run(connection, state=json.dumps(states[-1]["value"]), hours_off=-hours)
    records = [json.loads(line) for line in second.stdout.splitlines() if '"RECORD"' in line]
    assert [item["record"]["id"] for item in records if item["stream"] == "contacts"] == [
        str(contact)
    ]
    assert not [item for item in records if item["stream"] == "deals"]
