"""Connect a HubSpot account by its consent page, and connect it again."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from orchestrator.web.at_hubspot import (
    TIMEOUT,
    ask,
    connect,
    connections,
    decide,
    disconnect,
    refresh_token,
    runs,
)
from orchestrator.web.served import served_web

from crmhub.oauth.access_tokens import AccessTokens
from hubspot_sandbox.faults import FaultRule
from hubspot_sandbox.tokens import DEFAULT_SCOPES, TokenHabits

if TYPE_CHECKING:
    from databases import TestDatabase
    from orchestrator.web.served import ServedWeb

    from hubspot_sandbox.server import RunningSandbox


def test_an_account_is_connected_and_its_first_run_asked_for(web: ServedWeb) -> None:
    portal, org_id = web.sandbox.add_portal(), web.new_org()
    answer = connect(web, web.sign_in(org_id), portal.portal_id)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/integrations")
    [connection] = connections(web, org_id)
    assert connection["external_account_id"] == str(portal.portal_id)
    assert connection["display_name"] == f"portal-{portal.portal_id}.example"
    assert (connection["status"], connection["due"]) == ("connected", True)
    assert runs(web, org_id) == [("manual", "pending")]
    [job] = web.database.rows(
        "select args from procrastinate.procrastinate_jobs where queueing_lock = %s",
        [str(connection["id"])],
    )
    assert job["args"] == {"connection_id": str(connection["id"])}
    # The token is good for what comes next.
    tokens = AccessTokens(
        database_url=web.database.url_as("crmhub_orchestrator"),
        keyring=web.settings.keyring,
        endpoint=web.settings.endpoint,
    )
    assert tokens.current(connection["id"]).renew_in_seconds


def test_hubspot_is_asked_for_what_a_sync_needs_and_no_more(web: ServedWeb) -> None:
    web.sandbox.add_portal()
    asked = parse_qs(urlsplit(ask(web, web.sign_in(web.new_org())).url).query)
    assert asked["scope"] == [
        "oauth crm.objects.contacts.read crm.objects.deals.read crm.objects.owners.read"
    ]
    assert asked["redirect_uri"] == [f"{web.url}/oauth/hubspot/callback"]
    assert asked["client_id"] == [web.sandbox.client_id]


def test_the_same_account_is_the_same_connection_and_its_state_stays(web: ServedWeb) -> None:
    portal, org_id = web.sandbox.add_portal(), web.new_org()
    browser = web.sign_in(org_id)
    connect(web, browser, portal.portal_id)
    [first] = connections(web, org_id)
    web.database.rows(
        "update crmhub.source_connections set state_json = '{\"bookmarks\": {}}', "
        "status = 'needs_reconnect', last_error_class = 'invalid_grant' where id = %s",
        [first["id"]],
    )
    for connection_id in (first["id"], None):
        before = refresh_token(web, first["id"])
        assert connect(web, browser, portal.portal_id, connection_id).status_code == 303
        [again] = connections(web, org_id)
        assert again["id"] == first["id"]
        assert again["state_json"] == {"bookmarks": {}}
        assert (again["status"], again["last_error_class"]) == ("connected", None)
        assert refresh_token(web, first["id"]) != before
    assert runs(web, org_id) == [("manual", "pending")]


def test_two_accounts_are_two_connections(web: ServedWeb) -> None:
    org_id = web.new_org()
    browser = web.sign_in(org_id)
    portals = [web.sandbox.add_portal().portal_id for _ in range(2)]
    for portal_id in portals:
        assert connect(web, browser, portal_id).status_code == 303
    found = [connection["external_account_id"] for connection in connections(web, org_id)]
    assert found == [str(portal_id) for portal_id in portals]


def test_another_account_than_before_is_refused_with_both_named(web: ServedWeb) -> None:
    org_id = web.new_org()
    browser = web.sign_in(org_id)
    first, other = (web.sandbox.add_portal().portal_id for _ in range(2))
    connect(web, browser, first)
    [connection] = connections(web, org_id)
    before = refresh_token(web, connection["id"])
    refused = connect(web, browser, other, connection["id"])
    assert refused.status_code == 409
    assert f"account {other}" in refused.text
    assert f"account {first}" in refused.text
    assert connections(web, org_id) == [connection]
    assert refresh_token(web, connection["id"]) == before


def test_an_account_of_another_connection_of_the_organisation_is_refused(web: ServedWeb) -> None:
    org_id = web.new_org()
    browser = web.sign_in(org_id)
    portal = web.sandbox.add_portal()
    connect(web, browser, portal.portal_id)
    _, without_account = web.database.add_connection(org_id)
    refused = connect(web, browser, portal.portal_id, without_account)
    assert refused.status_code == 409
    assert "belongs to another connection" in refused.text


def test_a_paused_connection_stays_paused_with_its_new_token(web: ServedWeb) -> None:
    portal, org_id = web.sandbox.add_portal(), web.new_org()
    browser = web.sign_in(org_id)
    connect(web, browser, portal.portal_id)
    web.database.rows(
        "update crmhub.source_connections set status = 'paused' where org_id = %s", [org_id]
    )
    assert connect(web, browser, portal.portal_id).status_code == 303
    assert connections(web, org_id)[0]["status"] == "paused"


def test_a_user_who_refuses_is_told_how_to_go_on(web: ServedWeb) -> None:
    portal, org_id = web.sandbox.add_portal(), web.new_org()
    browser = web.sign_in(org_id)
    back = decide(browser, ask(web, browser), portal.portal_id, "cancel")
    assert "error=access_denied" in back
    refused = browser.get(back, timeout=TIMEOUT)
    assert refused.status_code == 400
    assert "HubSpot gave no permission" in refused.text
    assert connections(web, org_id) == []


def test_missing_scopes_are_named(web: ServedWeb) -> None:
    scopes = tuple(scope for scope in DEFAULT_SCOPES if "deals" not in scope)
    portal, org_id = web.sandbox.add_portal(scopes=scopes), web.new_org()
    refused = connect(web, web.sign_in(org_id), portal.portal_id)
    assert refused.status_code == 400
    assert "lacks crm.objects.deals.read" in refused.text
    assert connections(web, org_id) == []


def test_what_the_token_answer_does_not_tell_is_asked_for(web: ServedWeb) -> None:
    portal, org_id = web.sandbox.add_portal(), web.new_org()
    poor = web.sandbox.add_portal(scopes=("oauth", "crm.objects.contacts.read"))
    browser = web.sign_in(org_id)
    web.sandbox.tokens.habits = TokenHabits(tells_portal=False)
    try:
        assert connect(web, browser, portal.portal_id).status_code == 303
        refused = connect(web, browser, poor.portal_id)
    finally:
        web.sandbox.tokens.habits = TokenHabits()
    assert "lacks crm.objects.deals.read, crm.objects.owners.read" in refused.text
    [connection] = connections(web, org_id)
    assert connection["external_account_id"] == str(portal.portal_id)


def test_a_callback_that_comes_twice_changes_nothing_the_second_time(web: ServedWeb) -> None:
    portal, org_id = web.sandbox.add_portal(), web.new_org()
    browser = web.sign_in(org_id)
    back = decide(browser, ask(web, browser), portal.portal_id)
    assert browser.get(back, allow_redirects=False, timeout=TIMEOUT).status_code == 303
    before = connections(web, org_id)
    again = browser.get(back, timeout=TIMEOUT)
    assert again.status_code == 400
    assert "done already" in again.text
    assert connections(web, org_id) == before


def test_a_callback_without_state_or_with_a_made_up_one_is_refused(web: ServedWeb) -> None:
    browser = web.sign_in(web.new_org())
    for query in ("", "?code=x", f"?code=x&state={uuid.uuid4()}", "?code=x&state=%27--"):
        refused = browser.get(f"{web.url}/oauth/hubspot/callback{query}", timeout=TIMEOUT)
        assert refused.status_code == 400, query


def test_a_state_of_another_session_is_refused_and_stays_good_for_its_own(web: ServedWeb) -> None:
    portal, org_id = web.sandbox.add_portal(), web.new_org()
    browser, other = web.sign_in(org_id), web.sign_in(org_id)
    back = decide(browser, ask(web, browser), portal.portal_id)
    assert other.get(back, timeout=TIMEOUT).status_code == 400
    assert browser.get(back, allow_redirects=False, timeout=TIMEOUT).status_code == 303


def test_a_state_ends_after_ten_minutes(web: ServedWeb) -> None:
    portal, org_id = web.sandbox.add_portal(), web.new_org()
    browser = web.sign_in(org_id)
    back = decide(browser, ask(web, browser), portal.portal_id)
    web.database.rows(
        "update crmhub.oauth_states set expires_at = expires_at - interval '10 minutes' "
        "where org_id = %s",
        [org_id],
    )
    assert browser.get(back, timeout=TIMEOUT).status_code == 400


def test_while_hubspot_is_down_nothing_changes_and_the_page_says_so(
    web: ServedWeb, web_sandbox: RunningSandbox
) -> None:
    portal, org_id = web.sandbox.add_portal(), web.new_org()
    browser = web.sign_in(org_id)
    back = decide(browser, ask(web, browser), portal.portal_id)
    rule = FaultRule(kind="503", paths=("token",), retry_after_seconds=3600)
    web_sandbox.sandbox.fail_next(rule, 1)
    away = browser.get(back, timeout=TIMEOUT)
    assert away.status_code == 503
    assert "HubSpot does not answer just now" in away.text
    assert connections(web, org_id) == []
    assert connect(web, browser, portal.portal_id).status_code == 303


def test_a_viewer_can_neither_connect_nor_disconnect(web: ServedWeb) -> None:
    org_id = web.new_org()
    _, connection_id = web.database.add_connection(org_id)
    browser = web.sign_in(org_id, "viewer")
    assert ask(web, browser).status_code == 403
    assert disconnect(web, browser, connection_id).status_code == 403
    assert connections(web, org_id)[0]["status"] == "connected"


def test_without_the_flag_there_is_no_such_page(web: ServedWeb) -> None:
    browser = web.sign_in(web.new_org(crm_hub=False))
    assert ask(web, browser).status_code == 404


def test_without_an_app_the_page_says_what_to_set(
    web_database: TestDatabase, web_sandbox: RunningSandbox
) -> None:
    with served_web(
        web_database, web_sandbox, HUBSPOT_CLIENT_ID="", HUBSPOT_CLIENT_SECRET=""
    ) as web:
        refused = ask(web, web.sign_in(web.new_org()))
    assert refused.status_code == 503
    assert "HUBSPOT_CLIENT_ID" in refused.text
