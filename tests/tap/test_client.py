"""Requests, retries, limits and credentials, against canned answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest
import requests
from tap.canned import CONTACTS, DATE, GOOD, MARK, FakeTime, client_for, read_listing, run_search

from tap_hubspot_crm.errors import (
    AccessDeniedError,
    HubSpotUnavailableError,
    MissingScopesError,
    NetworkFailedError,
    RateLimitedError,
    TapError,
    UnexpectedResponseError,
)
from tap_hubspot_crm.limiter import TokenBucket
from tap_hubspot_crm.settings import Settings

if TYPE_CHECKING:
    from requests_mock import Mocker


class _Context(Protocol):
    headers: dict[str, str]


def test_a_request_carries_the_token_and_asks_for_gzip(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    requests_mock.get(CONTACTS, [GOOD])
    assert read_listing(client_for(fake_time)) == {"results": []}
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
    assert read_listing(client_for(fake_time)) == {"results": []}
    assert fake_time.slept == waits


def test_limits_that_others_use_up_leave_a_request_all_its_tries(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    limited = {"status_code": 429, "json": {"policyName": "SECONDLY"}}
    requests_mock.get(CONTACTS, [*[limited] * 8, {"status_code": 502}, GOOD])
    assert read_listing(client_for(fake_time)) == {"results": []}
    assert fake_time.slept == [*[1.0] * 8, 0.5]


def test_a_reached_search_limit_waits_one_second(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    limited = {"status_code": 429, "json": {"errorType": "RATE_LIMIT"}}
    requests_mock.post(f"{CONTACTS}/search", [limited, GOOD])
    run_search(client_for(fake_time))
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
        read_listing(client_for(fake_time))
    assert MARK not in caught.value.message
    assert "tok" not in caught.value.message.replace("token", "")
    assert len(requests_mock.request_history) <= 12
    assert sum(fake_time.slept) < 150


def test_an_unreachable_host_is_a_fault_of_the_network(fake_time: FakeTime) -> None:
    """Nobody listens at port 1 of this machine."""
    with pytest.raises(NetworkFailedError, match="there was no connection"):
        read_listing(client_for(fake_time, api_url="http://127.0.0.1:1"))


def test_a_missing_scope_is_named(requests_mock: Mocker, fake_time: FakeTime) -> None:
    requests_mock.get(CONTACTS, status_code=403, json={"category": "MISSING_SCOPES"})
    with pytest.raises(MissingScopesError, match=r"crm\.objects\.contacts\.read"):
        read_listing(client_for(fake_time))


def test_a_daily_limit_ends_the_run_at_once_and_hands_on_the_wait(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    requests_mock.get(
        CONTACTS, status_code=429, json={"policyName": "DAILY"}, headers={"Retry-After": "900"}
    )
    with pytest.raises(RateLimitedError) as caught:
        read_listing(client_for(fake_time))
    assert caught.value.retry_after_seconds == 900
    assert fake_time.slept == []


def test_a_wait_of_hours_is_left_to_the_next_run(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    requests_mock.get(CONTACTS, status_code=477, json={}, headers={"Retry-After": "7200"})
    with pytest.raises(HubSpotUnavailableError) as caught:
        read_listing(client_for(fake_time))
    assert caught.value.retry_after_seconds == 7200
    assert fake_time.slept == []


def test_the_share_of_the_daily_quota_is_kept(requests_mock: Mocker, fake_time: FakeTime) -> None:
    headers = {
        **DATE,
        "X-HubSpot-RateLimit-Daily": "1000",
        "X-HubSpot-RateLimit-Daily-Remaining": "499",
    }
    requests_mock.get(CONTACTS, json={"results": []}, headers=headers)
    assert read_listing(client_for(fake_time)) == {"results": []}
    with pytest.raises(RateLimitedError, match="daily_share"):
        read_listing(client_for(fake_time, daily_share=0.5))


def test_a_bookmark_lies_before_the_request_whatever_the_machines_clock_says(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    def answer(_request: object, context: _Context) -> dict[str, Any]:
        fake_time.now += 0.25
        context.headers.update(DATE)
        return {"results": []}

    requests_mock.get(CONTACTS, json=answer)
    client = client_for(fake_time)
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


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"exc": requests.ConnectionError(MARK)}, "there was no connection, or it broke"),
        ({"exc": requests.ReadTimeout(MARK)}, "HubSpot did not answer in time"),
        ({"exc": requests.ConnectTimeout(MARK)}, "HubSpot could not be reached in time"),
        ({"exc": requests.exceptions.ChunkedEncodingError(MARK)}, "the answer broke off"),
        ({"text": MARK, "headers": DATE}, "no JSON object"),
        ({"status_code": 502, "text": MARK}, "HubSpot answered 502"),
        ({"status_code": 423, "json": {"message": MARK}}, "423, locked"),
        (
            {"status_code": 429, "json": {"policyName": "TEN_SECONDLY_ROLLING", "message": MARK}},
            "limit is reached (ten_secondly_rolling)",
        ),
    ],
)
def test_the_log_says_in_words_why_a_request_is_tried_again(
    requests_mock: Mocker,
    fake_time: FakeTime,
    caplog: pytest.LogCaptureFixture,
    bad: dict[str, Any],
    words: str,
) -> None:
    caplog.set_level("INFO", "HubSpotConnector")
    requests_mock.get(CONTACTS, [bad, GOOD])
    read_listing(client_for(fake_time))
    assert words in caplog.text
    assert MARK not in caplog.text


def test_a_back_off_is_spread_and_never_shortened(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    requests_mock.get(CONTACTS, [{"status_code": 503}, GOOD])
    client = client_for(fake_time)
    object.__setattr__(client._timer, "jitter", lambda: 1.0)
    read_listing(client)
    assert fake_time.slept == [0.75]


def test_settings_print_without_secrets() -> None:
    assert "tok" not in repr(Settings(access_token="tok", refresh_token="tok")).replace("_tok", "")
