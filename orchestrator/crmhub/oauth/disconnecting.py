"""End a connection: at HubSpot, in the vault, and, if asked, in the canonical tables."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from crmhub.errors import CrmHubError, SecretUnreadableError
from crmhub.queries import read_queries
from crmhub.vault.store import REFRESH_TOKEN, find_secret, forget_secrets

if TYPE_CHECKING:
    import psycopg

    from crmhub.connections import Connection
    from crmhub.oauth.token_endpoint import TokenEndpoint
    from crmhub.vault.keyring import Keyring
    from crmhub.vault.secret import Secret

_QUERIES = read_queries(Path(__file__).with_name("disconnecting.sql"))


def grant_to_end(
    database: psycopg.Connection, keyring: Keyring, connection: Connection
) -> Secret | None:
    """The connection's refresh token; None if there is none, or somebody else needs it.

    Two organisations may have connected one account, and HubSpot may have given both the same.
    A token that cannot be read cannot be ended either.
    """
    try:
        stored = find_secret(database, keyring, connection.id, REFRESH_TOKEN)
    except SecretUnreadableError:
        return None
    if stored is None:
        return None
    for (other,) in database.execute(
        _QUERIES["others_of_account"], {"connection_id": connection.id}
    ).fetchall():
        with contextlib.suppress(SecretUnreadableError):
            others = find_secret(database, keyring, other, REFRESH_TOKEN)
            if others is not None and others.secret == stored.secret:
                return None
    return stored.secret


def end_grant(endpoint: TokenEndpoint | None, token: Secret | None) -> bool:
    """End a grant at HubSpot; False if it could not be asked, or there is none of ours to end."""
    if endpoint is None or token is None:
        return False
    try:
        endpoint.revoke(token)
    except CrmHubError:
        return False
    return True


def disconnect(database: psycopg.Connection, connection: Connection, *, erase: bool) -> bool:
    """Run the connection no more and forget its tokens; a run in flight is fenced off.

    With `erase`, its state goes at once and its rows by `erasing.erase_rows`. Returns whether they
    go: without it, too, where they were to be erased already.
    """
    with database.transaction():
        row = database.execute(_QUERIES["disconnect"], {"connection_id": connection.id}).fetchone()
        database.execute(_QUERIES["cancel_pending"], {"connection_id": connection.id})
        if erase:
            database.execute(_QUERIES["ask_to_erase"], {"connection_id": connection.id})
            database.execute(
                _QUERIES["forget_comparison"],
                {"org_id": connection.org_id, "connection_id": connection.id},
            )
        forget_secrets(database, connection.id)
    return erase or (row is not None and bool(row[0]))
