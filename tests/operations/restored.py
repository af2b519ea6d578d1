"""A database with a synced connection, backed up and restored as the operator's page says."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import psycopg
from databases import TestDatabase, TestServer
from operations.documents import blocks, section, statements
from operations.shell import exported, run_block
from orchestrator.terminal import KEY, settings_of
from psycopg import sql
from target.loading import FIXTURES, SALT, Hub, new_hub

from crmhub.database import connect, url_for_login
from crmhub.roles import LOGIN_SETTINGS
from crmhub.vault.keyring import SecretPlace, read_keyring
from crmhub.vault.secret import Secret
from crmhub.vault.store import ACCESS_TOKEN, keep_secret

if TYPE_CHECKING:
    from pathlib import Path

    from warm_programs import WarmPrograms

#: What the connection is synced with; a service key, so that no app is needed.
TOKEN: Final = "a made-up service key"
TABLES: Final = (
    "crm_contacts",
    "crm_deals",
    "crm_deal_contacts",
    "crm_owners",
    "crm_stream_totals",
)

Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True, kw_only=True)
class Restored:
    """One restored database."""

    hub: Hub
    #: What the old one held of the connection, by table.
    before: Rows

    @property
    def database(self) -> TestDatabase:
        return self.hub.database

    @property
    def settings(self) -> dict[str, str]:
        """The environment of a process on it, with the old keys."""
        return settings_of(self.database) | {"PII_HASH_SALT": SALT, "SECRETS_ENCRYPTION_KEY": KEY}

    def connection(self) -> dict[str, Any]:
        """How the connection stands."""
        [row] = self.database.rows(
            "select status, last_error_class, state_json, lease_token "
            "from crmhub.source_connections where id = %s",
            [self.hub.connection_id],
        )
        return row


def rows_of(hub: Hub) -> Rows:
    """What is stored of a connection."""
    return {table: hub.rows(table) for table in TABLES}


def synced_hub(database: TestDatabase, programs: WarmPrograms) -> Hub:
    """A connection with rows, a state and a token, as after a sync."""
    hub = new_hub(database, programs)
    golden = (FIXTURES / "first_load.singer").read_text(encoding="utf-8")
    assert hub.run(golden.splitlines()).status == 0
    place = SecretPlace(org_id=hub.org_id, connection_id=hub.connection_id, name=ACCESS_TOKEN)
    with connect(database.url_as("crmhub_orchestrator")) as connection:
        keep_secret(connection, read_keyring(KEY), place, Secret(TOKEN))
    database.rows(
        """update crmhub.source_connections set state_json = '{"bookmarks": {}}', """
        "synced_through = now() where id = %s",
        [hub.connection_id],
    )
    return hub


def back_up(database: TestDatabase, folder: Path) -> None:
    """Make the role and the dump that the page describes; the role is gone afterwards."""
    role = f"crmhub_backup_{uuid.uuid4().hex[:8]}"
    text = section("backup.md", "Backup")
    name = sql.Identifier(role)
    with psycopg.connect(database.url, autocommit=True) as connection:
        for statement in statements(blocks(text, "sql")[0]):
            # Roles belong to the server, which other tests use at the same time.
            connection.execute(statement.replace(b"crmhub_backup", role.encode()))
        try:
            connection.execute(sql.SQL("alter role {} password 'made-up'").format(name))
            url = url_for_login(database.url, user=role, password="made-up")
            run_block(blocks(text, "sh")[0], folder=folder, settings={"BACKUP_URL": url})
        finally:
            connection.execute(sql.SQL("drop role {}").format(name))


def restore(server_url: str, folder: Path) -> TestServer:
    """Restore the dump of a folder as the page says; its database is what clones are made of."""
    text = section("backup.md", "Restore")
    run_block(blocks(text, "sh")[0], folder=folder, settings={"SERVER_URL": server_url})
    given = exported((folder / "logins.sh").read_text(encoding="utf-8"))
    logins = {role: given[setting] for role, setting in LOGIN_SETTINGS.items()}
    return TestServer(url=server_url, template="crm", logins=logins)
