"""What is taken from a refusal: well-formed names, and waits that can be meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tap.canned import CONTACTS, DATE, GOOD, FakeTime, client_for, read_listing

from tap_hubspot_crm.errors import MissingScopesError, TapError

if TYPE_CHECKING:
    from requests_mock import Mocker
    from requests_mock.request import _RequestObjectProxy
    from requests_mock.response import _Context

OWN_SCOPE = "crm.objects.contacts.read"
MARK = "zqmark"
MARKUP = f"<script>alert('{MARK}')</script>"


def _body(scopes: object, *, in_errors: bool) -> dict[str, Any]:
    context = {"requiredGranularScopes": scopes}
    where = {"errors": [{"context": context}]} if in_errors else {"context": context}
    return {"status": "error", "category": "MISSING_SCOPES", "message": MARKUP, **where}


def _refused(requests_mock: Mocker, fake_time: FakeTime, body: object) -> MissingScopesError:
    requests_mock.get(CONTACTS, json=body, status_code=403, headers=DATE)
    with pytest.raises(MissingScopesError) as caught:
        read_listing(client_for(fake_time))
    return caught.value


@pytest.mark.parametrize("in_errors", [True, False])
@pytest.mark.parametrize(
    "scopes",
    [
        pytest.param([MARKUP], id="markup"),
        pytest.param([f"crm.{MARK}" * 150_000], id="a megabyte"),
        pytest.param(["a." * 500_000 + MARK], id="a megabyte of parts"),
        pytest.param([f"crm.objects.{MARK}\n"], id="a line"),
        pytest.param([f"crm.objects.{MARK}\u0661"], id="a foreign digit"),
        pytest.param([f"{MARK}@example.com", f"{MARK} read", f".{MARK}", f"{MARK}."], id="values"),
        pytest.param([[MARK], {MARK: MARK}, 5, None, True], id="no texts"),
        pytest.param(MARK, id="a text"),
        pytest.param({MARK: [MARK]}, id="an object"),
        pytest.param(None, id="null"),
    ],
)
def test_what_is_no_scope_is_not_printed(
    requests_mock: Mocker, fake_time: FakeTime, scopes: object, *, in_errors: bool
) -> None:
    error = _refused(requests_mock, fake_time, _body(scopes, in_errors=in_errors))
    assert error.scopes == ()
    assert error.message.endswith(f"the token lacks the scope {OWN_SCOPE}")


@pytest.mark.parametrize("in_errors", [True, False])
def test_of_many_scopes_a_few_are_named(
    requests_mock: Mocker, fake_time: FakeTime, *, in_errors: bool
) -> None:
    scopes = [f"crm.objects.custom{number}.read" for number in range(10_000)]
    error = _refused(requests_mock, fake_time, _body(scopes, in_errors=in_errors))
    assert list(error.scopes) == scopes[:8]
    assert len(error.message) < 500


def test_ten_thousand_errors_are_read_like_a_few(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    errors = [{"context": {"requiredGranularScopes": [MARKUP] * 50}}] * 10_000
    found = {"context": {"requiredGranularScopes": [OWN_SCOPE, OWN_SCOPE]}}
    body = {"category": "MISSING_SCOPES", "errors": [*errors, found]}
    assert _refused(requests_mock, fake_time, body).scopes == (OWN_SCOPE,)


@pytest.mark.parametrize(
    "body",
    [
        {"errors": [MARK, 5, None, {"context": MARK}, {"context": None}]},
        {"errors": {MARK: MARK}, "context": [MARK]},
        {"errors": None, "correlationId": MARKUP, "policyName": MARKUP},
    ],
)
def test_a_refusal_of_another_form_is_survived(
    requests_mock: Mocker, fake_time: FakeTime, body: dict[str, object]
) -> None:
    error = _refused(requests_mock, fake_time, {"category": "MISSING_SCOPES", **body})
    assert error.message.endswith(f"the token lacks the scope {OWN_SCOPE}")


@pytest.mark.parametrize(
    "retry_after",
    [
        "0",
        "0.0",
        "-5",
        "86401",
        "9" * 20,
        "1e3",
        "soon",
        "",
        "\xb2",
        "Wed, 21 Oct 2026 07:28:00 GMT",
    ],
)
@pytest.mark.parametrize(
    ("status", "own_wait"), [(429, 10.0), (423, 2.0), (477, 0.5), (500, 0.5), (503, 0.5)]
)
def test_a_wait_that_cannot_be_meant_is_replaced_by_our_own(
    requests_mock: Mocker, fake_time: FakeTime, retry_after: str, status: int, own_wait: float
) -> None:
    headers = {**DATE, "Retry-After": retry_after}
    requests_mock.get(CONTACTS, [{"status_code": status, "json": {}, "headers": headers}, GOOD])
    read_listing(client_for(fake_time))
    assert fake_time.slept == [own_wait]


@pytest.mark.parametrize("status", [477, 502, 503, 504])
@pytest.mark.parametrize("retry_after", [None, "0", "5", "30", "99999999"])
def test_a_spell_of_a_minute_is_outlasted(
    requests_mock: Mocker, fake_time: FakeTime, status: int, retry_after: str | None
) -> None:
    over_at = fake_time.now + 60

    def respond(_: _RequestObjectProxy, context: _Context) -> dict[str, Any]:
        context.headers.update(DATE)
        if fake_time.now < over_at:
            context.status_code = status
            if retry_after is not None:
                context.headers["Retry-After"] = retry_after
        return {"results": []}

    requests_mock.get(CONTACTS, json=respond)
    assert read_listing(client_for(fake_time)) == {"results": []}


@pytest.mark.parametrize("wait", [301, 3600, 86_400])
def test_a_wait_beyond_five_minutes_is_left_to_the_next_run(
    requests_mock: Mocker, fake_time: FakeTime, wait: int
) -> None:
    headers = {**DATE, "Retry-After": str(wait)}
    requests_mock.get(CONTACTS, status_code=503, json={}, headers=headers)
    with pytest.raises(TapError) as caught:
        read_listing(client_for(fake_time))
    assert caught.value.error_class == "hubspot_unavailable"
    assert caught.value.retry_after_seconds == wait
    assert fake_time.slept == []
