"""The tables as they are, in the words of `expectation`."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

import psycopg
from psycopg.rows import dict_row

if TYPE_CHECKING:
    from target.expectation import Content, Place
    from target.loading import Hub

_ROWS: dict[str, LiteralString] = {
    "contacts": """
        select external_id, archived, merged_into, lifecycle_stage,
            (properties ->> 'num_notes')::numeric
        from crmhub.crm_contacts where connection_id = %s
    """,
    "deals": """
        select external_id, archived, merged_into, name, amount, pipeline_external_id
        from crmhub.crm_deals where connection_id = %s
    """,
    "pipelines": """
        select external_id, archived, null, label
        from crmhub.crm_pipelines where connection_id = %s
    """,
}
_SETS: dict[str, LiteralString] = {
    "deal_contacts": """
        select deal_external_id, contact_external_id, labels[1]
        from crmhub.crm_deal_contacts where connection_id = %s
    """,
    "pipelines": """
        select pipeline_external_id, external_id, label
        from crmhub.crm_pipeline_stages where connection_id = %s
    """,
}


def contents(hub: Hub) -> dict[Place, Content]:
    """Everything that is compared, by table and key, as of one moment for each table."""
    found: dict[Place, Content] = {}
    with psycopg.connect(hub.database.url) as connection:
        for stream, query in _ROWS.items():
            for key, *values in connection.execute(query, [hub.connection_id]):
                found[stream, key] = tuple(values)
        for stream, query in _SETS.items():
            sets: dict[str, list[tuple[str, str]]] = {}
            for key, member, label in connection.execute(query, [hub.connection_id]):
                sets.setdefault(key, []).append((member, label))
            found |= {(f"set of {stream}", key): tuple(sorted(sets[key])) for key in sets}
    return found


def seen(hub: Hub) -> set[tuple[str, int, str]]:
    """What unfinished full passes have seen: stream, version, key."""
    rows = hub.rows("full_pass_seen", "stream", "version", "external_id")
    return {(row["stream"], row["version"], row["external_id"]) for row in rows}


def totals_are_right(hub: Hub) -> bool:
    """Whether the totals are those of the live rows, counted here once more."""
    with psycopg.connect(hub.database.url, row_factory=dict_row) as connection:
        counted = connection.execute(
            """
            select pipeline_external_id, count(*) as deals, sum(amount) as amount
            from crmhub.crm_deals
            where connection_id = %s and not archived and merged_into is null
            group by pipeline_external_id
            """,
            [hub.connection_id],
        ).fetchall()
        streams = connection.execute(
            """
            select 'contacts' as stream, count(*) as live
            from crmhub.crm_contacts
            where connection_id = %(id)s and not archived and merged_into is null
            union all
            select 'deals', count(*)
            from crmhub.crm_deals
            where connection_id = %(id)s and not archived and merged_into is null
            order by stream
            """,
            {"id": hub.connection_id},
        ).fetchall()
    told = hub.rows("crm_pipeline_totals", "pipeline_external_id", "deals", "amount")
    return counted == told and streams == hub.rows("crm_stream_totals", "stream", "live")
