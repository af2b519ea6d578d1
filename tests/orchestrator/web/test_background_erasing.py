"""Rows that are erased after their account was disconnected, and everybody else meanwhile."""

from __future__ import annotations

import contextlib
import threading
import uuid
from typing import TYPE_CHECKING, Any

import psycopg
from end_to_end.workers import wait_until
from orchestrator.web.at_hubspot import TIMEOUT, disconnect
from orchestrator.web.org_rows import OrgRows

from crmhub.erasing import erase_forgotten
from crmhub.settings import WebUrls
from crmhub.web.background_erasing import BackgroundErasing
from crmhub.web.databases import Databases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from databases import TestDatabase
    from orchestrator.web.served import ServedWeb

#: More than the web process has places at the database.
ACCOUNTS = 12


@contextlib.contextmanager
def slow_to_erase(database: TestDatabase) -> Iterator[None]:
    """Let whoever erases wait until the block ends, as behind very many rows."""
    with psycopg.connect(database.url) as connection:
        connection.execute("lock table crmhub.crm_pipeline_totals in share mode")
        yield


def not_erased(database: TestDatabase, org_id: uuid.UUID) -> int:
    """How many connections of the organisation are still to be erased."""
    [row] = database.rows(
        "select count(*) as count from crmhub.source_connections "
        "where org_id = %s and erase_requested_at is not null",
        [org_id],
    )
    return int(row["count"])


def test_erasing_many_accounts_keeps_nobody_from_their_pages(web: ServedWeb, org: OrgRows) -> None:
    admin, somebody = web.sign_in(org.org_id), web.sign_in(web.new_org())
    accounts = [org.add_connection() for _ in range(ACCOUNTS)]
    for account in accounts:
        org.add_total(account, "new", 1, 10)
    with slow_to_erase(web.database):
        for account in accounts:
            assert "being erased" in disconnect(web, admin, account, erase="true").text
        seen = somebody.get(f"{web.url}/integrations", timeout=TIMEOUT)
        assert seen.status_code == 200
        left = not_erased(web.database, org.org_id)
        assert left == ACCOUNTS
    wait_until(lambda: not_erased(web.database, org.org_id) < left, "something is erased")
    # A worker looks for what nobody has erased for a while.
    org.ask_to_erase_long_ago()
    with psycopg.connect(
        web.database.url_as("crmhub_orchestrator"), autocommit=True
    ) as orchestrator:
        erase_forgotten(orchestrator)
        erase_forgotten(orchestrator)
    wait_until(lambda: not not_erased(web.database, org.org_id), "everything is erased")


def test_pressing_again_takes_back_no_wish_to_have_rows_erased(
    web: ServedWeb, org: OrgRows
) -> None:
    account = org.add_connection(status="disconnected")
    org.add_total(account, "new", 1, 10)
    web.database.rows(
        "update crmhub.source_connections set erase_requested_at = now() where id = %s", [account]
    )
    # As in another window that was opened before.
    again = disconnect(web, web.sign_in(org.org_id), account)
    assert "being erased now" in again.text
    wait_until(lambda: not not_erased(web.database, org.org_id), "everything is erased")
    assert not web.database.rows(
        "select from crmhub.crm_pipeline_totals where org_id = %s", [org.org_id]
    )


def test_a_process_that_ends_leaves_what_comes_next_to_a_worker(database: TestDatabase) -> None:
    """However much there is to erase, it does not hold up the end."""
    org_id = uuid.uuid4()
    with psycopg.connect(database.url, autocommit=True) as session:
        org = OrgRows(connection=session, org_id=org_id)
        account = org.add_connection(status="disconnected", live={"contacts": 1})
        org.add_total(account, "new", 1, 10)
    database.rows("update crmhub.source_connections set erase_requested_at = now()")
    urls = {role: database.url_as(f"crmhub_{role}") for role in ("orchestrator", "reader")}
    databases = Databases(WebUrls(**urls), wait_seconds=1.0)
    databases.open()
    erasing = threading.Thread(target=BackgroundErasing(databases).erase, args=(org_id, account))
    with slow_to_erase(database):
        erasing.start()
        wait_until(lambda: waiting(database), "the erasing waits")
        databases.close()
    erasing.join()
    assert not database.rows("select from crmhub.crm_pipeline_totals")
    assert database.rows("select from crmhub.crm_stream_totals")
    assert not_erased(database, org_id) == 1


def waiting(database: TestDatabase) -> list[dict[str, Any]]:
    return database.rows(
        "select from pg_stat_activity "
        "where datname = current_database() and wait_event_type = 'Lock'",
    )
