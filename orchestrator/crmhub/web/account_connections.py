"""What a granted account becomes: a connection with its token, and its first run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg.rows import class_row

from crmhub.connections import Connection, find_connection
from crmhub.engine.queue import request_sync
from crmhub.errors import UnknownConnectionError
from crmhub.oauth.connecting import OfferedToken, give_token
from crmhub.queries import read_queries
from crmhub.vault.store import REFRESH_TOKEN
from crmhub.web.errors import NotFoundError, OtherAccountError

if TYPE_CHECKING:
    from uuid import UUID

    from crmhub.vault.keyring import Keyring
    from crmhub.web.consents import Consent
    from crmhub.web.granted_accounts import GrantedAccount

_QUERIES = read_queries(Path(__file__).with_name("account_connections.sql"))


def own_connection(database: psycopg.Connection, org_id: UUID, connection_id: UUID) -> Connection:
    """A connection of the organisation. Raises NotFoundError, for another's as for none."""
    try:
        connection = find_connection(database, connection_id)
    except UnknownConnectionError:
        connection = None
    if connection is None or connection.org_id != org_id:
        raise NotFoundError("There is no such connection in your organisation.")
    return connection


def connect_account(
    database: psycopg.Connection, keyring: Keyring, consent: Consent, account: GrantedAccount
) -> Connection:
    """Connect an account to the organisation, or connect it again; its next run is asked for.

    The same account is the same connection: what is known of it stays. A pause remains one.

    Raises:
        OtherAccountError: The connection to be reconnected is of another account.
        NotFoundError: It is gone.
    """
    with database.transaction():
        if consent.connection_id is None:
            connection = _connection_of_account(database, consent, account)
        else:
            connection = own_connection(database, consent.org_id, consent.connection_id)
            _refuse_another_account(connection, account)
        token = OfferedToken(name=REFRESH_TOKEN, secret=account.refresh_token)
        try:
            with database.transaction():
                given = give_token(database, keyring, connection, token, account=account.account_id)
        except psycopg.errors.UniqueViolation:
            raise OtherAccountError(
                f"Account {account.account_id} belongs to another connection of your "
                "organisation. Nothing was changed: reconnect that one."
            ) from None
        database.execute(
            _QUERIES["name_connection"], {"connection_id": given.id, "name": account.domain}
        )
        if find_connection(database, given.id).status == "connected":
            request_sync(database, given.id, trigger="manual")
    return given


def _connection_of_account(
    database: psycopg.Connection, consent: Consent, account: GrantedAccount
) -> Connection:
    with database.cursor(row_factory=class_row(Connection)) as cursor:
        found = cursor.execute(
            _QUERIES["connection_of_account"],
            {"org_id": consent.org_id, "account": account.account_id},
        ).fetchone()
    if found is None:
        raise NotFoundError("The connection was not stored: connect again.")
    return found


def _refuse_another_account(connection: Connection, account: GrantedAccount) -> None:
    known = connection.external_account_id
    if known is not None and known != account.account_id:
        raise OtherAccountError(
            f"You chose HubSpot account {account.account_id}, but this connection is of account "
            f"{known}. Nothing was changed: reconnect and choose account {known} at HubSpot, or "
            f"connect {account.account_id} as another connection."
        )
