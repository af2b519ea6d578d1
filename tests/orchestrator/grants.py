"""A connection by OAuth: its portal in a sandbox over HTTP, its refresh token in the vault."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psycopg

from crmhub.oauth.access_tokens import AccessTokens
from crmhub.oauth.asking import HubSpotAsker
from crmhub.oauth.token_endpoint import TokenEndpoint
from crmhub.vault.keyring import Keyring, SecretPlace
from crmhub.vault.secret import Secret
from crmhub.vault.store import REFRESH_TOKEN, find_secret, keep_secret

if TYPE_CHECKING:
    from uuid import UUID

    from databases import TestDatabase

    from hubspot_sandbox.sandbox import SandboxPortal
    from hubspot_sandbox.server import RunningSandbox

OLD_KEY, NEW_KEY = bytes(range(32)), bytes(range(32, 64))


@dataclass(frozen=True, kw_only=True)
class Granted:
    """One connection, and what stands behind it."""

    database: TestDatabase
    sandbox: RunningSandbox
    portal: SandboxPortal
    place: SecretPlace
    keyring: Keyring
    #: How long the token endpoint's client would have waited between its tries.
    pauses: list[float] = field(default_factory=list)

    @property
    def connection_id(self) -> UUID:
        return self.place.connection_id

    def endpoint(self) -> TokenEndpoint:
        return TokenEndpoint(
            HubSpotAsker(self.sandbox.url, sleep=self.pauses.append),
            client_id=self.portal.client_id,
            client_secret=Secret(self.portal.client_secret),
        )

    def tokens(
        self, *, endpoint: TokenEndpoint | None = None, keyring: Keyring | None = None
    ) -> AccessTokens:
        """Those of one process."""
        return AccessTokens(
            database_url=self.database.url_as("crmhub_orchestrator"),
            keyring=keyring or self.keyring,
            endpoint=endpoint or self.endpoint(),
        )

    def stored(self, name: str) -> str | None:
        """A secret as the database has it."""
        with psycopg.connect(self.database.url_as("crmhub_orchestrator")) as connection:
            found = find_secret(connection, self.keyring, self.connection_id, name)
        return found.secret.reveal() if found else None

    def let_the_token_end_soon(self) -> None:
        self.database.rows(
            "update crmhub.secrets_provider set renew_after = now() where name = 'access_token'"
        )

    def asked(self) -> int:
        """How often the token endpoint has answered."""
        return sum("/token" in request.path for request in self.sandbox.sandbox.requests())

    def status(self) -> tuple[str, str | None]:
        """The connection's status and last error class."""
        [row] = self.database.rows(
            "select status, last_error_class from crmhub.source_connections where id = %s",
            [self.connection_id],
        )
        return row["status"], row["last_error_class"]


def grant(database: TestDatabase, sandbox: RunningSandbox, keyring: Keyring) -> Granted:
    """Connect a new organisation to a new portal, by a refresh token."""
    portal = sandbox.sandbox.add_portal()
    org_id, connection_id = database.add_connection()
    place = SecretPlace(org_id=org_id, connection_id=connection_id, name=REFRESH_TOKEN)
    with psycopg.connect(database.url_as("crmhub_orchestrator")) as connection:
        keep_secret(connection, keyring, place, Secret(portal.refresh_token))
    return Granted(database=database, sandbox=sandbox, portal=portal, place=place, keyring=keyring)
