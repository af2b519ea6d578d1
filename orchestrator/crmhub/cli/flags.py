"""`crmhub flags …`."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from crmhub.cli.connections import WIDTH
from crmhub.database import connect
from crmhub.flags import FLAGS, list_flags, set_flag
from crmhub.settings import required_database_url

if TYPE_CHECKING:
    import uuid


@click.group()
def flags() -> None:
    """Say which organisation sees what; `crm_hub` opens the Status Center."""


@flags.command("list")
@click.option("--org", "org_id", type=click.UUID, help="Of this organisation only.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def show(*, org_id: uuid.UUID | None, as_json: bool) -> None:
    """List the flags that were set; one that never was is off."""
    with connect(required_database_url(os.environ)) as database:
        found = list_flags(database, org_id=org_id)
    if as_json:
        click.echo(json.dumps([{**vars(each), "org_id": str(each.org_id)} for each in found]))
        return
    table = Table(box=None)
    for heading in ("organisation", "flag", "is"):
        table.add_column(heading, no_wrap=True)
    for each in found:
        table.add_row(str(each.org_id), each.flag, "on" if each.enabled else "off")
    Console(width=max(Console().width, WIDTH)).print(table)


@flags.command("on")
@click.argument("flag", type=click.Choice(FLAGS))
@click.option("--org", "org_id", type=click.UUID, required=True, help="For this organisation.")
def turn_on(*, flag: str, org_id: uuid.UUID) -> None:
    """Turn a flag on for an organisation."""
    _set(flag, org_id, enabled=True)


@flags.command("off")
@click.argument("flag", type=click.Choice(FLAGS))
@click.option("--org", "org_id", type=click.UUID, required=True, help="For this organisation.")
def turn_off(*, flag: str, org_id: uuid.UUID) -> None:
    """Turn a flag off for an organisation."""
    _set(flag, org_id, enabled=False)


def _set(flag: str, org_id: uuid.UUID, *, enabled: bool) -> None:
    with connect(required_database_url(os.environ)) as database:
        set_flag(database, org_id, flag, enabled=enabled)
    click.echo(f"{flag} is {'on' if enabled else 'off'} for organisation {org_id}")
