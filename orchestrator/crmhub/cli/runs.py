"""`crmhub runs`."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Literal

import click
from rich.console import Console
from rich.table import Table

from crmhub.cli.connections import WIDTH
from crmhub.cli.sync import run_as_json
from crmhub.database import connect
from crmhub.settings import required_database_url
from crmhub.sync.runs import Run, list_runs

if TYPE_CHECKING:
    import uuid


@click.command("runs")
@click.option("--connection", "connection_id", type=click.UUID, help="Of this connection only.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="So many.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def runs(*, connection_id: uuid.UUID | None, limit: int, as_json: bool) -> None:
    """Show the latest runs: when, why, how many rows, how they ended."""
    with connect(required_database_url(os.environ)) as database:
        found = list_runs(database, connection_id=connection_id, limit=limit)
    if as_json:
        click.echo(json.dumps([run_as_json(run) for run in found]))
        return
    table = Table(box=None)
    for heading in ("requested", "connection", "why", "status", "seconds", "rows", "error"):
        table.add_column(heading, no_wrap=heading != "error", justify=_side(heading))
    for run in found:
        table.add_row(
            f"{run.requested_at:%Y-%m-%d %H:%M:%S}",
            str(run.connection_id),
            run.trigger,
            run.status,
            _seconds(run),
            f"{sum(run.records.values()):,}",
            f"{run.error_class}: {run.error_message}" if run.error_class else "",
        )
    Console(width=max(Console().width, WIDTH)).print(table)


def _side(heading: str) -> Literal["left", "right"]:
    return "right" if heading in {"seconds", "rows"} else "left"


def _seconds(run: Run) -> str:
    if run.started_at is None or run.finished_at is None:
        return ""
    return f"{(run.finished_at - run.started_at).total_seconds():.1f}"
