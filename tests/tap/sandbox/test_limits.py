"""Limits with their bodies and headers, and the other refusals."""

from typing import Any

import pytest
from tap.sandbox.caller import Caller

from hubspot_sandbox.limits import Limits
from hubspot_sandbox.tokens import DEFAULT_SCOPES

CONTACTS = "/crm/objects/2026-09/contacts"


def _oauth_token(caller: Caller) -> str:
    reply = caller.form(
        "/oauth/2026-09/token",
        grant_type="refresh_token",
        client_id=caller.portal.client_id,
        client_secret=caller.portal.client_secret,
        refresh_token=caller.portal.refresh_token,
    )
    token: str = reply.body["access_token"]
    return token


def test_the_burst_limit_rolls_over_ten_seconds(caller: Caller) -> None:
    caller.portal.limits = Limits(calls_per_10_seconds=3)
    assert [caller.get(CONTACTS).status for _ in range(3)] == [200] * 3
    refused = caller.get(CONTACTS)
    assert refused.status == 429
    body = refused.body
    assert body["message"] == "You have reached your ten_secondly_rolling limit."
    assert (body["errorType"], body["policyName"]) == ("RATE_LIMIT", "TEN_SECONDLY_ROLLING")
    assert body["groupName"].startswith("publicapi:private_app-api-calls-ten-secondly:")
    assert body["groupName"].endswith(":4242")
    assert "category" not in body
    assert refused.headers["X-HubSpot-RateLimit-Remaining"] == "0"
    assert "Retry-After" not in refused.headers
    caller.clock.advance(9_999)
    assert caller.get(CONTACTS).status == 429
    caller.clock.advance(1)
    assert caller.get(CONTACTS).status == 200


def test_answers_tell_what_is_left(caller: Caller) -> None:
    caller.portal.limits = Limits(calls_per_10_seconds=5, calls_per_day=50)
    caller.get(CONTACTS)
    headers = caller.get(f"{CONTACTS}/52").headers
    assert headers["X-HubSpot-RateLimit-Max"] == "5"
    assert headers["X-HubSpot-RateLimit-Remaining"] == "3"
    assert headers["X-HubSpot-RateLimit-Interval-Milliseconds"] == "10000"
    assert headers["X-HubSpot-RateLimit-Daily"] == "50"
    assert headers["X-HubSpot-RateLimit-Daily-Remaining"] == "48"


def test_oauth_has_its_own_burst_and_no_day(caller: Caller) -> None:
    caller.portal.limits = Limits(
        calls_per_10_seconds=1, oauth_calls_per_10_seconds=2, calls_per_day=1
    )
    caller.get(CONTACTS)
    caller.token = _oauth_token(caller)
    replies = [caller.get(CONTACTS) for _ in range(3)]
    assert [reply.status for reply in replies] == [200, 200, 429]
    assert replies[0].headers["X-HubSpot-RateLimit-Max"] == "2"
    assert "X-HubSpot-RateLimit-Daily" not in replies[0].headers
    assert ":app-api-calls-ten-secondly:" in replies[2].body["groupName"]


def test_searches_have_a_limit_a_second_for_all_types_and_tokens(caller: Caller) -> None:
    caller.portal.limits = Limits(searches_per_second=5, calls_per_10_seconds=1)
    assert [caller.search("contacts").status for _ in range(3)] == [200] * 3
    caller.token = _oauth_token(caller)
    found = [caller.search("deals") for _ in range(3)]
    assert [reply.status for reply in found] == [200, 200, 429]
    assert found[2].body["message"] == "You have reached your secondly limit."
    assert found[2].body["policyName"] == "SECONDLY"
    for reply in found:
        assert not [name for name in reply.headers if name.startswith("X-HubSpot-RateLimit")]
    caller.clock.advance(1000)
    assert caller.search("deals").status == 200


