"""`crmhub roles`."""

from __future__ import annotations

import json

import click

from crmhub.cli.databases import administered_database
from crmhub.roles import LOGIN_SETTINGS, create_logins


@click.command("roles")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of exports.")
def roles_command(*, as_json: bool) -> None:
    """Make a login with a new password for each role, and print their settings.

    \b
    Put what it prints where your secrets live; nothing here keeps it:
        eval "$(crmhub roles)"
    DATABASE_URL is then the orchestrator's login, which may not migrate. A second call gives
    new passwords to the same logins.
    """
    with administered_database() as url:
        logins = create_logins(url)
    settings = {LOGIN_SETTINGS[role]: login for role, login in logins.items()}
    if as_json:
        click.echo(json.dumps(settings, indent=2))
        return
    for name, login in settings.items():
        click.echo(f"export {name}='{login}'")
