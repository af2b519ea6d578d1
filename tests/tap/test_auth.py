"""Where the token comes from, and what happens when HubSpot refuses it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from tap.canned import CONTACTS, GOOD, MARK, URL, client_for, read_listing

from tap_hubspot_crm.auth import RefreshedToken
from tap_hubspot_crm.errors import (
    AccessDeniedError,
    HubSpotUnavailableError,
    InvalidGrantError,
    InvalidSettingsError,
    TapError,
    UnexpectedResponseError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from requests_mock import Mocker
    from tap.canned import FakeTime

OAUTH = {"client_id": "app", "client_secret": "shh", "refresh_token": "na1-r"}


def test_an_expired_token_is_fetched_anew_once(requests_mock: Mocker, fake_time: FakeTime) -> None:
    token = requests_mock.post(
        f"{URL}/oauth/2026-09/token",
        [
            {"json": {"access_token": "a1", "refresh_token": "na1-new", "expires_in": 1800}},
            {"json": {"access_token": "a2", "refresh_token": "na1-new", "expires_in": 1800}},
        ],
    )
    requests_mock.get(CONTACTS, [{"status_code": 401, "json": {}}, GOOD])
    read_listing(client_for(fake_time, **OAUTH))
    assert token.call_count == 2
    assert "refresh_token=na1-r&" in token.request_history[0].text + "&"
    assert "refresh_token=na1-new" in token.request_history[1].text
    assert requests_mock.request_history[-1].headers["Authorization"] == "Bearer a2"
    assert "Authorization" not in token.request_history[0].headers


def test_a_token_is_fetched_before_it_ends(requests_mock: Mocker, fake_time: FakeTime) -> None:
    answer = {"json": {"access_token": "a", "refresh_token": "na1-r", "expires_in": 1800}}
    token = requests_mock.post(f"{URL}/oauth/2026-09/token", [answer])
    requests_mock.get(CONTACTS, [GOOD])
    client = client_for(fake_time, **OAUTH)
    read_listing(client)
    read_listing(client)
    assert token.call_count == 1
    fake_time.now += 1750
    read_listing(client)
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
        (200, {"access_token": f"two\n{MARK}", "expires_in": 1800}, UnexpectedResponseError),
        (200, {"access_token": f"\u2603{MARK}", "expires_in": 1800}, UnexpectedResponseError),
        (200, {"access_token": MARK, "expires_in": 10**400}, UnexpectedResponseError),
    ],
)
def test_a_refused_refresh_ends_by_class(
    requests_mock: Mocker,
    fake_time: FakeTime,
    status: int,
    body: dict[str, object],
    error: type[TapError],
) -> None:
    requests_mock.post(
        f"{URL}/oauth/2026-09/token", status_code=status, json={**body, "message": MARK}
    )
    with pytest.raises(error) as caught:
        read_listing(client_for(fake_time, **OAUTH))
    assert MARK not in caught.value.message


def test_the_token_endpoints_own_limit_is_waited_out(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    requests_mock.post(
        f"{URL}/oauth/2026-09/token",
        [{"status_code": 429, "json": {}}, {"json": {"access_token": "a", "expires_in": 1800}}],
    )
    requests_mock.get(CONTACTS, [GOOD])
    assert read_listing(client_for(fake_time, **OAUTH)) == {"results": []}


def test_a_token_file_is_read_again_when_it_changes_and_after_a_refusal(
    requests_mock: Mocker, fake_time: FakeTime, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("first\n")
    requests_mock.get(CONTACTS, [GOOD])
    client = client_for(fake_time, access_token_file=str(file))
    read_listing(client)
    file.write_text("second-token")
    read_listing(client)
    sent = [request.headers["Authorization"] for request in requests_mock.request_history]
    assert sent == ["Bearer first", "Bearer second-token"]
    requests_mock.get(CONTACTS, status_code=401, json={})
    with pytest.raises(AccessDeniedError):
        read_listing(client)


@pytest.mark.parametrize("content", ["", "two words", "a\x00b"])
def test_a_token_file_without_a_token_is_a_setting_at_fault(
    fake_time: FakeTime, tmp_path: Path, content: str
) -> None:
    file = tmp_path / "token"
    file.write_text(content)
    with pytest.raises(InvalidSettingsError, match="access_token_file"):
        read_listing(client_for(fake_time, access_token_file=str(file)))
    file.unlink()
    with pytest.raises(InvalidSettingsError, match="access_token_file"):
        read_listing(client_for(fake_time, access_token_file=str(file)))


def test_threads_that_are_refused_together_fetch_one_token(fake_time: FakeTime) -> None:
    """HubSpot limits its token endpoint, and a second refresh could end the first one's token."""
    asked: list[str] = []

    def post(form: Mapping[str, str]) -> tuple[int, Mapping[str, object]]:
        asked.append(form["refresh_token"])
        number = len(asked)
        return 200, {"access_token": f"a{number}", "refresh_token": f"r{number}"}

    credentials = RefreshedToken(
        client_id="app", client_secret="shh", refresh_token="r0", post=post, timer=fake_time.timer
    )
    assert credentials.token() == "a1"
    together = threading.Barrier(8)
    renewed: list[bool] = []

    def refused() -> None:
        together.wait(10)
        renewed.append(credentials.renew("a1"))

    threads = [threading.Thread(target=refused) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert renewed == [True] * 8
    assert asked == ["r0", "r1"]
    assert credentials.token() == "a2"


def test_a_replaced_refresh_token_can_be_kept_and_is_printed_nowhere(
    requests_mock: Mocker, fake_time: FakeTime, caplog: pytest.LogCaptureFixture
) -> None:
    answer = {"access_token": "a", "refresh_token": "na1-other", "expires_in": 1800}
    requests_mock.post(f"{URL}/oauth/2026-09/token", json=answer)
    requests_mock.get(CONTACTS, [GOOD])
    client = client_for(fake_time, **OAUTH)
    before = client.replaced_refresh_token
    read_listing(client)
    assert (before, client.replaced_refresh_token) == (None, "na1-other")
    assert "replaced the refresh token" in caplog.text
    assert "na1-other" not in caplog.text
