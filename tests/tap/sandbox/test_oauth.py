"""Grants and tokens: the token endpoint, introspection, revocation, expiry."""

import pytest
from tap.sandbox.caller import Caller, Reply

from hubspot_sandbox.faults import FaultRule
from hubspot_sandbox.tokens import TokenHabits

CONTACTS = "/crm/objects/2026-09/contacts"


def _ask(caller: Caller, path: str = "/oauth/2026-09/token", **fields: str) -> Reply:
    client = {"client_id": caller.portal.client_id, "client_secret": caller.portal.client_secret}
    return caller.form(path, **{**client, **fields})


def _refresh(caller: Caller, **fields: str) -> Reply:
    given = {"grant_type": "refresh_token", "refresh_token": caller.portal.refresh_token}
    return _ask(caller, **{**given, **fields})


@pytest.mark.parametrize("version", ["v1", "v3", "2026-03", "2026-09"])
def test_a_refresh_gives_a_token_for_half_an_hour(caller: Caller, version: str) -> None:
    reply = _ask(
        caller,
        f"/oauth/{version}/token",
        grant_type="refresh_token",
        refresh_token=caller.portal.refresh_token,
    )
    assert reply.status == 200
    assert reply.body["token_type"] == "bearer"
    assert reply.body["expires_in"] == 1800
    assert reply.body["hub_id"] == 4242
    assert reply.body["refresh_token"] == caller.portal.refresh_token
    assert "crm.objects.contacts.read" in reply.body["scopes"]
    caller.token = reply.body["access_token"]
    caller.clock.advance(1_799_999)
    assert caller.get(CONTACTS).status == 200


def test_an_expired_token_is_told_apart(caller: Caller) -> None:
    caller.token = _refresh(caller).body["access_token"]
    caller.clock.advance(1_803_000)
    reply = caller.get(CONTACTS)
    assert (reply.status, reply.body["category"]) == (401, "EXPIRED_AUTHENTICATION")
    assert reply.body["message"] == (
        "The OAuth token used to make this call expired 3 second(s) ago."
    )
    assert reply.body["context"] == {"expire time": ["2026-11-22T10:30:00.000Z"]}


def test_tokens_can_be_made_to_expire_and_static_ones_stay(caller: Caller) -> None:
    static, caller.token = caller.token, _refresh(caller).body["access_token"]
    caller.control("POST", "/sandbox/portals/4242/tokens/expire")
    assert caller.get(CONTACTS).status == 401
    caller.token = static
    assert caller.get(CONTACTS).status == 200


def test_a_refresh_token_that_is_no_good_is_an_invalid_grant(caller: Caller) -> None:
    reply = _refresh(caller, refresh_token="na1-nobody")
    assert reply.status == 400
    message = "refresh token is invalid, expired or revoked"
    assert reply.body == {
        "error": "invalid_grant",
        "error_description": message,
        "status": "BAD_REFRESH_TOKEN",
        "message": message,
    }


def test_a_portal_that_is_gone_denies_access(caller: Caller) -> None:
    caller.sandbox.remove_portal(4242)
    reply = _refresh(caller)
    assert reply.status == 400
    assert reply.body == {
        "status": "BAD_HUB",
        "message": "missing or unknown hub id",
        "error": "access_denied",
    }
    assert caller.get(CONTACTS).status == 401


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"client_id": "other"}, "BAD_CLIENT_ID"),
        ({"client_secret": "wrong"}, "BAD_CLIENT_SECRET"),
        ({"client_id": ""}, "BAD_CLIENT_ID"),
        ({"refresh_token": ""}, "BAD_REFRESH_TOKEN"),
        ({"grant_type": "password"}, "BAD_GRANT_TYPE"),
    ],
)
def test_a_wrong_client_or_grant_is_refused(
    caller: Caller, fields: dict[str, str], status: str
) -> None:
    reply = _refresh(caller, **fields)
    assert (reply.status, reply.body["status"]) == (400, status)