def test_searches_count_among_the_calls_where_switched_on(caller: Caller) -> None:
    caller.portal.limits = Limits(
        calls_per_10_seconds=2, searches_per_second=99, searches_count_as_calls=True
    )
    assert [caller.search("contacts").status for _ in range(3)] == [200, 200, 429]
    assert caller.get(CONTACTS).status == 429


def test_the_daily_limit_ends_at_the_portals_midnight(caller: Caller) -> None:
    caller.portal.limits = Limits(calls_per_day=2)
    assert caller.get(CONTACTS).status == 200
    assert caller.search("contacts").status == 200
    refused = caller.get(CONTACTS)
    assert refused.status == 429
    assert refused.body["message"] == "You have reached your daily limit."
    assert refused.body["policyName"] == "DAILY"
    caller.clock.advance((13 * 3600 + 3599) * 1000)
    assert caller.get(CONTACTS).status == 429
    caller.clock.advance(1000)
    assert caller.get(CONTACTS).status == 200


@pytest.mark.parametrize(
    ("time_zone", "hours"), [("Europe/Berlin", 13), ("America/New_York", 19), ("Asia/Kolkata", 9)]
)
def test_midnight_is_that_of_the_portals_time_zone(
    caller: Caller, time_zone: str, hours: int
) -> None:
    caller.control("PUT", "/sandbox/portals/4242/time-zone", {"time_zone": time_zone})
    assert caller.get("/account-info/2026-09/details").body["timeZone"] == time_zone
    caller.portal.limits = Limits(calls_per_day=1)
    caller.clock.advance((hours - 1) * 3_600_000)
    assert caller.get(CONTACTS).status == 429
    caller.clock.advance(3_600_000)
    assert caller.get(CONTACTS).status == 200
    assert (
        caller.control("PUT", "/sandbox/portals/4242/time-zone", {"time_zone": "Nowhere"}).status
        == 400
    )


def test_the_account_tells_how_far_its_time_is_off(caller: Caller) -> None:
    caller.portal.time_zone = "America/St_Johns"
    account = caller.get("/account-info/2026-09/details").body
    assert account["utcOffset"] == "-03:30"
    assert account["utcOffsetMilliseconds"] == -12_600_000


def test_tokens_of_one_portal_share_its_searches_and_those_of_one_app_its_calls(
    caller: Caller,
) -> None:
    caller.portal.limits = Limits(calls_per_10_seconds=2, searches_per_second=2)
    same = caller.sandbox.add_token(4242)
    reply = caller.control("POST", "/sandbox/portals/4242/tokens", {"app_id": 9})
    statuses = {}
    for name, token in (
        ("first", caller.token), ("same app", same), ("own app", reply.body["access_token"]),
    ):  # fmt: skip
        caller.token = token
        statuses[name] = (caller.get(CONTACTS).status, caller.search("deals").status)
    assert statuses == {"first": (200, 200), "same app": (200, 200), "own app": (200, 429)}
    caller.token = same
    assert caller.get(CONTACTS).status == 429


def test_portals_do_not_share_limits(caller: Caller) -> None:
    other = caller.sandbox.add_portal(portal_id=4343, contacts=3, limits=Limits())
    caller.portal.limits = Limits(calls_per_10_seconds=1)
    assert [caller.get(CONTACTS).status for _ in range(2)] == [200, 429]
    caller.token = other.access_token
    assert len(caller.get(CONTACTS).ids) == 3


def test_daily_usage_and_account_are_told(caller: Caller) -> None:
    caller.get(CONTACTS)
    usage = caller.get("/account-info/2026-09/api-usage/daily/private-apps").body["results"][0]
    assert usage["currentUsage"] == 2
    account = caller.get("/account-info/v3/details").body
    assert (account["portalId"], account["timeZone"]) == (4242, "Etc/UTC")


