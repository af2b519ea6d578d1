"""What a user of HubSpot does on its consent page, in a browser without JavaScript."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

import psycopg

from crmhub.vault.store import REFRESH_TOKEN, find_secret

if TYPE_CHECKING:
    from uuid import UUID

    import requests
    from orchestrator.web.served import ServedWeb

TIMEOUT = 30


def ask(
    web: ServedWeb, browser: requests.Session, connection: UUID | str | None = None
) -> requests.Response:
    """Go to HubSpot's consent page by way of the Status Center."""
    return browser.get(
        f"{web.url}/oauth/hubspot/start",
        params={"connection": str(connection)} if connection else None,
        timeout=TIMEOUT,
    )


def decide(
    browser: requests.Session, page: requests.Response, portal_id: int, decision: str = "connect"
) -> str:
    """Choose an account and press a button; the address that leads back."""
    hidden = {
        name: html.unescape(value)
        for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text)
    }
    answer = browser.post(
        page.url,
        data={**hidden, "portal_id": str(portal_id), "decision": decision},
        allow_redirects=False,
        timeout=TIMEOUT,
    )
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def connect(
    web: ServedWeb,
    browser: requests.Session,
    portal_id: int,
    connection: UUID | str | None = None,
) -> requests.Response:
    """The whole way; the answer to the callback."""
    back = decide(browser, ask(web, browser, connection), portal_id)
    return browser.get(back, allow_redirects=False, timeout=TIMEOUT)


def disconnect(
    web: ServedWeb, browser: requests.Session, connection_id: UUID | str, **fields: str
) -> requests.Response:
    """Press Disconnect; `erase="true"` is its check box."""
    return browser.post(
        f"{web.url}/oauth/hubspot/disconnect",
        data={"connection": str(connection_id), "csrf_token": web.csrf_token(browser), **fields},
        timeout=TIMEOUT,
    )


def connections(web: ServedWeb, org_id: UUID) -> list[dict[str, Any]]:
    """The organisation's connections as the database has them."""
    return web.database.rows(
        "select id, external_account_id, display_name, status, state_json, last_error_class, "
        "next_sync_at <= now() as due from crmhub.source_connections where org_id = %s "
        "order by created_at",
        [org_id],
    )


def runs(web: ServedWeb, org_id: UUID) -> list[tuple[str, str]]:
    """Why and in which state the organisation's runs are."""
    found = web.database.rows(
        "select trigger, status from crmhub.sync_runs where org_id = %s", [org_id]
    )
    return [(row["trigger"], row["status"]) for row in found]


def refresh_token(web: ServedWeb, connection_id: UUID) -> str | None:
    """A connection's refresh token, opened."""
    with psycopg.connect(web.database.url_as("crmhub_orchestrator")) as database:
        found = find_secret(database, web.settings.keyring, connection_id, REFRESH_TOKEN)
    return found.secret.reveal() if found else None
