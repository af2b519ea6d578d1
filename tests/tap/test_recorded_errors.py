"""Recorded refusals: the class each ends with, what its message names, and what is waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tap.canned import CONTACTS, GOOD, URL, FakeTime, client_for, read_listing, run_search
from tap.recordings import FOLDER, NAMES, answer, recording

from tap_hubspot_crm.errors import (
    AccessDeniedError,
    HubSpotUnavailableError,
    InvalidGrantError,
    MissingScopesError,
    RateLimitedError,
    TapError,
    UnexpectedResponseError,
)
from tap_hubspot_crm.listings import read_owners

if TYPE_CHECKING:
    from requests_mock import Mocker

CONTACTS_SCOPE = "crm.objects.contacts.read"
TOKEN = f"{URL}/oauth/2026-09/token"
OAUTH = {"client_id": "id", "client_secret": "zqsecret", "refresh_token": "zqrefresh"}
#: Statuses that the edge answers with a page of its own (HubSpot: error handling).
EDGE = (502, 503, 504, 520, 521, 522, 523, 524, 525, 526)


@pytest.mark.parametrize(
    ("name", "error", "named", "waits"),
    [
        (
            "missing_scopes_errors",
            MissingScopesError,
            "lacks the scope crm.objects.contacts.sensitive.read.v2",
            [],
        ),
        (
            "missing_scopes_alternatives",
            MissingScopesError,
            # The one that the endpoint is known to need comes first.
            f"one or more of the scopes {CONTACTS_SCOPE}, crm.schemas.contacts.read, crm.objects.c",
            [],
        ),
        ("missing_scopes_context", MissingScopesError, "lacks the scope custom-object-read", []),
        ("missing_scopes_specified", MissingScopesError, f"lacks the scope {CONTACTS_SCOPE}", []),
        # Without a category a refusal must come three times.
        ("missing_scopes_no_category", MissingScopesError, CONTACTS_SCOPE, [0.5, 1.0]),
        ("missing_scopes_view_schema", MissingScopesError, CONTACTS_SCOPE, [0.5, 1.0]),
        ("missing_scopes_external", MissingScopesError, CONTACTS_SCOPE, [0.5, 1.0]),
        ("missing_scopes_permissions", MissingScopesError, CONTACTS_SCOPE, [0.5, 1.0]),
        ("forbidden_private", AccessDeniedError, "status 403", [0.5, 1.0]),
        ("edge_blocked_403", UnexpectedResponseError, "status 403, 3 tries", [0.5, 1.0]),
        ("edge_bad_request_400", UnexpectedResponseError, "status 400, 3 tries", [0.5, 1.0]),
        ("edge_not_found_404", UnexpectedResponseError, "status 404, 3 tries", [0.5, 1.0]),
        ("edge_uri_too_long", UnexpectedResponseError, "status 414", []),
        ("property_unknown", UnexpectedResponseError, "category VALIDATION_ERROR", []),
        ("object_type_unknown", UnexpectedResponseError, "answered 400", []),
        ("limit_daily", RateLimitedError, "daily limit", []),
        ("limit_daily_by_message", RateLimitedError, "daily limit", []),
        ("migrating_for_hours", HubSpotUnavailableError, "answered 477", []),
        # A token that cannot be renewed is tried once more.
        ("token_expired", AccessDeniedError, "wrong, expired or revoked", [1.0]),
        ("token_not_found", AccessDeniedError, "wrong, expired or revoked", [1.0]),
    ],
)
def test_a_refusal_ends_by_class_and_names_the_remedy(
    requests_mock: Mocker,
    fake_time: FakeTime,
    name: str,
    error: type[TapError],
    *,
    named: str,
    waits: list[float],
) -> None:
    requests_mock.get(CONTACTS, [answer(name)])
    with pytest.raises(TapError) as caught:
        read_listing(client_for(fake_time))
    assert type(caught.value) is error
    assert named in caught.value.message
    assert fake_time.slept == waits
    assert requests_mock.call_count == len(waits) + 1


def test_a_scope_of_the_former_kind_is_not_handed_on(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    owners = f"{URL}/crm/owners/2026-09"
    requests_mock.get(owners, [answer("missing_scopes_former_names")])
    with pytest.raises(MissingScopesError, match=r"the scope crm\.objects\.owners\.read$"):
        read_owners(client_for(fake_time))


@pytest.mark.parametrize(
    ("name", "waits"),
    [
        ("missing_scopes_no_category", [0.5]),
        ("forbidden_private", [0.5]),
        ("edge_blocked_403", [0.5]),
        ("edge_bad_request_400", [0.5]),
        ("edge_not_found_404", [0.5]),
        ("edge_timeout_408", [0.5]),
        ("token_expired", [1.0]),
        ("token_not_found", [1.0]),
        ("locked", [2.0]),
        ("migrating", [30.0]),
        ("limit_ten_secondly", [10.0]),
        ("limit_ten_secondly_by_message", [10.0]),
        ("limit_secondly", [1.0]),
        ("limit_secondly_by_message", [1.0]),
    ],
)
def test_a_refusal_that_comes_once_costs_a_wait(
    requests_mock: Mocker, fake_time: FakeTime, name: str, waits: list[float]
) -> None:
    requests_mock.get(CONTACTS, [answer(name), GOOD])
    assert read_listing(client_for(fake_time)) == {"results": []}
    assert fake_time.slept == waits


@pytest.mark.parametrize(
    ("name", "wait"),
    [
        ("limit_secondly", 1.0),
        ("limit_secondly_by_message", 1.0),
        ("limit_ten_secondly_by_message", 10.0),
    ],
)
def test_a_search_waits_for_the_limit_that_is_named(
    requests_mock: Mocker, fake_time: FakeTime, name: str, wait: float
) -> None:
    requests_mock.post(f"{CONTACTS}/search", [answer(name), GOOD])
    run_search(client_for(fake_time))
    assert fake_time.slept == [wait]


@pytest.mark.parametrize("status", EDGE)
def test_the_edge_is_waited_for(requests_mock: Mocker, fake_time: FakeTime, status: int) -> None:
    page = answer("edge_unavailable", status=status)
    requests_mock.get(CONTACTS, [*[page] * 8, GOOD])
    assert read_listing(client_for(fake_time)) == {"results": []}
    assert sum(fake_time.slept) > 60


@pytest.mark.parametrize("name", ["edge_unavailable", "edge_timeout_408", "migrating", "locked"])
def test_an_outage_that_stays_ends_by_class(
    requests_mock: Mocker, fake_time: FakeTime, name: str
) -> None:
    requests_mock.get(CONTACTS, [answer(name)])
    with pytest.raises(HubSpotUnavailableError, match=f"answered {recording(name).status}"):
        read_listing(client_for(fake_time))
    assert 60 < sum(fake_time.slept) < 300


def test_a_migration_of_hours_tells_when_to_come_back(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    requests_mock.get(CONTACTS, [answer("migrating_for_hours")])
    with pytest.raises(HubSpotUnavailableError) as caught:
        read_listing(client_for(fake_time))
    assert caught.value.retry_after_seconds == 86_400
    assert not caught.value.is_divisible


@pytest.mark.parametrize(
    ("name", "error", "named"),
    [
        ("grant_revoked", InvalidGrantError, "connect the HubSpot account again"),
        ("grant_former_form", InvalidGrantError, "connect the HubSpot account again"),
        ("grant_of_another_app", InvalidGrantError, "another app's"),
        ("grant_account_gone", AccessDeniedError, "the HubSpot account is gone"),
    ],
)
def test_a_grant_that_is_refused_ends_by_class(
    requests_mock: Mocker, fake_time: FakeTime, name: str, error: type[TapError], named: str
) -> None:
    requests_mock.post(TOKEN, [answer(name)])
    with pytest.raises(TapError) as caught:
        read_listing(client_for(fake_time, **OAUTH))
    assert type(caught.value) is error
    assert named in caught.value.message
    assert "zq" not in caught.value.message
    assert requests_mock.call_count == 1


def test_the_token_endpoint_is_waited_for_as_the_others_are(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    page = answer("edge_unavailable", status=503)
    grants = [answer("grant_limited"), page, answer("migrating"), answer("grant")]
    requests_mock.post(TOKEN, grants)
    requests_mock.get(CONTACTS, [GOOD])
    read_listing(client_for(fake_time, **OAUTH))
    assert fake_time.slept == [10.0, 0.5, 30.0]
    sent = requests_mock.request_history[-1].headers["Authorization"]
    assert sent == f"Bearer {recording('grant').body['access_token']}"


def _texts(part: Any) -> list[str]:  # noqa: ANN401 - any JSON
    if isinstance(part, dict):
        return [text for item in part.items() for text in _texts(list(item))]
    if isinstance(part, list):
        return [text for item in part for text in _texts(item)]
    return [part] if isinstance(part, str) else []


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_names_its_source_holds_no_personal_value_and_is_replayed(name: str) -> None:
    found = recording(name)
    assert found.evidence in {"recorded", "documented", "reported"}
    assert " " in found.source
    addresses = [text for text in _texts(found.body) if "@" in text]
    assert all(address.endswith("@example.com") for address in addresses)
    tests = FOLDER.parents[1] / "tap"
    replays = "".join(path.read_text(encoding="utf-8") for path in tests.glob("test_recorded_*.py"))
    assert f'"{name}"' in replays
