"""`crmhub connections …`."""

from __future__ import annotations

import json
import os
import uuid
from typing import Any

import click
import psycopg
from rich.console import Console
from rich.table import Table

from crmhub.cli.token_input import (
    account_of_offered,
    account_option,
    offered_token,
    token_options,
)
from crmhub.connections import (
    Connection,
    add_connection,
    connected_already,
    find_connection,
    list_connections,
    reset_connection,
)
from crmhub.database import connect
from crmhub.errors import InvalidSettingsError
from crmhub.oauth.connecting import give_token
from crmhub.settings import keyring, required_database_url
from crmhub.sync.environment import fetched_properties

#: What a line of `list` takes, characters.
WIDTH = 140


@click.group()
def connections() -> None:
    """See and change the connections of organisations to their HubSpot accounts."""


@connections.command("add")
@click.option("--org", "org_id", type=click.UUID, help="The organisation's id; absent: a new one.")
@click.option("--name", help="What people call this connection.")
@click.option("--config", default="{}", help='JSON, as {"default_phone_region": "DE"}.')
@token_options
@account_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def add(
    *,
    org_id: uuid.UUID | None,
    name: str | None,
    config: str,
    from_access_token: bool,
    from_refresh_token: bool,
    account_id: str | None,
    as_json: bool,
) -> None:
    """Add a connection; its first run is due at once.

    The token comes from standard input and is sealed with SECRETS_ENCRYPTION_KEY; HubSpot says
    which account it reads. Without a token, runs by hand only (`crmhub env`); then state the
    account, so that no run reads another one.

    \b
    crmhub connections add --name "Our HubSpot" --access-token-stdin < token.txt
    crmhub connections add --name "Our HubSpot" --account-id 12345678
    """
    token = offered_token(
        from_access_token=from_access_token, from_refresh_token=from_refresh_token
    )
    ring = keyring(os.environ) if token else None
    account = account_of_offered(token, stated=account_id) if token else account_id
    with connect(required_database_url(os.environ)) as database, database.transaction():
        added = add_connection(
            database,
            org_id=org_id or uuid.uuid4(),
            external_account_id=account,
            display_name=name,
            config=_config(config),
        )
        # Refused now rather than at the first run; the transaction leaves nothing of it.
        fetched_properties(added)
        if token and ring:
            added = give_token(database, ring, added, token, account=account)
    if as_json:
        click.echo(json.dumps(_as_json(added)))
        return
    click.echo(f"connection   {added.id}\norganisation {added.org_id}")
    if added.external_account_id:
        click.echo(f"account      {added.external_account_id}")
    if token is None:
        click.echo(f'\nRun it by hand:  eval "$(crmhub env {added.id})"')


@connections.command("reconnect")
@click.argument("connection_id", type=click.UUID)
@token_options
@account_option
def reconnect(
    *,
    connection_id: uuid.UUID,
    from_access_token: bool,
    from_refresh_token: bool,
    account_id: str | None,
) -> None:
    """Give a connection another token of the same account; it goes on where it was.

    \b
    crmhub connections reconnect CONNECTION --access-token-stdin < token.txt
    """
    token = offered_token(
        from_access_token=from_access_token, from_refresh_token=from_refresh_token
    )
    if token is None:
        raise InvalidSettingsError("give one of --access-token-stdin and --refresh-token-stdin")
    ring = keyring(os.environ)
    with connect(required_database_url(os.environ)) as database:
        connection = find_connection(database, connection_id)
        account = account_of_offered(token, stated=account_id, known=connection.external_account_id)
        try:
            with database.transaction():
                give_token(database, ring, connection, token, account=account)
        except psycopg.errors.UniqueViolation:
            raise connected_already(connection.org_id, account) from None
    click.echo(f"connection {connection_id} has its new token and is due")


@connections.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def show(*, as_json: bool) -> None:
    """List the connections with their state and last sync."""
    with connect(required_database_url(os.environ)) as database:
        found = list_connections(database)
    if as_json:
        click.echo(json.dumps([_as_json(each) for each in found]))
        return
    table = Table(box=None)
    for heading in ("connection", "organisation", "name", "status", "last sync", "error"):
        # Ids are there to be copied: a line wraps rather than that they are cut.
        table.add_column(heading, no_wrap=True)
    for each in found:
        table.add_row(
            str(each.id),
            str(each.org_id),
            each.display_name or each.external_account_id or "",
            each.status,
            f"{each.last_sync_at:%Y-%m-%d %H:%M:%S}" if each.last_sync_at else "never",
            each.last_error_class or "",
        )
    Console(width=max(Console().width, WIDTH)).print(table)


@connections.command("reset")
@click.argument("connection_id", type=click.UUID)
def reset(*, connection_id: uuid.UUID) -> None:
    """Forget a connection's state: its next run is a full pass.

    A run in flight can store nothing more. The same in SQL:

    \b
    update crmhub.source_connections set last_sync_at = null where id = '…';
    """
    with connect(required_database_url(os.environ)) as database:
        reset_connection(database, connection_id)
    click.echo(f"connection {connection_id} starts anew with its next run")


def _config(text: str) -> dict[str, Any]:
    try:
        config = json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidSettingsError(
            f"--config must be a JSON object; character {error.pos} does not fit"
        ) from None
    except RecursionError:
        config = None
    if not isinstance(config, dict):
        raise InvalidSettingsError("--config must be a JSON object")
    return config


def _as_json(connection: Connection) -> dict[str, Any]:
    return {
        "id": str(connection.id),
        "org_id": str(connection.org_id),
        "provider": connection.provider,
        "external_account_id": connection.external_account_id,
        "display_name": connection.display_name,
        "status": connection.status,
        "config": connection.config,
        "last_sync_at": connection.last_sync_at and connection.last_sync_at.isoformat(),
        "synced_through": connection.synced_through and connection.synced_through.isoformat(),
        "next_sync_at": connection.next_sync_at.isoformat(),
        "last_error_class": connection.last_error_class,
        "last_error_message": connection.last_error_message,
    }
