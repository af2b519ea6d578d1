"""The pictures that the README shows: `make screenshots` puts them in their place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser.rich_org import fill
from browser.visits import PHONE, Visitors
from playwright.sync_api import expect

if TYPE_CHECKING:
    from orchestrator.web.org_rows import OrgRows


def test_pictures_for_the_readme(visitors: Visitors, org: OrgRows) -> None:
    alder = fill(org)
    page = visitors.sign_in(org.org_id, size=(1180, 860))
    expect(page.get_by_role("article")).to_have_count(6)
    visitors.picture(page, "integrations", whole=False)
    for path, name in (
        (f"/integrations/connections/{alder}", "connection"),
        ("/integrations/pipeline", "pipeline"),
    ):
        page.goto(visitors.web.url + path)
        visitors.picture(page, name, whole=False)
    page = visitors.sign_in(org.org_id, size=PHONE, scheme="dark")
    visitors.picture(page, "phone", whole=False)
