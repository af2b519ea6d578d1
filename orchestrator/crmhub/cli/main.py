"""`crmhub`: the commands, and how an error ends one."""

from __future__ import annotations

import sys

import click

from crmhub.cli.completion import completion
from crmhub.cli.connection_status import pause, resume
from crmhub.cli.connections import connections
from crmhub.cli.demo import demo
from crmhub.cli.doctor import doctor
from crmhub.cli.env import env
from crmhub.cli.flags import flags
from crmhub.cli.keys import keys
from crmhub.cli.migrate import migrate_command
from crmhub.cli.person import person
from crmhub.cli.pseudonym import pseudonym
from crmhub.cli.roles import roles_command
from crmhub.cli.run import run
from crmhub.cli.runs import runs
from crmhub.cli.signin import signin
from crmhub.cli.sync import sync
from crmhub.cli.verify import verify
from crmhub.cli.web import web
from crmhub.cli.worker import worker
from crmhub.errors import CrmHubError


@click.group(
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


crmhub.add_command(completion)
crmhub.add_command(connections)
crmhub.add_command(demo)
crmhub.add_command(doctor)
crmhub.add_command(env)
crmhub.add_command(flags)
crmhub.add_command(keys)
crmhub.add_command(migrate_command)
crmhub.add_command(person)
crmhub.add_command(pseudonym)
crmhub.add_command(roles_command)
crmhub.add_command(run)
crmhub.add_command(runs)
crmhub.add_command(signin)
crmhub.add_command(sync)
crmhub.add_command(verify)
crmhub.add_command(web)
crmhub.add_command(worker)
connections.add_command(pause)
connections.add_command(resume)


def main() -> None:
    """Run the command line; an error of ours is one line and its exit status."""
    try:
        crmhub()
    except CrmHubError as error:
        click.echo(f"crmhub: {error}", err=True)
        sys.exit(error.exit_status)
