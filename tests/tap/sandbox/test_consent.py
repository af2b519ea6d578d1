"""The page on which a user of HubSpot decides."""

from urllib.parse import parse_qs, urlsplit

import pytest
from tap.sandbox.caller import Caller

BACK = "http://127.0.0.1:1/back"


def _asked(caller: Caller, **changed: str) -> dict[str, str]:
    return {
        "client_id": caller.portal.client_id,
        "redirect_uri": BACK,
        "scope": "oauth crm.objects.contacts.read crm.objects.companies.read",
        "state": "<s>",
        **changed,
    }


def test_the_page_shows_accounts_and_scopes_and_nothing_unescaped(caller: Caller) -> None:
    page = caller.client.get("/oauth/authorize", query_string=_asked(caller, scope="<b>"))
    assert page.status_code == 200
    assert page.content_type == "text/html; charset=utf-8"
    assert "Account 4242" in page.text
    assert "<b>" not in page.text
    assert 'value="&lt;s&gt;"' in page.text


@pytest.mark.parametrize(
    "changed", [{"client_id": "x"}, {"redirect_uri": "javascript:1"}, {"scope": " "}]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_app_that_asks_wrongly_gets_no_page(
    caller: Caller, changed: dict[str, str], method: str
) -> None:
    asked = _asked(caller, **changed)
    query, form = (asked, None) if method == "GET" else (None, asked)
    page = caller.client.open("/oauth/authorize", method=method, query_string=query, data=form)
    assert page.status_code == 400
    assert "asks in a wrong way" in page.text


def test_consent_leads_back_with_a_code_for_what_the_account_has(caller: Caller) -> None:
    form = {**_asked(caller), "portal_id": "4242", "decision": "connect"}
    answer = caller.client.post("/oauth/authorize", data=form)
    assert answer.status_code == 302
    told = parse_qs(urlsplit(answer.location).query)
    assert told["state"] == ["<s>"]
    issued = caller.form(
        "/oauth/2026-09/token",
        grant_type="authorization_code",
        code=told["code"][0],
        redirect_uri=BACK,
        client_id=caller.portal.client_id,
        client_secret=caller.portal.client_secret,
    )
    assert issued.body["scopes"] == ["oauth", "crm.objects.contacts.read"]


def test_a_refusal_leads_back_without_a_code(caller: Caller) -> None:
    form = {**_asked(caller, redirect_uri=f"{BACK}?a=1"), "decision": "cancel"}
    answer = caller.client.post("/oauth/authorize", data=form)
    told = parse_qs(urlsplit(answer.location).query)
    assert (told["a"], told["error"], told["state"]) == (["1"], ["access_denied"], ["<s>"])
    assert "code" not in told


@pytest.mark.parametrize("chosen", ["7", "x", ""])
def test_an_account_that_is_not_there_cannot_be_chosen(caller: Caller, chosen: str) -> None:
    form = {**_asked(caller), "portal_id": chosen, "decision": "connect"}
    assert caller.client.post("/oauth/authorize", data=form).status_code == 400


def test_an_app_that_is_uninstalled_has_lost_its_grants(caller: Caller) -> None:
    client = {"client_id": caller.portal.client_id, "client_secret": caller.portal.client_secret}
    refresh = {"grant_type": "refresh_token", "refresh_token": caller.portal.refresh_token}
    static = caller.token
    caller.token = caller.form("/oauth/2026-09/token", **client, **refresh).body["access_token"]
    caller.control("POST", "/sandbox/portals/4242/uninstall")
    assert caller.get("/crm/objects/2026-09/contacts").status == 401
    assert caller.form("/oauth/2026-09/token", **client, **refresh).status == 400
    caller.token = static
    assert caller.get("/crm/objects/2026-09/contacts").status == 200
