"""Secrets of connections in `secrets_provider`, sealed on the way in and opened on the way out."""

from __future__ import annotations

import logging
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

logger = logging.getLogger("HubSpotSyncWorker")

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


def has_secrets(database: psycopg.Connection, connection_id: UUID) -> bool:
    """Whether any secret of the connection is stored."""
    row = database.execute(_QUERIES["has_secrets"], {"connection_id": connection_id}).fetchone()
    return row is not None and bool(row[0])


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


def refuse_wrong_keyring(database: psycopg.Connection, keyring: Keyring) -> None:
    """Raise SecretUnreadableError if secrets are stored and the keyring's keys seal none of them.

    To be asked before work begins: a wrong key would otherwise take every connection for one
    that lost its grant. A key that only some secrets need is warned of; the others go on.
    """
    counts = rows_by_key(database)
    unknown = {key_id: n for key_id, n in counts.items() if key_id not in keyring.key_ids}
    if unknown and len(unknown) == len(counts):
        raise SecretUnreadableError(
            f"{sum(unknown.values())} stored secrets are sealed with other keys "
            f"({', '.join(sorted(unknown))}) than SECRETS_ENCRYPTION_KEY holds: "
            "set the keys they were sealed with; `crmhub doctor` counts them"
        )
    for key_id, secrets in sorted(unknown.items()):
        logger.warning(
            "%d stored secrets are sealed with key %s, which SECRETS_ENCRYPTION_KEY does not hold",
            secrets,
            key_id,
        )
