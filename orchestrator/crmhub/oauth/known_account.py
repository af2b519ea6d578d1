"""A connection whose account is not known yet learns it from its token, once.

Connections that were added by an earlier version, or while HubSpot could not be asked, have none.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from crmhub.connections import connected_already
from crmhub.database import connect
from crmhub.oauth.token_endpoint import account_of_access_token
from crmhub.queries import read_queries

if TYPE_CHECKING:
    from crmhub.connections import Connection
    from crmhub.oauth.asking import HubSpotAsker
    from crmhub.vault.secret import Secret

_QUERIES = read_queries(Path(__file__).with_name("known_account.sql"))


def with_account(
    connection: Connection, token: Secret, *, asker: HubSpotAsker, database_url: str
) -> Connection:
    """The connection with its account; where none was known, HubSpot is asked and it is stored.

    Args:
        connection: Whose account is wanted.
        token: The access token that its next run reads with.
        asker: By whom HubSpot is asked, in one call.
        database_url: The orchestrator's.

    Raises as `account_of_access_token` and `connect`; InvalidSettingsError where another
    connection of the organisation has this account.
    """
    if connection.external_account_id is not None:
        return connection
    account = account_of_access_token(asker, token)
    try:
        with connect(database_url) as database:
            row = database.execute(
                _QUERIES["learn_account"], {"connection_id": connection.id, "account": account}
            ).fetchone()
    except psycopg.errors.UniqueViolation:
        raise connected_already(connection.org_id, account) from None
    return replace(connection, external_account_id=row[0] if row else None)
