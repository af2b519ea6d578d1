"""Requests, retries, limits and credentials, against canned answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest
import requests

from tap_hubspot_crm.client import HubSpotClient
from tap_hubspot_crm.errors import (
    AccessDeniedError,
    HubSpotUnavailableError,
    InvalidGrantError,
    InvalidSettingsError,
    MissingScopesError,
    NetworkFailedError,
    RateLimitedError,
    TapError,
    UnexpectedResponseError,
)
from tap_hubspot_crm.limiter import TokenBucket
from tap_hubspot_crm.settings import Settings, read_settings
from tap_hubspot_crm.timekeeping import Timer

if TYPE_CHECKING:
    from pathlib import Path

    from requests_mock import Mocker

URL = "https://api.test"
DATE = {"Date": "Sun, 22 Nov 2026 10:00:00 GMT"}
MARK = "ann.zqmark@example.com"
OAUTH = {"client_id": "app", "client_secret": "shh", "refresh_token": "na1-r"}


class _Context(Protocol):
    headers: dict[str, str]


class FakeTime:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    @property
    def timer(self) -> Timer:
        """The timer to hand to a client."""
        return Timer(monotonic=lambda: self.now, sleep=self.sleep)


@pytest.fixture
def fake_time() -> FakeTime:
    return FakeTime()


def _client(fake_time: FakeTime, **settings: object) -> HubSpotClient:
    credentials = {} if "access_token_file" in settings else {"access_token": "tok"}
    if "client_id" in settings:
        credentials = {}
    return HubSpotClient(
        read_settings({"api_url": URL, **credentials, **settings}), timer=fake_time.timer
    )


def _listing(client: HubSpotClient) -> object:
    return client.get(client.paths.listing("contacts"), {"limit": "100"}).body


def _search(client: HubSpotClient) -> object:
    return client.post(client.paths.search("contacts"), {"limit": 200}).body


CONTACTS = f"{URL}/crm/objects/2026-09/contacts"
GOOD: dict[str, Any] = {"json": {"results": []}, "headers": DATE}


def test_a_request_carries_the_token_and_asks_for_gzip(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    requests_mock.get(CONTACTS, [GOOD])
    assert _listing(_client(fake_time)) == {"results": []}
    headers = requests_mock.request_history[0].headers
    assert headers["Authorization"] == "Bearer tok"
    assert headers["Accept-Encoding"] == "gzip"
    assert headers["User-Agent"] == "tap-hubspot-crm"


@pytest.mark.parametrize(
    ("bad", "waits"),
    [
        ({"status_code": 502, "text": "<html>"}, [0.5]),
        ({"status_code": 521, "text": ""}, [0.5]),
        ({"status_code": 423, "json": {}}, [2.0]),
        ({"status_code": 477, "json": {}, "headers": {"Retry-After": "7"}}, [7.0]),
        ({"exc": requests.ConnectionError(MARK)}, [0.5]),
        ({"exc": requests.ReadTimeout(MARK)}, [0.5]),
        ({"exc": requests.exceptions.ChunkedEncodingError(MARK)}, [0.5]),
        ({"text": '{"results": [', "headers": DATE}, [0.5]),
        ({"text": "<html>", "headers": DATE}, [0.5]),
        ({"text": "[]", "headers": DATE}, [0.5]),
        (
            {"status_code": 429, "json": {"policyName": "TEN_SECONDLY_ROLLING"}},
            [10.0],
        ),
        ({"status_code": 429, "json": {"policyName": "SECONDLY"}}, [1.0]),
        ({"status_code": 429, "json": {}, "headers": {"Retry-After": "3"}}, [3.0]),
    ],
)
def test_what_may_pass_is_tried_again_after_a_wait(
    requests_mock: Mocker, fake_time: FakeTime, bad: dict[str, Any], waits: list[float]
) -> None:
    requests_mock.get(CONTACTS, [bad, GOOD])
    assert _listing(_client(fake_time)) == {"results": []}
    assert fake_time.slept == waits


def test_a_reached_search_limit_waits_one_second(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    limited = {"status_code": 429, "json": {"errorType": "RATE_LIMIT"}}
    requests_mock.post(f"{CONTACTS}/search", [limited, GOOD])
    _search(_client(fake_time))
    assert fake_time.slept == [1.0]


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        ({"status_code": 500, "text": MARK}, HubSpotUnavailableError),
        ({"status_code": 503, "json": {"message": MARK}}, HubSpotUnavailableError),
        (
            {"status_code": 400, "json": {"message": MARK, "category": MARK}},
            UnexpectedResponseError,
        ),
        ({"status_code": 404, "text": MARK}, UnexpectedResponseError),
        (
            {"status_code": 302, "headers": {"Location": "https://elsewhere"}},
            UnexpectedResponseError,
        ),
        ({"text": MARK, "headers": DATE}, UnexpectedResponseError),
        ({"json": {"results": []}}, UnexpectedResponseError),
        ({"status_code": 401, "json": {"message": MARK}}, AccessDeniedError),
        ({"status_code": 530, "text": MARK}, AccessDeniedError),
        ({"status_code": 403, "json": {"category": "OTHER"}}, AccessDeniedError),
        ({"status_code": 403, "json": {"category": "MISSING_SCOPES"}}, MissingScopesError),
        ({"status_code": 429, "json": {"policyName": "DAILY"}}, RateLimitedError),
        ({"status_code": 429, "json": {"policyName": "SECONDLY"}}, RateLimitedError),
        ({"exc": requests.ConnectionError(MARK)}, NetworkFailedError),
        ({"exc": requests.exceptions.SSLError(MARK)}, NetworkFailedError),
    ],
)
def test_what_does_not_pass_ends_by_class_and_says_nothing_of_the_body(
    requests_mock: Mocker, fake_time: FakeTime, bad: dict[str, Any], error: type[TapError]
) -> None:
    requests_mock.get(CONTACTS, [bad])
    with pytest.raises(error) as caught:
        _listing(_client(fake_time))
    assert MARK not in caught.value.message
    assert "tok" not in caught.value.message.replace("token", "")
    assert len(requests_mock.request_history) <= 12
    assert sum(fake_time.slept) < 150


def test_a_missing_scope_is_named(requests_mock: Mocker, fake_time: FakeTime) -> None:
    requests_mock.get(CONTACTS, status_code=403, json={"category": "MISSING_SCOPES"})
    with pytest.raises(MissingScopesError, match=r"crm\.objects\.contacts\.read"):
        _listing(_client(fake_time))


def test_a_daily_limit_ends_the_run_at_once_and_hands_on_the_wait(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    requests_mock.get(
        CONTACTS, status_code=429, json={"policyName": "DAILY"}, headers={"Retry-After": "900"}
    )
    with pytest.raises(RateLimitedError) as caught:
        _listing(_client(fake_time))
    assert caught.value.retry_after_seconds == 900
    assert fake_time.slept == []


def test_a_wait_of_hours_is_left_to_the_next_run(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    requests_mock.get(CONTACTS, status_code=477, json={}, headers={"Retry-After": "7200"})
    with pytest.raises(HubSpotUnavailableError) as caught:
        _listing(_client(fake_time))
    assert caught.value.retry_after_seconds == 7200
    assert fake_time.slept == []


def test_the_share_of_the_daily_quota_is_kept(requests_mock: Mocker, fake_time: FakeTime) -> None:
    headers = {
        **DATE,
        "X-HubSpot-RateLimit-Daily": "1000",
        "X-HubSpot-RateLimit-Daily-Remaining": "499",
    }
    requests_mock.get(CONTACTS, json={"results": []}, headers=headers)
    assert _listing(_client(fake_time)) == {"results": []}
    with pytest.raises(RateLimitedError, match="daily_share"):
        _listing(_client(fake_time, daily_share=0.5))


def test_an_expired_token_is_fetched_anew_once(requests_mock: Mocker, fake_time: FakeTime) -> None:
    token = requests_mock.post(
        f"{URL}/oauth/2026-09/token",
        [
            {"json": {"access_token": "a1", "refresh_token": "na1-new", "expires_in": 1800}},
            {"json": {"access_token": "a2", "refresh_token": "na1-new", "expires_in": 1800}},
        ],
    )
    requests_mock.get(CONTACTS, [{"status_code": 401, "json": {}}, GOOD])
    _listing(_client(fake_time, **OAUTH))
    assert token.call_count == 2
    assert "refresh_token=na1-r&" in token.request_history[0].text + "&"
    assert "refresh_token=na1-new" in token.request_history[1].text
    assert requests_mock.request_history[-1].headers["Authorization"] == "Bearer a2"
    assert "Authorization" not in token.request_history[0].headers


def test_a_token_is_fetched_before_it_ends(requests_mock: Mocker, fake_time: FakeTime) -> None:
    answer = {"json": {"access_token": "a", "refresh_token": "na1-r", "expires_in": 1800}}
    token = requests_mock.post(f"{URL}/oauth/2026-09/token", [answer])
    requests_mock.get(CONTACTS, [GOOD])
    client = _client(fake_time, **OAUTH)
    _listing(client)
    _listing(client)
    assert token.call_count == 1
    fake_time.now += 1750
    _listing(client)
    assert token.call_count == 2


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"error": "invalid_grant", "status": "BAD_REFRESH_TOKEN"}, InvalidGrantError),
        (400, {"status": "BAD_HUB", "error": "access_denied"}, AccessDeniedError),
        (400, {"status": "BAD_CLIENT_ID", "error": "invalid_client"}, InvalidSettingsError),
        (400, {}, AccessDeniedError),
        (503, {}, HubSpotUnavailableError),
        (404, {}, UnexpectedResponseError),
    ],
)
def test_a_refused_refresh_ends_by_class(
    requests_mock: Mocker,
    fake_time: FakeTime,
    status: int,
    body: dict[str, str],
    error: type[TapError],
) -> None:
    requests_mock.post(
        f"{URL}/oauth/2026-09/token", status_code=status, json={**body, "message": MARK}
    )
    with pytest.raises(error) as caught:
        _listing(_client(fake_time, **OAUTH))
    assert MARK not in caught.value.message


def test_the_token_endpoints_own_limit_is_waited_out(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    requests_mock.post(
        f"{URL}/oauth/2026-09/token",
        [{"status_code": 429, "json": {}}, {"json": {"access_token": "a", "expires_in": 1800}}],
    )
    requests_mock.get(CONTACTS, [GOOD])
    assert _listing(_client(fake_time, **OAUTH)) == {"results": []}


def test_a_token_file_is_read_again_when_it_changes_and_after_a_refusal(
    requests_mock: Mocker, fake_time: FakeTime, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("first\n")
    requests_mock.get(CONTACTS, [GOOD])
    client = _client(fake_time, access_token_file=str(file))
    _listing(client)
    file.write_text("second-token")
    _listing(client)
    sent = [request.headers["Authorization"] for request in requests_mock.request_history]
    assert sent == ["Bearer first", "Bearer second-token"]
    requests_mock.get(CONTACTS, status_code=401, json={})
    with pytest.raises(AccessDeniedError):
        _listing(client)


@pytest.mark.parametrize("content", ["", "two words", "a\x00b"])
def test_a_token_file_without_a_token_is_a_setting_at_fault(
    fake_time: FakeTime, tmp_path: Path, content: str
) -> None:
    file = tmp_path / "token"
    file.write_text(content)
    with pytest.raises(InvalidSettingsError, match="access_token_file"):
        _listing(_client(fake_time, access_token_file=str(file)))
    file.unlink()
    with pytest.raises(InvalidSettingsError, match="access_token_file"):
        _listing(_client(fake_time, access_token_file=str(file)))


def test_a_bookmark_lies_before_the_request_whatever_the_machines_clock_says(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    def answer(_request: object, context: _Context) -> dict[str, Any]:
        fake_time.now += 0.25
        context.headers.update(DATE)
        return {"results": []}

    requests_mock.get(CONTACTS, json=answer)
    client = _client(fake_time)
    found = client.get(client.paths.listing("contacts"), {})
    assert found.asked_at.isoformat() == "2026-11-22T09:59:59.750000+00:00"
    assert found.answered_at.isoformat() == "2026-11-22T10:00:00+00:00"


def test_a_bucket_hands_out_its_limit_within_any_window(fake_time: FakeTime) -> None:
    bucket = TokenBucket(limit=3, window=10.0, timer=fake_time.timer)
    taken = []
    for _ in range(7):
        bucket.take()
        taken.append(fake_time.now - 1000)
    assert taken == pytest.approx([0, 0, 0, 10, 10, 10, 20])


def test_a_bucket_takes_over_hubspots_own_limit_and_others_calls(fake_time: FakeTime) -> None:
    bucket = TokenBucket(limit=100, window=10.0, timer=fake_time.timer)
    bucket.take()
    bucket.correct(limit=5, remaining=2)
    for _ in range(2):
        bucket.take()
    assert fake_time.slept == []
    bucket.take()
    assert sum(fake_time.slept) == pytest.approx(10.0)


def test_settings_print_without_secrets() -> None:
    assert "tok" not in repr(Settings(access_token="tok", refresh_token="tok")).replace("_tok", "")
