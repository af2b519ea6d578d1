"""The host application says who comes; a session remembers it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from orchestrator.web.served import ServedWeb


def test_a_login_token_becomes_a_session_and_leads_to_the_status_center(web: ServedWeb) -> None:
    answer = requests.get(web.sign_in_link(web.new_org()), allow_redirects=False, timeout=10)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/integrations")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Max-Age=28800" in cookie


def test_a_login_token_is_good_once(web: ServedWeb) -> None:
    link = web.sign_in_link(web.new_org())
    assert requests.get(link, allow_redirects=False, timeout=10).status_code == 303
    again = requests.get(link, allow_redirects=False, timeout=10)
    assert again.status_code == 401
    assert "was used before" in again.text
    assert "Set-Cookie" not in again.headers
