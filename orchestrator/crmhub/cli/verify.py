"""`crmhub verify`."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console
from rich.table import Table

from crmhub.connections import find_connection
from crmhub.database import connect
from crmhub.settings import access_tokens, hubspot_api_url, required_database_urls

if TYPE_CHECKING:
    import uuid

#: Exit status where counts differ, as that of diff(1).
_DIFFERENT: Final = 1


@click.command("verify")
@click.argument("connection_id", type=click.UUID)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def verify(*, connection_id: uuid.UUID, as_json: bool) -> None:
    """Set HubSpot's counts beside ours.

    Exit status 0: the same; 1: they differ, and a sentence says what that can mean. HubSpot counts
    by its search index, which lags behind by some seconds. The Status Center shows the last result.
    """
    # What asks HubSpot takes a while to load, which is not for every command to wait.
    from crmhub.verify import verify_connection  # noqa: PLC0415 - as said above

    urls = required_database_urls(os.environ)
    with connect(urls.orchestrator) as database:
        connection = find_connection(database, connection_id)
    token = access_tokens(os.environ, urls.orchestrator).current(connection_id)
    found = verify_connection(
        connection, token=token.secret, urls=urls, api_url=hubspot_api_url(os.environ)
    )
    synced_through = connection.synced_through
    if as_json:
        click.echo(
            json.dumps(
                {
                    "connection_id": str(connection_id),
                    "synced_through": synced_through and synced_through.isoformat(),
                    "streams": [
                        {**vars(each), "difference": each.difference, "meaning": each.meaning}
                        for each in found
                    ],
                }
            )
        )
    else:
        table = Table(box=None)
        table.add_column("stream")
        for heading in ("HubSpot", "here", "difference"):
            table.add_column(heading, justify="right")
        table.add_column("which can mean")
        for each in found:
            table.add_row(
                each.stream,
                f"{each.hubspot:,}",
                f"{each.ours:,}",
                f"{each.difference:+,}" if each.difference else "",
                each.meaning,
            )
        Console().print(table)
        until = f"{synced_through:%Y-%m-%d %H:%M:%S %Z}" if synced_through else "never synced"
        click.echo(f"here: everything up to {until}")
    if any(each.differs for each in found):
        sys.exit(_DIFFERENT)
