"""What somebody tries with requests and pages of others."""

from __future__ import annotations

import http.client
import uuid
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import requests
from orchestrator.web.at_hubspot import TIMEOUT, ask, connect, connections, disconnect
from orchestrator.web.served import served_web

if TYPE_CHECKING:
    from databases import TestDatabase
    from orchestrator.web.served import ServedWeb

    from hubspot_sandbox.server import RunningSandbox


def test_another_organisations_connection_is_not_there(web: ServedWeb) -> None:
    theirs = web.new_org()
    connect(web, web.sign_in(theirs), web.sandbox.add_portal().portal_id)
    [connection] = connections(web, theirs)
    browser = web.sign_in(web.new_org())
    missing = disconnect(web, browser, uuid.uuid4())
    refused = disconnect(web, browser, connection["id"], erase="true")
    assert (refused.status_code, refused.text) == (404, missing.text)
    assert ask(web, browser, connection["id"]).status_code == 404
    assert connections(web, theirs) == [connection]


def test_what_a_page_of_ours_did_not_send_changes_nothing(web: ServedWeb) -> None:
    org_id = web.new_org()
    connect(web, web.sign_in(org_id), web.sandbox.add_portal().portal_id)
    [connection] = connections(web, org_id)
    browser = web.sign_in(org_id)
    good = web.csrf_token(browser)
    others = web.csrf_token(web.sign_in(org_id))
    form = {"connection": str(connection["id"])}
    url = f"{web.url}/oauth/hubspot/disconnect"
    for fields, headers in (
        ({}, {}),
        ({"csrf_token": ""}, {}),
        ({"csrf_token": others}, {}),
        ({"csrf_token": good[:-1]}, {}),
        ({"csrf_token": good}, {"Sec-Fetch-Site": "cross-site"}),
        ({"csrf_token": good}, {"Sec-Fetch-Site": "same-site"}),
        ({}, {"X-CSRF-Token": others}),
    ):
        answer = browser.post(url, data={**form, **fields}, headers=headers, timeout=TIMEOUT)
        assert answer.status_code == 403, (fields, headers)
    # Neither by an address, which an image could name.
    by_address = browser.get(url, params={**form, "csrf_token": good}, timeout=TIMEOUT)
    assert by_address.status_code == 405
    assert connections(web, org_id) == [connection]
    done = browser.post(url, data=form, headers={"X-CSRF-Token": good}, timeout=TIMEOUT)
    assert done.status_code == 200


def test_signing_out_needs_a_page_of_ours(web: ServedWeb) -> None:
    browser = web.sign_in(web.new_org())
    assert browser.post(f"{web.url}/sign-out", timeout=TIMEOUT).status_code == 403
    assert ask(web, browser).status_code == 200


def test_a_name_with_html_is_shown_as_it_is_spelt(web: ServedWeb) -> None:
    org_id = web.new_org()
    browser = web.sign_in(org_id)
    connect(web, browser, web.sandbox.add_portal().portal_id)
    [connection] = connections(web, org_id)
    web.database.rows(
        "update crmhub.source_connections set display_name = %s where id = %s",
        ["<script>alert(1)</script>\"'", connection["id"]],
    )
    page = disconnect(web, browser, connection["id"]).text
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;" in page


def test_what_hubspot_says_of_an_error_reaches_no_page(web: ServedWeb) -> None:
    browser = web.sign_in(web.new_org())
    state = parse_qs(urlsplit(ask_without_following(web, browser)).query)["state"][0]
    page = browser.get(
        f"{web.url}/oauth/hubspot/callback",
        params={
            "state": state,
            "error": "<b>x</b>",
            "error_description": "<img src=x onerror=alert(1)>",
        },
        timeout=TIMEOUT,
    )
    assert page.status_code == 400
    assert "<b>" not in page.text
    assert "onerror" not in page.text


def ask_without_following(web: ServedWeb, browser: requests.Session) -> str:
    answer = browser.get(f"{web.url}/oauth/hubspot/start", allow_redirects=False, timeout=TIMEOUT)
    return answer.headers["Location"]


INJECTIONS = (
    "'; drop table crmhub.web_sessions; --",
    "1 or 1=1",
    "\" or ''='",
    "%27%20union%20select%201",
    "\x00",
    "{{7*7}}",
    "$(id)",
    "\ud7ff" * 50,
)


