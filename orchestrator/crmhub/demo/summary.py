"""The demo's summary, for people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString

from psycopg import sql
from rich.table import Table

from crmhub.database import connect
from crmhub.demo.portals import SHARED_EMAIL
from crmhub.queries import read_queries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from crmhub.demo.stage import Organisation, Stage
    from crmhub.sync.meltano_run import RunOutcome

_QUERIES = read_queries(Path(__file__).with_name("demo.sql"))
TABLES: tuple[LiteralString, ...] = (
    "crm_contacts",
    "crm_deals",
    "crm_deal_contacts",
    "crm_pipelines",
    "crm_pipeline_stages",
    "crm_owners",
)


def show_summary(
    console: Console,
    stage: Stage,
    *,
    first: Mapping[str, RunOutcome],
    second: Mapping[str, RunOutcome],
    seconds: Mapping[str, float],
) -> None:
    """Print what is stored, what the second runs moved, who sees what, and how long it took.

    `first` and `second` are outcomes by the organisation's name, `seconds` by the step's.
    """
    _show_rows(console, stage)
    _show_moved(console, first, second)
    _show_person(console, stage)
    _show_readers(console, stage)
    _show_seconds(console, seconds)


def _show_rows(console: Console, stage: Stage) -> None:
    table = Table("table", title="Rows stored", title_justify="left")
    for organisation in stage.organisations:
        table.add_column(organisation.name, justify="right")
    for name, counts in _row_counts(stage).items():
        table.add_row(name, *(f"{counts.get(o.org_id, 0):,}" for o in stage.organisations))
    console.print(table)


def _row_counts(stage: Stage) -> dict[str, dict[Any, int]]:
    with connect(stage.admin_url) as database:
        return {
            name: dict(
                database.execute(
                    sql.SQL(_QUERIES["count_rows"]).format(table=sql.Identifier("crmhub", name))
                ).fetchall()
            )
            for name in TABLES
        }


def _show_moved(
    console: Console, first: Mapping[str, RunOutcome], second: Mapping[str, RunOutcome]
) -> None:
    table = Table("stream", title="Records moved: first run, then second", title_justify="left")
    for name in first:
        table.add_column(name, justify="right")
    streams = sorted({stream for outcome in first.values() for stream in outcome.records})
    for stream in streams:
        table.add_row(
            stream,
            *(
                f"{first[name].records.get(stream, 0):,} → {second[name].records.get(stream, 0):,}"
                for name in first
            ),
        )
    console.print(table)


def _show_person(console: Console, stage: Stage) -> None:
    table = Table(
        "column",
        title=f"{SHARED_EMAIL} is in both portals; this is what is stored of her",
        title_justify="left",
    )
    for organisation in stage.organisations:
        table.add_column(organisation.name, overflow="fold")
    stored = [_stored_contact(stage, organisation) for organisation in stage.organisations]
    for column in ("email_hash", "phone_hash", "lifecycle_stage", "properties"):
        table.add_row(column, *(_shown(row.get(column)) for row in stored))
    console.print(table)


def _stored_contact(stage: Stage, organisation: Organisation) -> dict[str, Any]:
    with connect(stage.admin_url) as database:
        cursor = database.execute(
            _QUERIES["stored_contact"],
            {
                "connection_id": organisation.connection_id,
                "external_id": organisation.shared_contact,
            },
        )
        row = cursor.fetchone()
        names = [column.name for column in cursor.description or ()]
    return dict(zip(names, row or (), strict=True)) if row else {}


def _shown(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()
    return "" if value is None else str(value)


def _show_readers(console: Console, stage: Stage) -> None:
    table = Table(
        "crmhub_reader acting for",
        "contacts",
        "deals",
        "organisations seen",
        title="One query, different readers",
        title_justify="left",
    )
    readers = [(o.name, str(o.org_id)) for o in stage.organisations] + [("nobody", "")]
    for name, org_id in readers:
        with connect(stage.urls.reader) as database, database.transaction():
            database.execute(_QUERIES["act_for"], {"org_id": org_id})
            row = database.execute(_QUERIES["visible"]).fetchone()
        table.add_row(name, *(f"{value:,}" for value in row or ()))
    console.print(table)
    _show_pipelines(console, stage)


def _show_pipelines(console: Console, stage: Stage) -> None:
    """Deals by stage, read by each organisation's reader with the same query."""
    table = Table(
        "pipeline", "stage", title="crmhub.pipeline_summary, live deals", title_justify="left"
    )
    deals: dict[tuple[str, str], dict[str, int]] = {}
    for organisation in stage.organisations:
        table.add_column(organisation.name, justify="right")
        with connect(stage.urls.reader) as database, database.transaction():
            database.execute(_QUERIES["act_for"], {"org_id": str(organisation.org_id)})
            for pipeline, label, count in database.execute(_QUERIES["deals_by_stage"]):
                deals.setdefault((pipeline or "", label or ""), {})[organisation.name] = count
    for (pipeline, label), counts in deals.items():
        table.add_row(pipeline, label, *(f"{counts.get(o.name, 0):,}" for o in stage.organisations))
    console.print(table)


def _show_seconds(console: Console, seconds: Mapping[str, float]) -> None:
    table = Table("step", title="How long it took", title_justify="left")
    table.add_column("seconds", justify="right")
    for name, taken in seconds.items():
        table.add_row(name, f"{taken:.1f}")
    table.add_row("[bold]all[/bold]", f"[bold]{sum(seconds.values()):.1f}[/bold]")
    console.print(table)
