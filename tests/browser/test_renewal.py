"""What somebody at a page keeps and learns while the page is renewed under them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from browser.rich_org import fill
from playwright.sync_api import expect

if TYPE_CHECKING:
    from browser.visits import Visitors
    from orchestrator.web.org_rows import OrgRows

#: Lets a test say whether the tab is in front; Chromium's own has no switch for it.
_TAB: Final = """
let isHidden = true;
Object.defineProperty(document, "hidden", { get: () => isHidden });
addEventListener("tab:shown", () => {
  isHidden = false;
  document.dispatchEvent(new Event("visibilitychange"));
});
"""
#: By its id the keyboard finds its place again in what was put there instead.
_WITHOUT_ID: Final = """
() => [...document.querySelectorAll("#live :is(a, button, input, select, summary, [tabindex])")]
  .filter((each) => !each.id && each.checkVisibility())
  .map((each) => each.outerHTML)
"""


def test_the_keyboard_keeps_its_place_on_a_card_that_changes(
    visitors: Visitors, org: OrgRows
) -> None:
    connection_id = org.add_connection(error_class="network", error_message="no answer came")
    page = visitors.sign_in(org.org_id)
    card = page.get_by_role("article")
    for place in (card.get_by_role("link"), card.get_by_text("What the sync reported")):
        place.focus()
        run_id = org.add_run(connection_id, "running", minutes_ago=0)
        expect(card).to_contain_text("Syncing")
        if place.count():
            expect(place).to_be_focused()
        org.end_run(run_id)
        expect(card).to_contain_text("Last sync failed")


def test_whatever_the_keyboard_reaches_can_be_found_again(visitors: Visitors, org: OrgRows) -> None:
    alder = fill(org)
    page = visitors.sign_in(org.org_id)
    for path in ("", f"/connections/{alder}", "/pipeline"):
        page.goto(f"{visitors.web.url}/integrations{path}")
        assert page.evaluate(_WITHOUT_ID) == [], path


def test_a_tab_that_was_opened_behind_another_shows_how_things_stand(
    visitors: Visitors, org: OrgRows
) -> None:
    connection_id = org.add_connection()
    page = visitors.sign_in(org.org_id)
    page.add_init_script(_TAB)
    page.reload()
    expect(page.get_by_role("article")).to_contain_text("Up to date")
    org.pause_an_hour_ago(connection_id)
    page.evaluate("dispatchEvent(new Event('tab:shown'))")
    expect(page.get_by_role("article")).to_contain_text("Paused")


def test_a_sync_too_short_to_be_seen_is_in_the_history_and_in_the_figures(
    visitors: Visitors, org: OrgRows
) -> None:
    alder = fill(org)
    history = visitors.sign_in(org.org_id, path=f"/integrations/connections/{alder}")
    pipeline = visitors.sign_in(org.org_id, path="/integrations/pipeline")
    # Told of by the same look at the database as the other page.
    told = visitors.sign_in(org.org_id).get_by_role("article", name="Alder & Sons")
    run_id = org.add_run(alder, "running", minutes_ago=0)
    expect(told).to_contain_text("Syncing")
    org.end_run(run_id)
    expect(told).to_contain_text("Up to date")
    org.add_total(alder, "new", 1_000, 1, owner="73")
    org.add_run(alder, minutes_ago=0, records={"deals": 1_000})
    org.note_success(alder)
    expect(history.get_by_role("row").filter(has_text="1,000 deals")).to_have_count(1)
    expect(pipeline.get_by_text("1,448 deals")).to_be_visible()
