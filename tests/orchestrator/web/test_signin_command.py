"""A link for support, and for those who try it without the host application."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests
from orchestrator.terminal import said_in_one_line
from orchestrator.web.served import SIGNING_KEY

if TYPE_CHECKING:
    from orchestrator.terminal import Crmhub
    from orchestrator.web.served import ServedWeb


def test_the_link_signs_in_once(crmhub: Crmhub, web: ServedWeb) -> None:
    done = crmhub(
        *("signin", "--org", str(web.new_org()), "--role", "admin"),
        CRMHUB_SIGNING_KEY=SIGNING_KEY,
        CRMHUB_BASE_URL=web.url,
    )
    assert done.returncode == 0, done.stderr
    browser = requests.Session()
    assert browser.get(done.stdout.strip(), timeout=30).url == f"{web.url}/integrations"
    assert requests.get(done.stdout.strip(), timeout=30).status_code == 401


@pytest.mark.parametrize("key", ["", "short"])
def test_a_missing_key_is_named(crmhub: Crmhub, key: str) -> None:
    done = crmhub(
        *("signin", "--org", "1f2e3d4c-0000-4000-8000-000000000000"), CRMHUB_SIGNING_KEY=key
    )
    assert "CRMHUB_SIGNING_KEY must be" in said_in_one_line(done, 2)
