"""Server-sent events: who is told what, and at what cost."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from end_to_end.workers import wait_until
from orchestrator.web.org_rows import OrgRows
from orchestrator.web.served import database_away, served_web

from crmhub.flags import CRM_HUB, set_flag
from crmhub.web.databases import Databases
from crmhub.web.status_center.live import STREAMS_PER_SESSION, LiveCards

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests
    from databases import TestDatabase, TestServer
    from orchestrator.web.served import ServedWeb

    from hubspot_sandbox.server import RunningSandbox


@contextlib.contextmanager
def opened(web: ServedWeb, browser: requests.Session) -> Iterator[Iterator[dict[str, Any]]]:
    """The cards that a stream brings, until the block ends."""
    with browser.get(f"{web.url}/integrations/events", stream=True, timeout=20) as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        lines = answer.iter_lines(chunk_size=1, decode_unicode=True)
        yield (json.loads(line[6:]) for line in lines if line.startswith("data: "))


def of(events: Iterator[dict[str, Any]], words: str) -> dict[str, Any]:
    """The next event with these words."""
    return next(event for event in events if words in event["html"])


def test_a_stream_tells_of_each_step_of_a_run(web: ServedWeb, org: OrgRows) -> None:
    connection_id = org.add_connection()
    with opened(web, web.sign_in(org.org_id)) as events:
        run_id = org.add_run(connection_id, "running", minutes_ago=0)
        assert of(events, "Syncing")["id"] == str(connection_id)
        org.note_progress(run_id, {"contacts": 4_321})
        of(events, "4,321")
        org.end_run(run_id)
        of(events, "Up to date")


def test_a_stream_is_of_its_organisation_and_its_role(web: ServedWeb, org: OrgRows) -> None:
    others = org.of(web.new_org())
    others.add_connection("Not for you")
    org.add_connection("Alder")
    with (
        opened(web, web.sign_in(org.org_id)) as admins,
        opened(web, web.sign_in(org.org_id, "viewer")) as viewers,
    ):
        for events, may in ((admins, True), (viewers, False)):
            event = next(events)
            assert "Alder" in event["html"]
            assert ("formaction" in event["html"]) is may
            assert "csrf" not in event["html"]


def test_a_stream_ends_with_its_session_and_with_the_flag(web: ServedWeb, org: OrgRows) -> None:
    org.add_connection()
    browser, other = web.sign_in(org.org_id), web.sign_in(org.org_id, "viewer")
    with opened(web, browser) as events, opened(web, other) as others:
        next(events)
        token = web.csrf_token(browser)
        browser.post(f"{web.url}/sign-out", data={"csrf_token": token}, timeout=20)
        assert list(events) == []
        next(others)
        with psycopg.connect(web.database.url_as("crmhub_orchestrator")) as connection:
            set_flag(connection, org.org_id, CRM_HUB, enabled=False)
        assert list(others) == []


def test_streams_take_no_database_connection_each_and_no_end_of_them(
    web: ServedWeb, org: OrgRows
) -> None:
    connection_id = org.add_connection()
    browser = web.sign_in(org.org_id)
    before = connections_of_web(web)
    with contextlib.ExitStack() as held:
        streams = [held.enter_context(opened(web, browser)) for _ in range(STREAMS_PER_SESSION)]
        refused = browser.get(f"{web.url}/integrations/events", timeout=20)
        assert refused.status_code == 429
        for events in streams:
            of(events, "Up to date")
        org.add_run(connection_id, "running", minutes_ago=0)
        for events in streams:
            of(events, "Syncing")
        # One of each login for the looks, if there was none to spare.
        assert connections_of_web(web) <= before + 2
    wait_until(lambda: is_served(web, browser), "streams that ended are forgotten")


@pytest.mark.long
def test_a_stream_outlives_a_database_that_is_away_for_a_while(
    database: TestDatabase, database_server: TestServer, web_sandbox: RunningSandbox
) -> None:
    with served_web(database, web_sandbox, database_wait_seconds=0.5) as web:
        org_id = web.new_org()
        with psycopg.connect(database.url, autocommit=True) as session:
            connection_id = OrgRows(connection=session, org_id=org_id).add_connection()
        with opened(web, web.sign_in(org_id)) as events:
            of(events, "Up to date")
            with database_away(database_server, database):
                time.sleep(1.0)
            with psycopg.connect(database.url, autocommit=True) as session:
                org = OrgRows(connection=session, org_id=org_id)
                org.add_run(connection_id, "running", minutes_ago=0)
                of(events, "Syncing")


def is_served(web: ServedWeb, browser: requests.Session) -> bool:
    address = f"{web.url}/integrations/events"
    with browser.get(address, stream=True, timeout=20) as answer:
        return answer.status_code == 200


def connections_of_web(web: ServedWeb) -> int:
    [row] = web.database.rows(
        "select count(*) as count from pg_stat_activity "
        "where datname = current_database() and application_name like 'crmhub web%%'",
    )
    return int(row["count"])


def test_what_the_streams_complain_of_is_said_by_the_web_process(
    web: ServedWeb, caplog: pytest.LogCaptureFixture
) -> None:
    away = LiveCards(Databases(web.settings.urls, wait_seconds=0.1), look_seconds=1.0)
    assert not asyncio.run(away._look([], back_seconds=1.0))
    [said] = [record for record in caplog.records if "live cards" in record.message]
    assert said.name == "CrmHubWeb"