def test_the_date_of_an_answer_is_the_sandboxs_time(caller: Caller) -> None:
    caller.clock.advance(86_400_000)
    assert caller.get(CONTACTS).headers["Date"] == "Mon, 23 Nov 2026 10:00:00 GMT"


def test_latency_passes_in_the_clocks_time(caller: Caller) -> None:
    caller.sandbox.latency_ms = 2000
    assert caller.get(CONTACTS).headers["Date"] == "Sun, 22 Nov 2026 10:00:02 GMT"


def test_answers_are_compressed_only_when_asked_for(caller: Caller) -> None:
    bearer = {"Authorization": f"Bearer {caller.token}"}
    plain = caller.raw(f"{CONTACTS}?limit=100", **bearer)
    packed = caller.raw(f"{CONTACTS}?limit=100", **bearer, **{"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.data) < len(plain.data) / 2


@pytest.mark.parametrize(
    ("headers", "status", "category"),
    [
        ({}, 401, "INVALID_AUTHENTICATION"),
        ({"Authorization": "Basic abc"}, 401, "INVALID_AUTHENTICATION"),
        ({"Authorization": "Bearer pat-na1-nobody"}, 401, "INVALID_AUTHENTICATION"),
        ({"Authorization": "Bearer not a token"}, 530, "INVALID_AUTHENTICATION"),
    ],
)
def test_a_token_that_is_no_good_is_refused(
    caller: Caller, headers: dict[str, str], status: int, category: str
) -> None:
    response = caller.raw(CONTACTS, **headers)
    body: Any = response.get_json()
    assert (response.status_code, body["category"]) == (status, category)
    assert "pat-na1-nobody" not in response.get_data(as_text=True)
    assert len(body["correlationId"]) == 36


def test_missing_scopes_are_named(empty: Caller) -> None:
    scopes = tuple(s for s in DEFAULT_SCOPES if s != "crm.objects.deals.read")
    empty.token = empty.sandbox.add_portal(portal_id=5, scopes=scopes).access_token
    assert empty.get(CONTACTS).status == 200
    for reply in (
        empty.get("/crm/objects/2026-09/deals"),
        empty.search("deals"),
        empty.post("/crm/associations/2026-09/contacts/deals/batch/read", {"inputs": []}),
    ):
        assert (reply.status, reply.body["category"]) == (403, "MISSING_SCOPES")
        context = reply.body["errors"][0]["context"]
        assert context == {"requiredGranularScopes": ["crm.objects.deals.read"]}


def test_nothing_can_be_written(caller: Caller) -> None:
    for path in ("", "/batch/create", "/batch/archive", "/merge", "/gdpr-delete"):
        reply = caller.post(CONTACTS + path, {"properties": {"city": "Ulm"}})
        assert (reply.status, reply.body["category"]) == (403, "MISSING_SCOPES")


def test_a_long_address_is_refused_with_414(caller: Caller) -> None:
    assert caller.get(CONTACTS, properties="a," * 8000).status == 200
    assert caller.get(CONTACTS, properties="abc," * 4100).status == 414


def test_unknown_paths_types_and_methods(caller: Caller) -> None:
    assert caller.get("/crm/objects/2026-09/contacts/1/2/3").status == 404
    assert caller.get("/crm/v3/owners/1").status == 404
    unknown_type = caller.get("/crm/objects/2026-09/widgets")
    assert (unknown_type.status, unknown_type.body["category"]) == (400, "VALIDATION_ERROR")
    assert caller.get("/crm/objects/2026-09/contacts/search/x").status == 404
    assert caller.post("/crm/owners/2026-09", {}).status == 405


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"\xff"])
def test_a_body_that_is_no_json_object_is_a_validation_error(caller: Caller, body: bytes) -> None:
    response = caller.client.post(
        f"{CONTACTS}/search", data=body, headers={"Authorization": f"Bearer {caller.token}"}
    )
    reply: Any = response.get_json()
    assert (response.status_code, reply["category"]) == (400, "VALIDATION_ERROR")
