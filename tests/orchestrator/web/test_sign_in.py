"""The host application says who comes; a session remembers it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
from orchestrator.web.served import SIGNING_KEY

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


def test_the_token_that_the_readme_shows_signs_in(web: ServedWeb) -> None:
    readme = Path(__file__).parents[3] / "orchestrator" / "README.md"
    [example] = re.findall(r"```python\n(.*?)```", readme.read_text(), re.DOTALL)
    names: dict[str, Any] = {"signing_key": SIGNING_KEY}
    exec(example.replace("https://crmhub.example.com", web.url), names)  # noqa: S102 - the README's own words
    answer = requests.post(
        f"{web.url}/sign-in", data={"token": names["token"]}, allow_redirects=False, timeout=10
    )
    assert answer.status_code == 303
