"""`crmhub env`."""

from __future__ import annotations

import contextlib
import os
import shlex
from typing import TYPE_CHECKING, Any

import click
from typing_extensions import override

from crmhub.connections import find_connection
from crmhub.database import connect
from crmhub.oauth.known_account import with_account
from crmhub.project_files import meltano_project_directory
from crmhub.settings import (
    access_tokens,
    hubspot_api_url,
    hubspot_asker,
    pii_hash_salt,
    required_database_urls,
)
from crmhub.sync.environment import OF_ONE_CONNECTION, connection_environment
from crmhub.sync.lease import release_lease, take_lease
from crmhub.vault.store import has_secrets

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterator

    from crmhub.vault.secret import Secret

#: A run by hand has nobody who renews its lease, seconds.
BY_HAND_LEASE_SECONDS = 6 * 3600
_ACCESS_TOKEN = "TAP_HUBSPOT_CRM_ACCESS_TOKEN"  # noqa: S105 - a name
_SYSTEM_DIRECTORY = "MELTANO_SYS_DIR_ROOT"
#: What a shell forgets before it takes another connection's variables, and when there are none.
_UNSET = f"unset {' '.join((*OF_ONE_CONNECTION, _ACCESS_TOKEN, _SYSTEM_DIRECTORY))}"


class ShellCommand(click.Command):
    """Prints shell commands, also when it fails: the last connection's variables are unset.

    `eval "$(crmhub env WRONG)"` would otherwise leave them, and the next run would be of another
    connection than the one that was asked for.
    """

    @override
    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        with _unsetting_on_failure():
            return super().make_context(*args, **extra)

    @override
    def invoke(self, ctx: click.Context) -> Any:
        with _unsetting_on_failure():
            return super().invoke(ctx)


@contextlib.contextmanager
def _unsetting_on_failure() -> Iterator[None]:
    try:
        yield
    except click.exceptions.Exit:
        # The end of --help.
        raise
    except BaseException:
        click.echo(f"{_UNSET}; false")
        raise


@click.command("env", cls=ShellCommand)
@click.argument("connection_id", type=click.UUID)
@click.option("--release", is_flag=True, help="Give the lease back, whoever holds it.")
def env(*, connection_id: uuid.UUID, release: bool) -> None:
    """Print what a `meltano run` by hand needs to act for a connection, its token included.

    Takes the connection's lease for six hours, so that nobody else syncs it meanwhile. The token
    of an account that was connected by OAuth lasts for half an hour; for a longer run use
    `crmhub sync CONNECTION --here`, which renews it.

    \b
    eval "$(crmhub env CONNECTION)"
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
        salt = pii_hash_salt(os.environ)
        is_given_token = has_secrets(database, connection_id)
    token: Secret | None = None
    if is_given_token:
        token = access_tokens(os.environ, urls.orchestrator).current(connection_id).secret
        connection = with_account(
            connection, token, asker=hubspot_asker(os.environ), database_url=urls.orchestrator
        )
    variables = connection_environment(
        connection, urls=urls, salt=salt, lease_token=None, api_url=hubspot_api_url(os.environ)
    )
    # Last: a lease that was taken for nothing would keep everybody away.
    with connect(urls.orchestrator) as database:
        lease_token = take_lease(database, connection_id, seconds=BY_HAND_LEASE_SECONDS)
    project = meltano_project_directory()
    variables |= {
        "CRMHUB_LEASE_TOKEN": str(lease_token),
        "MELTANO_PROJECT_ROOT": str(project),
        # Two runs in one system directory read each other's state.
        _SYSTEM_DIRECTORY: str(project / ".meltano" / "connections" / str(connection_id)),
        "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
        "MELTANO_CLI_DISABLE_VERSION_CHECK": "1",
        # The lease is the lock.
        "MELTANO_RUN_FORCE": "1",
    }
    if token is None:
        of_account = f" of account {connection.external_account_id}"
        click.echo(
            f"crmhub: no token is stored for connection {connection_id}: export {_ACCESS_TOKEN}, a "
            f"token{of_account if connection.external_account_id else ''}",
            err=True,
        )
    else:
        variables[_ACCESS_TOKEN] = token.reveal()
    click.echo(_UNSET)
    for name, value in variables.items():
        click.echo(f"export {name}={shlex.quote(value)}")