@pytest.mark.parametrize("value", INJECTIONS)
def test_sql_in_a_parameter_is_a_malformed_parameter(web: ServedWeb, value: str) -> None:
    org_id = web.new_org()
    browser = web.sign_in(org_id)
    csrf = {"csrf_token": web.csrf_token(browser)}
    token = {"Authorization": f"Bearer {web.internal_token}"}
    answers = {
        "sign-in": browser.post(f"{web.url}/sign-in", data={"token": value}, timeout=TIMEOUT),
        "start": ask(web, browser, value),
        "callback": browser.get(
            f"{web.url}/oauth/hubspot/callback",
            params={"state": value, "code": value},
            timeout=TIMEOUT,
        ),
        "disconnect": disconnect(web, browser, value, erase=value),
        "connections": requests.get(
            f"{web.url}/internal/connections",
            params={"org_id": value, "after": value, "limit": value},
            headers=token,
            timeout=TIMEOUT,
        ),
        "run": requests.get(
            f"{web.url}/internal/runs/{quote(value, safe='')}",
            headers=token,
            timeout=TIMEOUT,
        ),
    }
    assert {
        name: answer.status_code for name, answer in answers.items() if answer.status_code >= 500
    } == {}
    for answer in answers.values():
        assert 400 <= answer.status_code < 500
    # Nothing of it was done: whoever was signed in still is.
    assert ask(web, browser).status_code == 200
    assert csrf["csrf_token"] == web.csrf_token(browser)


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/..%5capp.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/%00",
        "/static/",
        "/static/" + "a" * 5000,
        "/../../../../etc/passwd",
        "//evil.example/static/crmhub.css",
        "/integrations/../static/../app.py",
    ],
)
def test_a_path_leads_to_no_file_but_those_that_are_served(web: ServedWeb, path: str) -> None:
    parts = urlsplit(web.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status in {401, 404, 405}, answer.status
    assert b"create_app" not in body
    assert b"root:" not in body


def test_no_header_of_a_request_decides_where_one_is_led(web: ServedWeb) -> None:
    browser = web.sign_in(web.new_org())
    headers = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "Forwarded": "host=evil.example",
        "Referer": "https://evil.example/",
    }
    cookie = f"crmhub_session={browser.cookies['crmhub_session']}"
    answer = requests.get(
        f"{web.url}/oauth/hubspot/start",
        headers={**headers, "Cookie": cookie},
        allow_redirects=False,
        timeout=TIMEOUT,
    )
    asked = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert asked["redirect_uri"] == [f"{web.url}/oauth/hubspot/callback"]
    slash = requests.get(
        f"{web.url}/integrations/", headers=headers, allow_redirects=False, timeout=TIMEOUT
    )
    assert "evil.example" not in slash.headers.get("Location", "")


def test_every_answer_tells_the_browser_to_keep_to_ours(web: ServedWeb) -> None:
    for path in ("/static/crmhub.css", "/nothing", "/sign-in", "/healthz", "/internal/runs/x"):
        headers = requests.get(web.url + path, timeout=TIMEOUT).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, path
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "server" not in {name.lower() for name in headers}


def test_the_host_that_embeds_it_may_and_no_other(
    web_database: TestDatabase, web_sandbox: RunningSandbox
) -> None:
    with served_web(
        web_database,
        web_sandbox,
        CRMHUB_FRAME_ANCESTORS="https://app.example.com https://www.example.com",
        CRMHUB_BASE_URL="https://crm.example.com",
    ) as web:
        page = requests.get(web.sign_in_link(web.new_org()), allow_redirects=False, timeout=TIMEOUT)
    policy = page.headers["Content-Security-Policy"]
    assert "frame-ancestors https://app.example.com https://www.example.com" in policy
    assert "X-Frame-Options" not in page.headers
    # By HTTPS the cookie is bound to the host, and travels by HTTPS alone.
    assert page.headers["Set-Cookie"].startswith("__Host-crmhub_session=")
    assert "; Secure" in page.headers["Set-Cookie"]
    assert "max-age" in page.headers["Strict-Transport-Security"]
