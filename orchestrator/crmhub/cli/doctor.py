"""`crmhub doctor`."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console
from rich.table import Table

from crmhub.doctor.checks import checks_for
from crmhub.doctor.findings import examine

if TYPE_CHECKING:
    import uuid

_COLOURS: Final = {"ok": "green", "warning": "yellow", "failed": "red", "skipped": "dim"}


@click.command()
@click.option(
    "--connection",
    "connection_id",
    type=click.UUID,
    help="Check what HubSpot does for this connection, too.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def doctor(*, connection_id: uuid.UUID | None, as_json: bool) -> None:
    """Check this installation, and say what to do about whatever is not as it should be.

    Changes nothing. Exit status 1 if anything has failed; warnings and what was skipped do not
    count.

    With --connection, the tap's self-check asks HubSpot as this connection: about twenty calls,
    read-only, and an access token that ends soon is renewed first.
    """
    findings = list(examine(checks_for(connection_id), os.environ))
    if as_json:
        click.echo(json.dumps([asdict(each) for each in findings]))
    else:
        table = Table(box=None)
        for heading in ("", "what", "found", "what to do"):
            table.add_column(heading, overflow="fold")
        for each in findings:
            colour = _COLOURS[each.verdict]
            table.add_row(f"[{colour}]{each.verdict}[/{colour}]", each.what, each.said, each.remedy)
        Console().print(table)
    if any(each.verdict == "failed" for each in findings):
        sys.exit(1)
