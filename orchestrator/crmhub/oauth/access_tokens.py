"""The access token of a connection, renewed by one process at a time on any number of machines.

Whoever renews holds the row of the refresh token in a transaction, asks HubSpot, and stores
both tokens with the commit before either is used. If HubSpot replaced the refresh token, the
old one is good no more: what lies between its answer and the commit (two statements) is the
only moment at which a crash costs the grant. A database that breaks in that moment does not:
the tokens are stored by another connection as soon as there is one. An answer that is lost on
its way is asked for again; that helps if the old refresh token is still good, as it is at
HubSpot today, which replaces none.
"""

from __future__ import annotations

import contextlib
import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Never

import psycopg

from crmhub.database import connect
from crmhub.errors import (
    AccessDeniedError,
    CrmHubError,
    DatabaseUnreachableError,
    InvalidGrantError,
    InvalidSettingsError,
    SecretHeldError,
    SecretUnreadableError,
)
from crmhub.oauth.answers import renew_in_seconds
from crmhub.queries import read_queries
from crmhub.vault.keyring import SecretPlace
from crmhub.vault.store import ACCESS_TOKEN, REFRESH_TOKEN, find_secret, keep_secret

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from crmhub.oauth.answers import Grant
    from crmhub.oauth.token_endpoint import TokenEndpoint
    from crmhub.vault.keyring import Keyring
    from crmhub.vault.secret import Secret
    from crmhub.vault.store import StoredSecret

logger = logging.getLogger("HubSpotSyncWorker")

#: How long to wait for another process that renews the same token, seconds. It asks HubSpot
#: for no longer than that (asking.PATIENCE_SECONDS and one last answer).
HELD_SECONDS = 90
#: How long to try to store tokens after the database broke, seconds.
SALVAGE_SECONDS = 120.0

_QUERIES = read_queries(Path(__file__).with_name("access_tokens.sql"))


@dataclass(frozen=True, kw_only=True)
class AccessToken:
    """A token to ask HubSpot with."""

    secret: Secret
    #: Until another one should be asked for, seconds; None: it lasts until it is revoked.
    renew_in_seconds: float | None


@dataclass(frozen=True, kw_only=True)
class _Renewed:
    """What HubSpot gave instead of a refresh token."""

    place: SecretPlace
    #: The refresh token that was given for it.
    spent: Secret
    grant: Grant
    #: When HubSpot was asked, by `time.monotonic`.
    asked: float

    @property
    def token(self) -> AccessToken:
        passed = time.monotonic() - self.asked
        return AccessToken(
            secret=self.grant.access_token,
            renew_in_seconds=renew_in_seconds(self.grant.life_seconds, passed_seconds=passed),
        )


