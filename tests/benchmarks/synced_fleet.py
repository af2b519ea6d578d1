"""Connections to portals of a sandbox, on a PostgreSQL of their own: what syncs are measured on."""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from benchmarks.sandbox_process import sandbox_process

from crmhub.connections import add_connection
from crmhub.database import connect
from crmhub.embedded_postgres import embedded_postgres
from crmhub.migrate import migrate
from crmhub.oauth.access_tokens import AccessTokens
from crmhub.roles import create_logins
from crmhub.settings import DatabaseUrls
from crmhub.sync.plan import SyncPlan
from crmhub.vault.keyring import SecretPlace, generate_key, read_keyring
from crmhub.vault.secret import Secret
from crmhub.vault.store import ACCESS_TOKEN, keep_secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.sandbox_process import BenchSandbox

    from crmhub.sync.launching import Launcher
    from crmhub.vault.keyring import Keyring

_INHERITED = ("PATH", "LANG", "TMPDIR")


@dataclass(frozen=True, kw_only=True)
class SyncedFleet:
    """Connections, each with a portal of its own, and what a worker needs to sync them."""

    #: A superuser's address.
    admin_url: str
    urls: DatabaseUrls
    api_url: str
    salt: str
    #: The first key of SECRETS_ENCRYPTION_KEY.
    key: str
    connections: tuple[UUID, ...]

    def environment(self) -> dict[str, str]:
        """What a command or a worker of this installation finds in its environment."""
        return {
            **{name: os.environ[name] for name in _INHERITED if name in os.environ},
            "DATABASE_URL": self.urls.orchestrator,
            "CRMHUB_LOADER_DATABASE_URL": self.urls.loader,
            "CRMHUB_STATE_DATABASE_URL": self.urls.state,
            "CRMHUB_READER_DATABASE_URL": self.urls.reader,
            "PII_HASH_SALT": self.salt,
            "SECRETS_ENCRYPTION_KEY": self.key,
            "HUBSPOT_API_URL": self.api_url,
        }

    def plan(self, launcher: Launcher) -> SyncPlan:
        """How a worker of this installation syncs."""
        return SyncPlan(
            urls=self.urls,
            salt=self.salt,
            tokens=AccessTokens(
                database_url=self.urls.orchestrator,
                keyring=read_keyring(self.key),
                endpoint=None,
            ),
            api_url=self.api_url,
            launcher=launcher,
        )


@contextlib.contextmanager
def synced_fleet(
    connections: int, *, contacts: int = 20, deals: int = 8, durable: bool = False
) -> Iterator[SyncedFleet]:
    """Connections that are due, until the block ends.

    Args:
        connections: How many, each of an organisation of its own.
        contacts: Of each portal.
        deals: Of each portal.
        durable: Whether the server waits for the disk, as where it matters.
    """
    safety = {"fsync": "on", "synchronous_commit": "on"} if durable else {}
    key = generate_key().reveal()
    with embedded_postgres(settings=safety) as server, sandbox_process() as sandbox:
        migrate(server.url)
        logins = create_logins(server.url)
        urls = DatabaseUrls(**{role.removeprefix("crmhub_"): url for role, url in logins.items()})
        yield SyncedFleet(
            admin_url=server.url,
            urls=urls,
            api_url=sandbox.url,
            salt=secrets.token_urlsafe(24),
            key=key,
            connections=tuple(
                _connected(urls, sandbox, read_keyring(key), contacts=contacts, deals=deals)
                for _ in range(connections)
            ),
        )


def _connected(
    urls: DatabaseUrls, sandbox: BenchSandbox, keyring: Keyring, *, contacts: int, deals: int
) -> UUID:
    portal = sandbox.add_portal(contacts=contacts, deals=deals)
    token = portal.allow_everything()
    org_id = uuid4()
    with connect(urls.orchestrator) as database:
        connection = add_connection(
            database, org_id=org_id, external_account_id=str(portal.portal_id)
        )
        place = SecretPlace(org_id=org_id, connection_id=connection.id, name=ACCESS_TOKEN)
        keep_secret(database, keyring, place, Secret(token))
    return connection.id
