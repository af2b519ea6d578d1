"""Give a connection its token: ask HubSpot whose it is, then seal it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from crmhub.errors import InvalidGrantError, InvalidSettingsError
from crmhub.oauth.token_endpoint import account_of_access_token
from crmhub.queries import read_queries
from crmhub.vault.keyring import SecretPlace
from crmhub.vault.store import REFRESH_TOKEN, replace_secrets

if TYPE_CHECKING:
    import psycopg

    from crmhub.connections import Connection
    from crmhub.oauth.asking import HubSpotAsker
    from crmhub.oauth.token_endpoint import TokenEndpoint
    from crmhub.vault.keyring import Keyring
    from crmhub.vault.secret import Secret

_QUERIES = read_queries(Path(__file__).with_name("connecting.sql"))


@dataclass(frozen=True, kw_only=True)
class OfferedToken:
    """A token that somebody gives for a connection."""

    #: access_token (a service key) or refresh_token.
    name: str
    secret: Secret


def account_of(token: OfferedToken, *, asker: HubSpotAsker, endpoint: TokenEndpoint | None) -> str:
    """HubSpot's portal id that the token reads.

    Raises AccessDeniedError or InvalidGrantError for a token that HubSpot refuses,
    InvalidSettingsError for a refresh token without an app, and as `account_of_access_token`.
    """
    if token.name != REFRESH_TOKEN:
        return account_of_access_token(asker, token.secret)
    if endpoint is None:
        raise InvalidSettingsError(
            "HUBSPOT_CLIENT_ID and HUBSPOT_CLIENT_SECRET are missing: a refresh token is good "
            "with the app it was given to only"
        )
    account = endpoint.account_of(token.secret)
    if account is None:
        raise InvalidGrantError(
            "HubSpot does not take this refresh token: it is revoked, or another app's; "
            "connect the account again"
        )
    return account


def give_token(
    database: psycopg.Connection,
    keyring: Keyring,
    connection: Connection,
    token: OfferedToken,
    *,
    account: str | None,
) -> Connection:
    """Seal the token as the only one of the connection, and make it due if it lacked one.

    To be called in a transaction. Raises InvalidSettingsError for another account's token: the
    rows of two accounts would be mixed.
    """
    known = connection.external_account_id
    if known is not None and account is not None and known != account:
        raise InvalidSettingsError(
            f"the token reads account {account}, but connection {connection.id} is of account "
            f"{known}: give that account's token, or add another connection"
        )
    place = SecretPlace(org_id=connection.org_id, connection_id=connection.id, name=token.name)
    replace_secrets(database, keyring, place, token.secret)
    database.execute(
        _QUERIES["connection_given_token"], {"connection_id": connection.id, "account": account}
    )
    return replace(connection, external_account_id=known or account)
