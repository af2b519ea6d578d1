"""The Status Center's pages over HTTP, by a browser without JavaScript."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Literal

from crmhub.web.status_center.routes import CARDS, RUNS

if TYPE_CHECKING:
    import requests
    from orchestrator.web.org_rows import OrgRows
    from orchestrator.web.served import ServedWeb

STAGES: dict[str, tuple[str, float | None]] = {
    "new": ("New", None),
    "offer": ("Offer", None),
    "won": ("Closed won", 1.0),
    "lost": ("Closed lost", 0.0),
}


def see(
    web: ServedWeb,
    org: OrgRows,
    path: str = "/integrations",
    role: Literal["viewer", "admin"] = "admin",
) -> str:
    """The page as text, without its tags."""
    answer = web.sign_in(org.org_id, role).get(web.url + path, timeout=10)
    assert answer.status_code == 200, answer.text
    return words_of(answer.text)


def words_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))


def press(
    web: ServedWeb, browser: requests.Session, address: str, **more: str
) -> requests.Response:
    """Press a button of the page that shows all connections."""
    found = re.search(
        r'name="csrf_token" value="(\w+)"', browser.get(f"{web.url}/integrations").text
    )
    assert found is not None
    return browser.post(
        web.url + address,
        data={"csrf_token": found[1], **more},
        allow_redirects=False,
        timeout=10,
    )


def test_without_a_connection_the_page_says_what_connecting_does(
    web: ServedWeb, org: OrgRows
) -> None:
    assert "Connect HubSpot" in see(web, org)
    seen = see(web, org, role="viewer")
    assert "Connect HubSpot" not in seen
    assert "An admin of your organisation can connect one" in seen


def test_a_card_tells_the_state_the_counts_and_the_times(web: ServedWeb, org: OrgRows) -> None:
    org.add_connection(live={"contacts": 12_345, "deals": 1})
    seen = see(web, org)
    for words in ("Alder &amp; Sons", "Up to date", "12,345", "contacts", "deal", "Next sync"):
        assert words in seen


def test_a_card_of_a_lost_grant_says_reconnect_and_what_is_kept(
    web: ServedWeb, org: OrgRows
) -> None:
    org.add_connection(status="needs_reconnect", error_class="invalid_grant")
    org.add_connection("Birch")
    seen = see(web, org)
    assert "Reconnect needed" in seen
    assert "HubSpot no longer accepts this connection" in seen
    assert seen.index("Alder") < seen.index("Birch")


def test_html_in_a_name_and_in_a_message_is_text(web: ServedWeb, org: OrgRows) -> None:
    connection_id = org.add_connection(
        "<script>alert(1)</script>", error_class="internal", error_message='<img src=x onerror="1">'
    )
    browser = web.sign_in(org.org_id)
    for path in ("", f"/connections/{connection_id}", f"/connections/{connection_id}/disconnect"):
        page = browser.get(f"{web.url}/integrations{path}", timeout=10).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_pages_hold_no_inline_style_or_script(web: ServedWeb, org: OrgRows) -> None:
    connection_id = org.add_connection(live={"deals": 3})
    org.add_run(connection_id, records={"deals": 3})
    org.add_pipeline(connection_id, stages=STAGES)
    org.add_total(connection_id, "new", 3, 100)
    browser = web.sign_in(org.org_id)
    for path in ("", f"/connections/{connection_id}", "/pipeline"):
        page = browser.get(f"{web.url}/integrations{path}", timeout=10).text
        assert not re.search(r"<[^>]*\s(style|on\w+)=", page)
        assert not re.search(r"<style|<script(?![^>]*\ssrc=)", page)


def test_sync_now_asks_for_one_run_however_often_it_is_pressed(
    web: ServedWeb, org: OrgRows
) -> None:
    connection_id = org.add_connection()
    browser = web.sign_in(org.org_id)
    for _ in range(2):
        answer = press(web, browser, f"/integrations/connections/{connection_id}/sync")
        assert answer.status_code == 303
        assert answer.headers["Location"] == f"/integrations#connection-{connection_id}"
    assert org.runs(connection_id) == [("manual", "pending")]
    assert "Waiting to start" in see(web, org)


def test_comparing_asks_for_one_run_that_ends_with_a_comparison(
    web: ServedWeb, org: OrgRows
) -> None:
    connection_id = org.add_connection()
    assert "Not compared with HubSpot yet" in see(web, org)
    browser = web.sign_in(org.org_id)
    at = f"/integrations/connections/{connection_id}"
    for _ in range(2):
        assert press(web, browser, f"{at}/compare").status_code == 303
    assert org.runs(connection_id) == [("manual", "pending")]
    [kept] = org.comparisons(connection_id)
    assert kept["wanted_at"] is not None
    assert "The next sync ends with it" in see(web, org)
    press(web, browser, f"{at}/pause")
    assert press(web, browser, f"{at}/compare").status_code == 409


def test_a_card_sets_hubspots_counts_beside_ours(web: ServedWeb, org: OrgRows) -> None:
    connection_id = org.add_connection()
    org.add_comparison(connection_id, contacts=(2_003, 2_001), deals=(5, 5), owners=(2, 2))
    for path in ("/integrations", f"/integrations/connections/{connection_id}"):
        seen = see(web, org, path)
        assert "Not the same counts as HubSpot" in seen
        assert "contacts 2,001 here, 2,003 at HubSpot : created since the last sync" in seen
        assert "deals 5 here, 5 at HubSpot" in seen
        assert "owners" not in seen
    others = org.of(web.new_org())
    others.add_connection()
    assert "2,003" not in see(web, others)


def test_pausing_and_resuming(web: ServedWeb, org: OrgRows) -> None:
    connection_id = org.add_connection()
    browser = web.sign_in(org.org_id)
    at = f"/integrations/connections/{connection_id}"
    answer = press(web, browser, f"{at}/pause", page="connection")
    assert answer.headers["Location"] == at
    seen = see(web, org)
    assert "Paused" in seen
    assert "Sync Now" not in seen
    refused = press(web, browser, f"{at}/sync")
    assert refused.status_code == 409
    assert "has changed in the meantime" in refused.text
    press(web, browser, f"{at}/resume")
    assert "Waiting to start" in see(web, org)
    assert org.runs(connection_id) == [("manual", "pending")]


def test_a_viewer_sees_no_button_and_is_refused(web: ServedWeb, org: OrgRows) -> None:
    connection_id = org.add_connection()
    browser = web.sign_in(org.org_id, "viewer")
    page = browser.get(f"{web.url}/integrations", timeout=10).text
    assert 'formaction="' not in page
    for action in ("sync", "pause", "resume"):
        answer = press(web, browser, f"/integrations/connections/{connection_id}/{action}")
        assert answer.status_code == 403
    assert org.runs(connection_id) == []


def test_without_a_pages_token_nothing_is_done(web: ServedWeb, org: OrgRows) -> None:
    connection_id = org.add_connection()
    browser = web.sign_in(org.org_id)
    address = f"{web.url}/integrations/connections/{connection_id}/sync"
    assert browser.post(address, timeout=10).status_code == 403
    assert org.runs(connection_id) == []


def test_another_organisations_connection_is_not_there(web: ServedWeb, org: OrgRows) -> None:
    others = org.of(web.new_org())
    connection_id = others.add_connection("Secret name")
    browser = web.sign_in(org.org_id)
    at = f"/integrations/connections/{connection_id}"
    for path in (at, f"{at}/disconnect"):
        assert browser.get(web.url + path, timeout=10).status_code == 404
    for action in ("sync", "pause", "resume"):
        answer = press(web, browser, f"{at}/{action}")
        assert answer.status_code == 404
        assert "Secret name" not in answer.text
    assert "Secret name" not in see(web, org)
    assert others.runs(connection_id) == []


def test_where_the_flag_is_off_there_are_no_pages(web: ServedWeb, org: OrgRows) -> None:
    others = org.of(web.new_org(crm_hub=False))
    connection_id = others.add_connection()
    browser = web.sign_in(others.org_id)
    at = f"/integrations/connections/{connection_id}"
    for path in ("/integrations", "/integrations/pipeline", "/integrations/events", at):
        assert browser.get(web.url + path, timeout=10).status_code == 404


def test_many_connections_can_be_searched_and_leafed_through(web: ServedWeb, org: OrgRows) -> None:
    org.add_portals(CARDS + 2)
    assert f"{CARDS + 2} of {CARDS + 2} connections, page 1 of 2" in see(web, org)
    assert see(web, org, "/integrations?page=2").count("HubSpot account 8") == 2
    found = see(web, org, "/integrations?search=portal+04")
    assert "10 of 202 connections" in found
    assert "Portal 049" in found
    assert "Portal 050" not in found
    assert "2 of 202 connections" in see(web, org, "/integrations?state=Paused")
    assert "No connection fits" in see(web, org, "/integrations?search=%25%27%3B--")


def test_a_connections_page_shows_its_runs_a_page_at_a_time(web: ServedWeb, org: OrgRows) -> None:
    connection_id = org.add_connection()
    org.add_run(connection_id, "failed", minutes_ago=2, error_class="hubspot_unavailable")
    for minute in range(RUNS):
        org.add_run(connection_id, minutes_ago=10 + minute, seconds=65, records={"contacts": 1_234})
    path = f"/integrations/connections/{connection_id}"
    seen = see(web, org, path)
    assert seen.count("1,234 contacts") == RUNS - 1
    for words in (
        "1 min 5 s",
        "HubSpot does not answer as it should just now",
        "hubspot_unavailable",
    ):
        assert words in seen
    page = web.sign_in(org.org_id).get(web.url + path, timeout=10).text
    older = re.search(r'href="(\?before=[^"]+)"', page)
    assert older is not None
    rest = see(web, org, path + older[1])
    assert "Earlier syncs" in rest
    assert rest.count("1,234 contacts") == 1


def test_the_pipeline_shows_stages_in_order_with_counts_and_amounts(
    web: ServedWeb, org: OrgRows
) -> None:
    connection_id = org.add_connection()
    org.add_pipeline(connection_id, stages=STAGES)
    org.add_total(connection_id, "new", 4, 1_000)
    org.add_total(connection_id, "new", 2, 500.6, currency="USD", owner="72")
    org.add_total(connection_id, "won", 3, 900)
    org.add_total(connection_id, "lost", 1, None)
    seen = see(web, org, "/integrations/pipeline")
    names = [name for name, _ in STAGES.values()]
    places = [seen.index(f"{name} ", seen.index("In figures")) for name in names]
    assert places == sorted(places)
    for words in (
        "New 6 1,000 501",
        "Closed won 3 900 &ndash;",
        "Closed lost 1 &ndash; &ndash;",
        "75 %",
    ):
        assert words in seen
    mine = see(web, org, "/integrations/pipeline?owner=72")
    assert "New 2 501" in mine
    assert "Closed won 0" in mine


def test_deals_of_unknown_stages_and_pipelines_are_not_hidden(web: ServedWeb, org: OrgRows) -> None:
    connection_id = org.add_connection()
    org.add_pipeline(connection_id, stages=STAGES)
    org.add_total(connection_id, "gone", 5, 10)
    org.add_total(connection_id, None, 7, 10, pipeline=None, owner=None)
    seen = see(web, org, "/integrations/pipeline")
    assert "Stage gone (unknown) 5" in seen
    assert "Without a pipeline" in seen
    nowhere = see(web, org, f"/integrations/pipeline?pipeline={connection_id}:&owner=nobody")
    assert "Without a stage 7" in nowhere


def test_what_is_not_known_shows_the_first_pipeline(web: ServedWeb, org: OrgRows) -> None:
    connection_id = org.add_connection()
    org.add_pipeline(connection_id, stages=STAGES)
    path = f"/integrations/pipeline?pipeline={uuid.uuid4()}:x&owner=%00%27&measure=%3Cb%3E"
    assert "New 0" in see(web, org, path)
