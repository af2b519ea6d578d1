"""The Status Center's pages in a real browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from browser.rich_org import fill
from browser.visits import DESKTOP, PATIENCE_MS, PHONE, Visitors, serious_findings
from playwright.sync_api import expect

if TYPE_CHECKING:
    from orchestrator.web.org_rows import OrgRows
    from orchestrator.web.served import ServedWeb


def test_counts_move_while_one_looks(visitors: Visitors, org: OrgRows) -> None:
    connection_id = org.add_connection()
    page = visitors.sign_in(org.org_id)
    card = page.get_by_role("article", name="Alder & Sons")
    expect(card).to_contain_text("Up to date")
    run_id = org.add_run(connection_id, "running", minutes_ago=0)
    expect(card).to_contain_text("Syncing")
    expect(page.get_by_role("status")).to_have_text("Alder & Sons: Syncing")
    for count in (1_000, 2_000):
        org.note_progress(run_id, {"contacts": count})
        expect(card).to_contain_text(f"{count:,} contacts")


def test_sync_now_by_keyboard_keeps_its_place(visitors: Visitors, org: OrgRows) -> None:
    connection_id = org.add_connection()
    page = visitors.sign_in(org.org_id)
    button = page.get_by_role("button", name="Sync Now")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("article")).to_contain_text("Waiting to start")
    expect(button).to_be_focused()
    expect(button).to_have_attribute("aria-disabled", "true")
    assert org.runs(connection_id) == [("manual", "pending")]


def test_without_scripts_every_button_works(visitors: Visitors, org: OrgRows) -> None:
    connection_id = org.add_connection()
    page = visitors.sign_in(org.org_id, has_script=False)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("article")).to_contain_text("Paused")
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("article")).to_contain_text("Waiting to start")
    assert page.url.endswith(f"#connection-{connection_id}")


def test_moments_are_in_the_viewers_zone(visitors: Visitors, org: OrgRows) -> None:
    org.add_run(org.add_connection(), minutes_ago=5)
    times = []
    for zone in ("UTC", "Asia/Kathmandu"):
        page = visitors.sign_in(org.org_id, zone=zone)
        fact = page.get_by_text("Complete up to").locator("xpath=..").locator("time")
        expect(fact).not_to_contain_text("UTC")
        found = re.search(r"(\d+):(\d+)", fact.inner_text())
        assert found is not None
        times.append(60 * int(found[1]) + int(found[2]))
    # Nepal is 5 hours 45 minutes ahead.
    assert (times[1] - times[0]) % (24 * 60) == 345


def test_two_organisations_side_by_side_see_their_own(
    visitors: Visitors, web: ServedWeb, org: OrgRows
) -> None:
    others = org.of(web.new_org())
    org.add_connection("Alder & Sons")
    birch = others.add_connection("Birch Ltd")
    left, right = visitors.sign_in(org.org_id), visitors.sign_in(others.org_id)
    others.add_run(birch, "running", minutes_ago=0, records={"contacts": 77})
    expect(right.get_by_role("article")).to_contain_text("77 contacts")
    for page, name in ((left, "Alder & Sons"), (right, "Birch Ltd")):
        expect(page.get_by_role("article")).to_have_count(1)
        expect(page.get_by_role("article")).to_contain_text(name)
    expect(left.get_by_role("article")).to_contain_text("Up to date")
    visitors.picture(left, "two-organisations-left")
    visitors.picture(right, "two-organisations-right")


def test_a_viewer_sees_everything_and_can_press_nothing(visitors: Visitors, org: OrgRows) -> None:
    alder = fill(org)
    page = visitors.sign_in(org.org_id, "viewer")
    for path in ("/integrations", f"/integrations/connections/{alder}", "/integrations/pipeline"):
        page.goto(visitors.web.url + path)
        names = page.get_by_role("button").all_inner_texts()
        assert set(names) <= {"Sign out"}
    page.goto(f"{visitors.web.url}/integrations")
    visitors.picture(page, "viewer")


def test_where_the_flag_is_off_there_is_no_status_center(
    visitors: Visitors, web: ServedWeb
) -> None:
    page = visitors.sign_in(web.new_org(crm_hub=False))
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    expect(page.get_by_role("navigation")).to_have_count(0)
    visitors.picture(page, "flag-off")


def test_the_pipeline_is_filtered_without_a_new_page(visitors: Visitors, org: OrgRows) -> None:
    fill(org)
    page = visitors.sign_in(org.org_id, path="/integrations/pipeline")
    row = page.get_by_role("row").filter(has_text="Contract sent")
    deals = row.get_by_role("cell").first
    expect(deals).to_have_text("26")
    page.get_by_label("Owner").select_option(label="Owner 72 (148)")
    expect(deals).to_have_text("4")
    page.get_by_label("Bars show").select_option("USD")
    expect(page.get_by_role("heading", name="Stages by amount in USD")).to_be_visible()
    assert "owner=72" in page.url


def test_the_pipeline_is_renewed_when_a_sync_has_ended(visitors: Visitors, org: OrgRows) -> None:
    alder = fill(org)
    page = visitors.sign_in(org.org_id, path="/integrations/pipeline")
    expect(page.get_by_text("448 deals")).to_be_visible()
    card = visitors.sign_in(org.org_id).get_by_role("article", name="Alder & Sons")
    run_id = org.add_run(alder, "running", minutes_ago=0)
    # Whoever sees it here was told by the same look at the database as the other page.
    expect(card).to_contain_text("Syncing")
    org.add_total(alder, "new", 1_000, 1, owner="73")
    org.end_run(run_id)
    expect(page.get_by_text("1,448 deals")).to_be_visible()


def test_a_page_whose_session_has_ended_says_so(visitors: Visitors, org: OrgRows) -> None:
    org.add_connection()
    page = visitors.sign_in(org.org_id)
    # Its events, left without an answer here, would lead there before the button is pressed.
    page.route("**/integrations/events", lambda _: None)
    page.reload()
    org.end_sessions()
    page.get_by_role("button", name="Sync Now").click()
    expect(page.get_by_role("heading", name="Please sign in")).to_be_visible()


def test_a_button_that_comes_too_late_says_so_and_shows_how_things_stand(
    visitors: Visitors, org: OrgRows
) -> None:
    org.add_connection()
    page, elsewhere = visitors.sign_in(org.org_id), visitors.sign_in(org.org_id)
    # What the other window does is not told to this one.
    page.route("**/integrations/events", lambda route: route.abort())
    page.reload()
    elsewhere.get_by_role("button", name="Pause").click()
    expect(elsewhere.get_by_role("article")).to_contain_text("Paused")
    page.get_by_role("button", name="Sync Now").click()
    expect(page.get_by_role("alert")).to_contain_text("the connection has changed meanwhile")
    expect(page.get_by_role("article")).to_contain_text("Paused")
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("article")).to_contain_text("Waiting to start")
    expect(page.get_by_role("alert")).to_be_hidden()


def test_what_one_has_opened_stays_open_while_the_page_is_renewed(
    visitors: Visitors, org: OrgRows
) -> None:
    connection_id = org.add_connection()
    org.add_run(connection_id, "failed", error_class="network")
    page = visitors.sign_in(org.org_id, path=f"/integrations/connections/{connection_id}")
    page.get_by_text("HubSpot cannot be reached from here").click()
    reported = page.get_by_text("network", exact=True)
    expect(reported).to_be_visible()
    org.add_run(connection_id, "running", minutes_ago=0)
    expect(page.get_by_role("row").filter(has_text="Running")).to_have_count(1)
    expect(reported).to_be_visible()


@pytest.mark.long
def test_a_page_that_is_open_when_its_session_ends_leads_back_to_signing_in(
    visitors: Visitors, org: OrgRows
) -> None:
    org.add_connection()
    page = visitors.sign_in(org.org_id)
    expect(page.get_by_role("article")).to_contain_text("Up to date")
    org.end_sessions()
    # The browser asks for its stream again three seconds after it was ended.
    signing_in = page.get_by_role("heading", name="Please sign in")
    expect(signing_in).to_be_visible(timeout=PATIENCE_MS)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(visitors: Visitors, org: OrgRows, scheme: str) -> None:
    alder = fill(org)
    at = f"/integrations/connections/{alder}"
    page = visitors.sign_in(org.org_id, scheme="dark" if scheme == "dark" else "light")
    findings = {}
    for path in ("/integrations", at, f"{at}/disconnect", "/integrations/pipeline", "/nowhere"):
        page.goto(visitors.web.url + path)
        # What differs in the dark are the colours.
        findings[path] = serious_findings(page, *(["color-contrast"] if scheme == "dark" else []))
        visitors.picture(
            page, f"{scheme}-{path.rsplit('/', 1)[1].replace(str(alder), 'connection')}"
        )
    assert not any(findings.values()), findings


def test_dark_is_dark(visitors: Visitors, org: OrgRows) -> None:
    org.add_connection()
    grounds = []
    for scheme in ("light", "dark"):
        page = visitors.sign_in(org.org_id, scheme="dark" if scheme == "dark" else "light")
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        grounds.append(sum(map(int, re.findall(r"\d+", ground)[:3])))
    assert grounds[0] > 600
    assert grounds[1] < 150


def test_a_phone_shows_every_page_without_sideways_scrolling(
    visitors: Visitors, org: OrgRows
) -> None:
    alder = fill(org)
    at = f"/integrations/connections/{alder}"
    page = visitors.sign_in(org.org_id, size=PHONE)
    for path in ("/integrations", at, f"{at}/disconnect", "/integrations/pipeline"):
        page.goto(visitors.web.url + path)
        width = page.evaluate("document.documentElement.scrollWidth")
        visitors.picture(page, f"phone-{path.rsplit('/', 1)[1].replace(str(alder), 'connection')}")
        assert width <= PHONE[0], path


def test_names_without_end_make_no_page_wider(visitors: Visitors, org: OrgRows) -> None:
    name = "W" * 300
    connection_id = org.add_connection(name, error_class="network", error_message=name)
    org.add_pipeline(connection_id, label=name, stages={"new": (name, None), "won": ("Won", 1.0)})
    org.add_total(connection_id, "new", 10**9, 10**15, currency="VND", owner="9" * 60)
    at = f"/integrations/connections/{connection_id}"
    page = visitors.sign_in(org.org_id)
    for path in ("/integrations", at, f"{at}/disconnect", "/integrations/pipeline"):
        page.goto(visitors.web.url + path)
        for width, height in (PHONE, DESKTOP):
            page.set_viewport_size({"width": width, "height": height})
            seen = page.evaluate("document.documentElement.scrollWidth")
            assert seen <= width, path


def test_one_of_two_hundred_connections_is_found_by_typing(
    visitors: Visitors, org: OrgRows
) -> None:
    org.add_portals(200)
    page = visitors.sign_in(org.org_id)
    expect(page.get_by_role("article")).to_have_count(200)
    visitors.picture(page, "two-hundred", whole=False)
    page.get_by_label("Name or account").press_sequentially("portal 14")
    expect(page.get_by_role("article")).to_have_count(10)
    expect(page.get_by_label("Name or account")).to_be_focused()
    run_id = org.add_run(org.connection_named("Portal 142"), "running", minutes_ago=0)
    expect(page.get_by_role("article", name="Portal 142")).to_contain_text("Syncing")
    org.note_progress(run_id, {"deals": 5})
    expect(page.get_by_role("article", name="Portal 142")).to_contain_text("5 deals")
    page.get_by_label("State").select_option(label="Paused (2)")
    expect(page.get_by_text("No connection fits")).to_be_visible()


@pytest.mark.long
def test_a_page_whose_stream_is_cut_says_so_and_catches_up(
    visitors: Visitors, org: OrgRows
) -> None:
    connection_id = org.add_connection()
    page = visitors.sign_in(org.org_id)
    expect(page.get_by_role("article")).to_contain_text("Up to date")
    page.route("**/integrations/events", lambda route: route.abort())
    page.reload()
    note = page.get_by_text("Live updates are interrupted")
    expect(note).to_be_visible()
    org.add_run(connection_id, "running", minutes_ago=0)
    page.unroute("**/integrations/events")
    expect(page.get_by_role("article")).to_contain_text("Syncing")
    expect(note).to_be_hidden()


def test_an_empty_organisation_is_told_what_to_do(visitors: Visitors, org: OrgRows) -> None:
    page = visitors.sign_in(org.org_id, size=DESKTOP)
    expect(page.get_by_role("button", name="Connect HubSpot")).to_be_visible()
    assert serious_findings(page) == []
    visitors.picture(page, "empty")
    page.goto(f"{visitors.web.url}/integrations/pipeline")
    expect(page.get_by_text("There are no deals to show yet")).to_be_visible()
