"""The whole way of an admin: connect, sync, lose the grant, connect again."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

import pytest
from browser.visits import Visitors, serious_findings
from end_to_end.workers import running_worker
from orchestrator.terminal import settings_of
from playwright.sync_api import Locator, Page, expect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from databases import TestDatabase
    from orchestrator.web.org_rows import OrgRows
    from orchestrator.web.served import ServedWeb

    from hubspot_sandbox.sandbox import SandboxPortal
    from hubspot_sandbox.server import RunningSandbox

#: A sync with Meltano and a worker that begins, milliseconds.
_SYNC_MS = 60_000


@pytest.fixture
def portal(web_sandbox: RunningSandbox) -> SandboxPortal:
    return web_sandbox.sandbox.add_portal(contacts=300, deals=40, seed=5)


@pytest.fixture
def _worker(
    web_database: TestDatabase, web_sandbox: RunningSandbox, python_environment: dict[str, str]
) -> Iterator[None]:
    """A worker of this installation; each run of Meltano in a folder of the test's own."""
    with tempfile.TemporaryDirectory() as directory:
        environment = {
            **python_environment,
            **settings_of(web_database),
            "HUBSPOT_API_URL": web_sandbox.url,
            "HUBSPOT_CLIENT_ID": web_sandbox.sandbox.client_id,
            "HUBSPOT_CLIENT_SECRET": web_sandbox.sandbox.client_secret,
            "TMPDIR": directory,
        }
        with running_worker(environment, "--concurrency=1") as worker:
            yield
            worker.end()


def choose_account(page: Page, portal: SandboxPortal) -> None:
    """Give the app its permission on HubSpot's page."""
    page.get_by_label(f"Account {portal.portal_id}").check()
    page.get_by_role("button", name="Connect app").click()
    page.wait_for_url("**/integrations")


def progress_of(card: Locator) -> str:
    return card.locator(".progress p").first.inner_text()


@pytest.mark.usefixtures("_worker")
def test_an_admin_connects_syncs_and_reconnects(
    visitors: Visitors, web: ServedWeb, org: OrgRows, portal: SandboxPortal
) -> None:
    page = visitors.sign_in(org.org_id)
    visitors.picture(page, "1-nothing-connected")
    # Slow enough that one sees the counts move.
    web.sandbox.latency_ms = 500
    page.get_by_role("button", name="Connect HubSpot").click()
    choose_account(page, portal)
    card = page.get_by_role("article")
    expect(card).to_contain_text("First sync", timeout=_SYNC_MS)
    expect(card.locator(".progress")).to_contain_text("Read so far", timeout=_SYNC_MS)
    first = progress_of(card)
    expect(card.locator(".progress p").first).not_to_have_text(first, timeout=_SYNC_MS)
    visitors.picture(page, "2-first-sync")
    web.sandbox.latency_ms = 0
    expect(card).to_contain_text("Up to date", timeout=_SYNC_MS)
    expect(card.locator(".figures")).to_contain_text("300")
    expect(card.locator(".figures")).to_contain_text("40")
    # The first full pass has ended with a comparison.
    expect(card.locator(".compared")).to_contain_text("contacts 300 here, 300 at HubSpot")
    visitors.picture(page, "3-up-to-date")

    portal.create("contacts", {"email": "new@example.com"})
    page.get_by_role("button", name="Sync Now").click()
    expect(card.locator(".figures")).to_contain_text("301", timeout=_SYNC_MS)
    expect(card).to_contain_text("Up to date", timeout=_SYNC_MS)
    expect(card.locator(".compared")).to_contain_text("contacts 300 here")
    page.get_by_role("button", name="Compare now").click()
    expect(card.locator(".compared")).to_contain_text(
        "contacts 301 here, 301 at HubSpot", timeout=_SYNC_MS
    )

    web.sandbox.uninstall_app(portal.portal_id)
    page.get_by_role("button", name="Sync Now").click()
    expect(card).to_contain_text("Reconnect needed", timeout=_SYNC_MS)
    expect(card.locator(".figures")).to_contain_text("301")
    assert serious_findings(page) == []
    visitors.picture(page, "4-reconnect-needed")

    page.get_by_role("button", name="Reconnect").click()
    choose_account(page, portal)
    expect(card).to_contain_text("Up to date", timeout=_SYNC_MS)
    expect(page.get_by_role("article")).to_have_count(1)
    visitors.picture(page, "5-connected-again")

    page.get_by_role("link", name=card.get_attribute("data-name") or "").click()
    rows = page.get_by_role("row")
    expect(rows.filter(has_text="Failed")).to_have_count(1)
    expect(rows.filter(has_text="300 contacts")).to_have_count(1)
    visitors.picture(page, "6-history")
    page.get_by_role("link", name="Pipeline").click()
    expect(page.get_by_role("table")).to_be_visible()
    visitors.picture(page, "7-pipeline")

    page.go_back()
    page.get_by_role("link", name="Disconnect this account").click()
    page.get_by_role("button", name="Disconnect").click()
    page.get_by_role("link", name="Back to Integrations").click()
    expect(page.get_by_role("article")).to_contain_text("Disconnected")
    visitors.picture(page, "8-disconnected")
