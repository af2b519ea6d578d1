"""`crmhub`: the commands, and how an error ends one."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Final

import click
from typing_extensions import override

from crmhub.errors import CrmHubError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Command → the module of crmhub.cli that holds it, and its name there.
COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "completion": ("completion", "completion"),
    "connections": ("connections", "connections"),
    "demo": ("demo", "demo"),
    "doctor": ("doctor", "doctor"),
    "env": ("env", "env"),
    "flags": ("flags", "flags"),
    "keys": ("keys", "keys"),
    "migrate": ("migrate", "migrate_command"),
    "person": ("person", "person"),
    "pseudonym": ("pseudonym", "pseudonym"),
    "roles": ("roles", "roles_command"),
    "run": ("run", "run"),
    "runs": ("runs", "runs"),
    "signin": ("signin", "signin"),
    "sync": ("sync", "sync"),
    "verify": ("verify", "verify"),
    "web": ("web", "web"),
    "worker": ("worker", "worker"),
}


class Commands(click.Group):
    """Commands that are loaded when they are asked for: all of them take a second."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, in the order of the help."""
        return sorted(COMMANDS)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, None if there is none of the name."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(f"crmhub.cli.{module}"), name)
        return command


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Settings come from the environment; .env.example explains each of them.",
)
@click.version_option(package_name="crmhub")
def crmhub() -> None:
    """Copy HubSpot contacts and deals, pseudonymised, into PostgreSQL.

    \b
    New here?            crmhub demo --once
    A database of yours? export DATABASE_URL=postgresql://…; crmhub migrate; crmhub roles
    """


def main() -> None:
    """Run the command line; an error of ours is one line and its exit status."""
    try:
        crmhub()
    except CrmHubError as error:
        click.echo(f"crmhub: {error}", err=True)
        sys.exit(error.exit_status)
