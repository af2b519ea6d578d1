"""`crmhub connections pause` and `resume`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from crmhub.connection_status import pause_connection, resume_connection
from crmhub.database import connect
from crmhub.settings import required_database_url

if TYPE_CHECKING:
    import uuid


@click.command("pause")
@click.argument("connection_id", type=click.UUID)
def pause(*, connection_id: uuid.UUID) -> None:
    """Run a connection no more until it is resumed; a run in flight is cancelled."""
    with connect(required_database_url(os.environ)) as database:
        pause_connection(database, connection_id)
    click.echo(f"connection {connection_id} is paused: `crmhub connections resume` lets it go on")


@click.command("resume")
@click.argument("connection_id", type=click.UUID)
def resume(*, connection_id: uuid.UUID) -> None:
    """Let a paused connection go on from where it was; it is due at once."""
    with connect(required_database_url(os.environ)) as database:
        resume_connection(database, connection_id)
    click.echo(f"connection {connection_id} is connected and due")