class AccessTokens:
    """The access tokens of all connections of a database."""

    def __init__(
        self, *, database_url: str, keyring: Keyring, endpoint: TokenEndpoint | None
    ) -> None:
        """Keep where they are.

        `database_url` is the orchestrator's; without an `endpoint`, connections by OAuth
        cannot be served.
        """
        self._database_url = database_url
        self._keyring = keyring
        self._endpoint = endpoint

    def current(self, connection_id: UUID) -> AccessToken:
        """The connection's access token, another one if it ends soon.

        Raises SecretUnreadableError (key or row lost), InvalidGrantError and AccessDeniedError
        (the connection is then at `needs_reconnect`), SecretHeldError, RateLimitedError,
        HubSpotUnavailableError, NetworkFailedError, InvalidSettingsError, and as `connect`.
        """
        with connect(self._database_url) as database:
            good = self._good_token(database, connection_id, refused=None)
        return good or self._renew(connection_id, refused=None)

    def instead_of(self, connection_id: UUID, refused: AccessToken) -> AccessToken:
        """Another token than the one HubSpot refused; raises as `current`.

        AccessDeniedError where there cannot be one, because the token came without a refresh
        token.
        """
        return self._renew(connection_id, refused=refused.secret)

    def _good_token(
        self, database: psycopg.Connection, connection_id: UUID, *, refused: Secret | None
    ) -> AccessToken | None:
        """The stored access token, None if it is to be renewed."""
        with contextlib.suppress(SecretUnreadableError):
            stored = find_secret(database, self._keyring, connection_id, ACCESS_TOKEN)
            if (
                stored is not None
                and stored.secret != refused
                and (stored.renew_in_seconds is None or stored.renew_in_seconds > 0)
            ):
                return AccessToken(secret=stored.secret, renew_in_seconds=stored.renew_in_seconds)
        return None

    def _renew(self, connection_id: UUID, *, refused: Secret | None) -> AccessToken:
        renewed: _Renewed | None = None
        lost: InvalidGrantError | AccessDeniedError | None = None
        try:
            with self._holding(connection_id) as (database, held):
                # Another process may have renewed it while this one waited.
                good = self._good_token(database, connection_id, refused=refused)
                if good is not None:
                    return good
                try:
                    renewed = self._ask(held or self._no_grant(database, connection_id))
                except (InvalidGrantError, AccessDeniedError) as error:
                    lost = error
                    self._mark_lost(database, connection_id, error)
                else:
                    self._keep(database, renewed)
        except (DatabaseUnreachableError, psycopg.Error):
            if renewed is None:
                raise
            self._salvage(renewed)
        if lost is not None:
            raise lost
        if renewed is None:
            raise RuntimeError("a renewal ended without tokens and without an error")
        return renewed.token

    @contextlib.contextmanager
    def _holding(
        self, connection_id: UUID
    ) -> Iterator[tuple[psycopg.Connection, StoredSecret | None]]:
        """One transaction that holds the connection's refresh token, None if it has none."""
        try:
            with connect(self._database_url) as database, database.transaction():
                database.execute(_QUERIES["prepare_renewal"], {"lock_timeout": f"{HELD_SECONDS}s"})
                held = self._hold(database, connection_id)
                yield database, held
        except _RowHeldError:
            raise SecretHeldError(
                f"another process has been renewing the token of connection {connection_id} for "
                f"{HELD_SECONDS} s; another try comes later"
            ) from None

    def _hold(self, database: psycopg.Connection, connection_id: UUID) -> StoredSecret | None:
        try:
            return find_secret(database, self._keyring, connection_id, REFRESH_TOKEN, hold=True)
        except psycopg.errors.LockNotAvailable:
            raise _RowHeldError from None

    def _no_grant(self, database: psycopg.Connection, connection_id: UUID) -> Never:
        """Raise what is wrong with a connection that needs another token and has no grant."""
        stored = find_secret(database, self._keyring, connection_id, ACCESS_TOKEN)
        if stored is None or stored.renew_in_seconds is not None:
            raise SecretUnreadableError(
                f"no token is stored for connection {connection_id} by which to go on; "
                "connect the account again"
            )
        raise AccessDeniedError(
            f"HubSpot refuses the token of connection {connection_id}, and there is no refresh "
            "token to get another one by; connect the account again"
        )

    def _ask(self, held: StoredSecret) -> _Renewed:
        if self._endpoint is None:
            raise InvalidSettingsError(
                "HUBSPOT_CLIENT_ID and HUBSPOT_CLIENT_SECRET are missing: they are needed to "
                f"renew the token of connection {held.place.connection_id}"
            )
        asked = time.monotonic()
        return _Renewed(
            place=held.place,
            spent=held.secret,
            grant=self._endpoint.refresh(held.secret),
            asked=asked,
        )

    def _keep(self, database: psycopg.Connection, renewed: _Renewed) -> None:
        """Store both tokens, the refresh token first."""
        replaced = renewed.grant.refresh_token
        if replaced is not None and replaced != renewed.spent:
            keep_secret(database, self._keyring, renewed.place, replaced)
        keep_secret(
            database,
            self._keyring,
            SecretPlace(
                org_id=renewed.place.org_id,
                connection_id=renewed.place.connection_id,
                name=ACCESS_TOKEN,
            ),
            renewed.token.secret,
            renew_in_seconds=renewed.token.renew_in_seconds,
        )

    def _salvage(self, renewed: _Renewed) -> None:
        """Store the tokens by another connection, unless somebody has stored newer ones.

        Raises DatabaseUnreachableError when there was none for too long.
        """
        connection_id = renewed.place.connection_id
        logger.warning(
            "the database broke before the renewed token of connection %s was stored; trying again",
            connection_id,
        )
        until = time.monotonic() + SALVAGE_SECONDS
        pause = 0.2
        while True:
            try:
                with self._holding(connection_id) as (database, held):
                    if held is not None and held.secret == renewed.spent:
                        self._keep(database, renewed)
                        # Meanwhile somebody may have tried the spent token, and been refused.
                        database.execute(
                            _QUERIES["connection_regained"], {"connection_id": connection_id}
                        )
            except DatabaseUnreachableError:
                if time.monotonic() + pause > until:
                    raise
            else:
                return
            time.sleep(pause)
            pause = min(pause * 2, 5.0)

    def _mark_lost(
        self, database: psycopg.Connection, connection_id: UUID, error: CrmHubError
    ) -> None:
        database.execute(
            _QUERIES["connection_lost"],
            {
                "connection_id": connection_id,
                "error_class": error.error_class,
                "error_message": str(error),
            },
        )


class _RowHeldError(Exception):
    """The row of a refresh token stayed locked; psycopg files that under a broken connection."""
