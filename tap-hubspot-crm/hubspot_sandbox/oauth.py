"""The token endpoint, introspection and revocation (HubSpot: manage OAuth tokens)."""

from collections.abc import Mapping

from hubspot_sandbox.calls import Answer, JsonObject
from hubspot_sandbox.errors import hub_is_gone, invalid_request, refused_grant
from hubspot_sandbox.sandbox import Sandbox
from hubspot_sandbox.tokens import Credential, Grant, IssuedTokens


def issue_tokens(sandbox: Sandbox, form: Mapping[str, str]) -> Answer:
    """Answer tokens for an authorization code or a refresh token.

    Raises:
        ApiError: wrong client, unknown grant, portal gone; see the facts on HubSpot's bodies.
    """
    client_id = _check_client(sandbox, form)
    grant_type = form.get("grant_type")
    if grant_type == "authorization_code":
        issued = sandbox.tokens.exchange(_need(form, "code"), client_id, form.get("redirect_uri"))
        _check_hub(sandbox, issued.grant)
    elif grant_type == "refresh_token":
        token = _need(form, "refresh_token")
        _check_hub(sandbox, sandbox.tokens.find_grant(token, client_id))
        issued = sandbox.tokens.refresh(token, client_id)
    else:
        message = "grant_type must be authorization_code or refresh_token"
        raise refused_grant("BAD_GRANT_TYPE", "unsupported_grant_type", message)
    return Answer(body=_token_body(issued, tells_portal=sandbox.tokens.habits.tells_portal))


def introspect_token(sandbox: Sandbox, form: Mapping[str, str]) -> Answer:
    """Answer what a token is good for; `{"active": false}` for one that is good no more."""
    _check_client(sandbox, form)
    found = sandbox.tokens.look_up(_token(form))
    if found is None or found.portal_id not in sandbox.portals:
        return Answer(body={"active": False})
    is_access = isinstance(found, Credential)
    body: JsonObject = {
        "active": True,
        "hub_id": found.portal_id,
        "user_id": 1,
        "app_id": found.app_id if isinstance(found, Credential) else 0,
        "client_id": found.client_id,
        "user": "admin@portal.example",
        "hub_domain": f"portal-{found.portal_id}.example",
        "scopes": list(found.scopes),
        "token_use": "access_token" if is_access else "refresh_token",
        "token_type": "bearer",
    }
    if isinstance(found, Credential) and found.expires_at is not None:
        body["expires_in"] = max(0, (found.expires_at - sandbox.clock.now_ms()) // 1000)
    return Answer(body=body)


def revoke_token(sandbox: Sandbox, form: Mapping[str, str]) -> Answer:
    """End a token; unknown ones are ended already."""
    _check_client(sandbox, form)
    sandbox.tokens.revoke(_token(form))
    return Answer(body={})


def _check_client(sandbox: Sandbox, form: Mapping[str, str]) -> str:
    client_id = _need(form, "client_id")
    if client_id != sandbox.client_id:
        raise refused_grant("BAD_CLIENT_ID", "invalid_client", "missing or unknown client id")
    if form.get("client_secret") != sandbox.client_secret:
        raise refused_grant(
            "BAD_CLIENT_SECRET", "invalid_client", "missing or invalid client secret"
        )
    return client_id


def _check_hub(sandbox: Sandbox, grant: Grant) -> None:
    if grant.portal_id not in sandbox.portals:
        raise hub_is_gone()


def _need(form: Mapping[str, str], name: str) -> str:
    value = form.get(name)
    if not value:
        raise refused_grant(f"BAD_{name.upper()}", "invalid_request", f"missing or unknown {name}")
    return value


def _token(form: Mapping[str, str]) -> str:
    """Return the token asked about: the specification and the guide name the field differently."""
    for name in ("token", "access_token", "refresh_token"):
        if form.get(name):
            return form[name]
    raise invalid_request("token is missing", field=["token"])


def _token_body(issued: IssuedTokens, *, tells_portal: bool) -> JsonObject:
    body: JsonObject = {
        "token_type": "bearer",
        "access_token": issued.access_token,
        "refresh_token": issued.refresh_token,
        "expires_in": issued.expires_in,
        "token_use": "access_token",
    }
    if tells_portal:
        body |= {"hub_id": issued.grant.portal_id, "scopes": list(issued.grant.scopes)}
    return body
