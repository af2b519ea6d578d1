"""`crmhub migrate`."""

from __future__ import annotations

import click

from crmhub.cli.databases import administered_database
from crmhub.migrate import migrate


@click.command("migrate")
def migrate_command() -> None:
    """Bring the database to the newest migration.

    Acts on DATABASE_URL (a superuser, or a role with CREATEROLE that owns the database), else
    on the embedded PostgreSQL. Safe to run again, and from several machines at once.
    """
    with administered_database() as url:
        applied = migrate(
            url, on_applied=lambda each: click.echo(f"applied {each.version}_{each.name}")
        )
    if not applied:
        click.echo("nothing to do: every migration is in")