def test_a_code_is_exchanged_once_by_the_address_it_was_made_for(caller: Caller) -> None:
    address = "http://127.0.0.1/oauth/hubspot/callback"
    code = caller.control("POST", "/sandbox/portals/4242/code", {"redirect_uri": address}).body[
        "code"
    ]
    given = {"grant_type": "authorization_code", "code": code, "redirect_uri": address}
    reply = _ask(caller, **given)
    assert reply.status == 200
    assert reply.body["refresh_token"].startswith("na1-")
    caller.token = reply.body["access_token"]
    assert caller.get(CONTACTS).status == 200
    assert _ask(caller, **given).body["status"] == "BAD_AUTH_CODE"
    other = caller.sandbox.issue_code(4242, redirect_uri=address)
    refused = _ask(caller, **{**given, "code": other, "redirect_uri": "http://elsewhere"})
    assert refused.body["status"] == "BAD_REDIRECT_URI"


def test_a_rotated_refresh_token_replaces_the_earlier_one(caller: Caller) -> None:
    caller.sandbox.tokens.habits = TokenHabits(rotates_refresh_tokens=True)
    new = _refresh(caller).body["refresh_token"]
    assert new != caller.portal.refresh_token
    assert _refresh(caller).body["error"] == "invalid_grant"
    assert _refresh(caller, refresh_token=new).status == 200


@pytest.mark.parametrize("version", ["v3", "2026-03", "2026-09"])
def test_introspection_tells_what_a_token_is_until_it_is_revoked(
    caller: Caller, version: str
) -> None:
    access = _refresh(caller).body["access_token"]
    path = f"/oauth/{version}/token"
    told = _ask(caller, f"{path}/introspect", token=access).body
    assert (told["active"], told["hub_id"], told["expires_in"]) == (True, 4242, 1800)
    refresh = caller.portal.refresh_token
    told = _ask(caller, f"{path}/introspect", refresh_token=refresh).body
    assert (told["active"], told["token_use"]) == (True, "refresh_token")
    assert _ask(caller, f"{path}/revoke", token=refresh).status == 200
    assert _ask(caller, f"{path}/introspect", token=refresh).body == {"active": False}
    assert _refresh(caller).body["status"] == "BAD_REFRESH_TOKEN"
    caller.token = access
    assert caller.get(CONTACTS).status == 200, "access tokens survive the refresh token"


def test_a_static_token_can_be_revoked(caller: Caller) -> None:
    caller.control("POST", "/sandbox/tokens/revoke", {"token": caller.token})
    assert caller.get(CONTACTS).status == 401


def test_the_life_of_an_access_token_can_be_shortened(caller: Caller) -> None:
    told = caller.control("PUT", "/sandbox/token-habits", {"lifetime_seconds": 5})
    assert told.body["lifetime_seconds"] == 5
    reply = _refresh(caller)
    assert reply.body["expires_in"] == 5
    caller.token = reply.body["access_token"]
    caller.clock.advance(4_999)
    assert caller.get(CONTACTS).status == 200
    caller.clock.advance(1)
    assert caller.get(CONTACTS).body["category"] == "EXPIRED_AUTHENTICATION"


def test_a_replaced_refresh_token_may_have_a_grace(caller: Caller) -> None:
    caller.sandbox.tokens.habits = TokenHabits(
        rotates_refresh_tokens=True, rotation_grace_seconds=10
    )
    new = _refresh(caller).body["refresh_token"]
    caller.clock.advance(9_999)
    assert _refresh(caller).status == 200, "the grace isn't over"
    caller.clock.advance(1)
    assert _refresh(caller).body["error"] == "invalid_grant", "a second use prolongs nothing"
    assert _refresh(caller, refresh_token=new).status == 200


def test_the_token_endpoint_may_be_overrun(caller: Caller) -> None:
    caller.sandbox.fail_next(FaultRule(kind="ten_secondly", paths=("token",)))
    assert caller.get(CONTACTS).status == 200
    assert _refresh(caller).status == 429
    assert _refresh(caller).status == 200
