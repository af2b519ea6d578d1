"""Secrets of connections in `secrets_provider`, sealed on the way in and opened on the way out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crmhub.errors import SecretUnreadableError
from crmhub.queries import read_queries
from crmhub.vault.keyring import SecretPlace

if TYPE_CHECKING:
    from uuid import UUID

    import psycopg

    from crmhub.vault.keyring import Keyring
    from crmhub.vault.secret import Secret

#: A connection's secrets. A service key has the first only; an OAuth grant both.
ACCESS_TOKEN = "access_token"  # noqa: S105 - a name
REFRESH_TOKEN = "refresh_token"  # noqa: S105 - a name

_QUERIES = read_queries(Path(__file__).with_name("store.sql"))


@dataclass(frozen=True, kw_only=True)
class StoredSecret:
    """A secret as it was found."""

    place: SecretPlace
    secret: Secret
    #: Until it should be renewed, by the database's clock; None: it lasts.
    renew_in_seconds: float | None


def keep_secret(
    database: psycopg.Connection,
    keyring: Keyring,
    place: SecretPlace,
    secret: Secret,
    *,
    renew_in_seconds: float | None = None,
) -> None:
    """Store a secret in its place, instead of what was there."""
    database.execute(
        _QUERIES["keep_secret"],
        {
            "org_id": place.org_id,
            "connection_id": place.connection_id,
            "name": place.name,
            "ciphertext": keyring.seal(secret, place),
            "renew_in_seconds": renew_in_seconds,
        },
    )


def find_secret(
    database: psycopg.Connection,
    keyring: Keyring,
    connection_id: UUID,
    name: str,
    *,
    hold: bool = False,
) -> StoredSecret | None:
    """A connection's secret, None if there is none of that name.

    With `hold`, nobody else changes it before the transaction ends. Raises
    SecretUnreadableError.
    """
    query = _QUERIES["hold_secret" if hold else "find_secret"]
    row = database.execute(query, {"connection_id": connection_id, "name": name}).fetchone()
    if row is None:
        return None
    org_id, sealed, renew_in_seconds = row
    place = SecretPlace(org_id=org_id, connection_id=connection_id, name=name)
    return StoredSecret(
        place=place, secret=keyring.open(sealed, place), renew_in_seconds=renew_in_seconds
    )


def replace_secrets(
    database: psycopg.Connection, keyring: Keyring, place: SecretPlace, secret: Secret
) -> None:
    """Store a secret as the only one of its connection; to be called in a transaction.

    A row that is there is replaced, not deleted: who waits for it finds the new secret.
    """
    keep_secret(database, keyring, place, secret)
    database.execute(
        _QUERIES["forget_others"], {"connection_id": place.connection_id, "name": place.name}
    )


def forget_secrets(database: psycopg.Connection, connection_id: UUID) -> None:
    """Delete every secret of a connection."""
    database.execute(_QUERIES["forget_secrets"], {"connection_id": connection_id})


def rows_by_key(database: psycopg.Connection) -> dict[str, int]:
    """Key id (hexadecimal) → how many secrets are sealed with it."""
    return dict(database.execute(_QUERIES["rows_by_key"]).fetchall())


def refuse_unknown_keys(database: psycopg.Connection, keyring: Keyring) -> None:
    """Raise SecretUnreadableError if a stored secret is sealed with a key that is not here.

    To be asked before work begins: otherwise a forgotten key would take every connection for
    one that lost its grant.
    """
    for key_id, secrets in rows_by_key(database).items():
        if key_id not in keyring.key_ids:
            raise SecretUnreadableError(
                f"{secrets} stored secrets are sealed with key {key_id}, which "
                "SECRETS_ENCRYPTION_KEY does not hold: add that key behind the others"
            )
