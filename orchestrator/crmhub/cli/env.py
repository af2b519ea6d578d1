"""`crmhub env`."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

import click

from crmhub.connections import find_connection
from crmhub.database import connect
from crmhub.project_files import meltano_project_directory
from crmhub.settings import hubspot_api_url, pii_hash_salt, required_database_urls
from crmhub.sync.environment import connection_environment
from crmhub.sync.lease import release_lease, take_lease

if TYPE_CHECKING:
    import uuid

#: A run by hand has nobody who renews its lease, seconds.
BY_HAND_LEASE_SECONDS = 6 * 3600


@click.command("env")
@click.argument("connection_id", type=click.UUID)
@click.option("--release", is_flag=True, help="Give the lease back, whoever holds it.")
def env(*, connection_id: uuid.UUID, release: bool) -> None:
    """Print what a `meltano run` by hand needs to act for a connection.

    Takes the connection's lease for six hours, so that nobody else syncs it meanwhile.

    \b
    eval "$(crmhub env CONNECTION)"
    export TAP_HUBSPOT_CRM_ACCESS_TOKEN=…      (a service key of the HubSpot account)
    meltano run tap-hubspot-crm target-crmhub-postgres
    crmhub env CONNECTION --release
    """
    urls = required_database_urls(os.environ)
    with connect(urls.orchestrator) as database:
        connection = find_connection(database, connection_id)
        if release:
            release_lease(database, connection_id)
            click.echo(f"the lease of connection {connection_id} is free", err=True)
            return
        variables = connection_environment(
            connection,
            urls=urls,
            salt=pii_hash_salt(os.environ),
            lease_token=None,
            api_url=hubspot_api_url(os.environ),
        )
        # Last: a lease that was taken for nothing would keep everybody away.
        lease_token = take_lease(database, connection_id, seconds=BY_HAND_LEASE_SECONDS)
    project = meltano_project_directory()
    variables |= {
        "CRMHUB_LEASE_TOKEN": str(lease_token),
        "MELTANO_PROJECT_ROOT": str(project),
        # Two runs in one system directory read each other's state.
        "MELTANO_SYS_DIR_ROOT": str(project / ".meltano" / "connections" / str(connection_id)),
        "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
        "MELTANO_CLI_DISABLE_VERSION_CHECK": "1",
        # The lease is the lock.
        "MELTANO_RUN_FORCE": "1",
    }
    for name, value in variables.items():
        click.echo(f"export {name}={shlex.quote(value)}")
