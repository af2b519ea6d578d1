"""What the database's own record of runs and writes says of a whole hub."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from databases import TestDatabase


def endings(database: TestDatabase) -> Counter[str]:
    """How runs ended: status and class → number."""
    rows = database.rows(
        "select status || coalesce(' ' || error_class, '') as how, count(*) as runs "
        "from crmhub.sync_runs group by 1"
    )
    return Counter({row["how"]: row["runs"] for row in rows})


def reasons(database: TestDatabase) -> list[str]:
    """Why runs failed, but for lost workers: class, number and what was said."""
    rows = database.rows(
        "select error_class, error_message, count(*) as runs from crmhub.sync_runs "
        "where status = 'failed' and error_class <> 'worker_lost' group by 1, 2 order by 1, 2"
    )
    return [f"{row['error_class']}, {row['runs']} times: {row['error_message']}" for row in rows]


def longest_wait(database: TestDatabase) -> float:
    """Seconds from the asking for a run to its beginning, of the one that waited longest."""
    [row] = database.rows(
        "select coalesce(max(extract(epoch from started_at - requested_at)), 0) as seconds "
        "from crmhub.sync_runs"
    )
    return float(row["seconds"])


def overlaps(database: TestDatabase) -> int:
    """Pairs of runs of one connection that went on at the same time."""
    [row] = database.rows(
        "select count(*) as pairs from crmhub.sync_runs as one "
        "join crmhub.sync_runs as other "
        "on other.connection_id = one.connection_id and other.id > one.id "
        "and one.started_at is not null and other.started_at is not null "
        "and tstzrange(other.started_at, other.finished_at) "
        "&& tstzrange(one.started_at, one.finished_at)"
    )
    return int(row["pairs"])


def crossed_bookmarks(database: TestDatabase) -> int:
    """Connections with a bookmark of another one.

    A pass's version is the time it began, in milliseconds: two that begin together may share it.
    Then it is each one's own, and its own tables know it.
    """
    [row] = database.rows(
        "with read as (select id, state_json #>> '{bookmarks,contacts,version}' as contacts, "
        "state_json #>> '{bookmarks,deals,version}' as deals, ("
        "select version::text from crmhub.full_pass_activated as activated "
        "where activated.org_id = connection.org_id and activated.connection_id = connection.id "
        "and activated.stream = 'contacts') as own "
        "from crmhub.source_connections as connection where state_json is not null) "
        "select count(*) as crossed from read as one "
        "where one.own is distinct from one.contacts and exists ("
        "select from read as other where other.id <> one.id "
        "and other.contacts is not distinct from one.contacts "
        "and other.deals is not distinct from one.deals)"
    )
    return int(row["crossed"])


def newest_writes(database: TestDatabase) -> dict[str, datetime | None]:
    """Table → when one of its rows was last changed, whosever."""
    [newest] = database.rows(
        "select (select max(synced_at) from crmhub.crm_contacts) as crm_contacts, "
        "(select max(synced_at) from crmhub.crm_deals) as crm_deals, "
        "(select max(synced_at) from crmhub.crm_owners) as crm_owners, "
        "(select max(synced_at) from crmhub.crm_pipelines) as crm_pipelines, "
        "(select max(synced_at) from crmhub.crm_pipeline_stages) as crm_pipeline_stages"
    )
    return newest
