"""Where a history takes place: a server of its own, a sandbox, organisations connected by OAuth."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from end_to_end.conftest import Scene
from end_to_end.expected_rows import property_kinds
from end_to_end.workers import worker_environment
from psycopg.types.json import Jsonb
from tap.model.comparison import OBJECT_STREAMS
from target.own_server import own_server

from crmhub.connections import add_connection, find_connection
from crmhub.database import connect
from crmhub.demo.portals import add_shared_person
from crmhub.demo.stage import Organisation, Stage
from crmhub.oauth.connecting import OfferedToken, give_token
from crmhub.settings import DatabaseUrls
from crmhub.sync.launching import ColdLauncher
from crmhub.vault.keyring import generate_key, read_keyring
from crmhub.vault.secret import Secret
from crmhub.vault.store import REFRESH_TOKEN
from hubspot_sandbox.properties import PropertyDefinition
from hubspot_sandbox.server import running_sandbox
from hubspot_sandbox.tokens import Grant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from end_to_end.convergence.circumstances import Circumstances, ConnectionDraw, PortalDraw
    from tap.model.comparison import ObjectStream
    from target.own_server import OwnServer

    from hubspot_sandbox.sandbox import Sandbox, SandboxPortal

#: The shortest there is, so that what a killed worker held is soon taken over.
LEASE_SECONDS = 6
#: Kind of a mapped property → its type in HubSpot.
_TYPES = {"numeric": "number", "boolean": "bool", "timestamptz": "datetime"}
_SALT = "a salt for histories of many portals"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a history acts on."""

    scene: Scene
    server: OwnServer
    #: Where the runs put their files; in the environment of each of their processes.
    folder: Path

    @property
    def sandbox(self) -> Sandbox:
        """HubSpot."""
        return self.scene.sandbox.sandbox

    @property
    def connections(self) -> tuple[Organisation, ...]:
        """Every connection with its portal; of an organisation there may be two."""
        return self.scene.stage.organisations

    @property
    def portals(self) -> list[SandboxPortal]:
        """Every portal."""
        return list(self.sandbox.portals.values())

    def environment(self) -> dict[str, str]:
        """What the programs of the hub find in theirs."""
        return {
            **worker_environment(self.scene.stage),
            "TMPDIR": str(self.folder),
            "CRMHUB_LEASE_SECONDS": str(LEASE_SECONDS),
            "HUBSPOT_CLIENT_ID": self.sandbox.client_id,
            "HUBSPOT_CLIENT_SECRET": self.sandbox.client_secret,
        }

    def connect_account(self, connection: Organisation) -> None:
        """Have a person consent, as after Connect and after Reconnect: a grant of its own."""
        _connect_account(self.scene.stage, self.sandbox, connection)

    def change_config(self, connection: Organisation, changes: Mapping[str, int]) -> None:
        """Change some of what the organisation chose."""
        self.scene.database.rows(
            "update crmhub.source_connections set config = config || %s where id = %s",
            [Jsonb(dict(changes)), connection.connection_id],
        )


@contextlib.contextmanager
def setting_of(circumstances: Circumstances) -> Iterator[Setting]:
    """Build everything up, and take it down with the block."""
    with (
        own_server() as server,
        running_sandbox(latency_ms=circumstances.latency_ms) as sandbox,
        tempfile.TemporaryDirectory(prefix="crmhub-convergence-") as folder,
    ):
        sandbox.sandbox.dialect = circumstances.dialect
        sandbox.sandbox.tokens.habits = circumstances.tokens
        portals = [_portal(sandbox.sandbox, draw) for draw in circumstances.portals]
        logins = server.database.logins
        stage = Stage(
            admin_url=server.relayed_url,
            urls=DatabaseUrls(
                **{role.removeprefix("crmhub_"): url for role, url in logins.items()}
            ),
            api_url=sandbox.url,
            salt=_SALT,
            encryption_key=generate_key().reveal(),
            organisations=(),
            launcher=ColdLauncher(),
        )
        connections = tuple(
            _connection(stage, portals[draw.portal], draw) for draw in circumstances.connections
        )
        for connection in connections:
            _connect_account(stage, sandbox.sandbox, connection)
        yield Setting(
            scene=Scene(
                stage=replace(stage, organisations=connections),
                database=replace(server.database, url=server.relayed_url),
                sandbox=sandbox,
            ),
            server=server,
            folder=Path(folder),
        )


def _portal(sandbox: Sandbox, draw: PortalDraw) -> SandboxPortal:
    portal = sandbox.add_portal(contacts=draw.contacts, deals=draw.deals, seed=draw.seed)
    for stream in OBJECT_STREAMS:
        _define_what_is_mapped(portal, stream)
    # Somebody whom all organisations know: no two of their pseudonyms may be equal.
    add_shared_person(portal)
    portal.habits = draw.habits
    portal.search_habits = draw.search_habits
    return portal


def _define_what_is_mapped(portal: SandboxPortal, stream: ObjectStream) -> None:
    """Have every property in the portal that the hub stores, so that each can be filled."""
    for name, kind in property_kinds(stream).items():
        if name not in portal.properties[stream]:
            definition = PropertyDefinition(
                name=name, label=name, type=_TYPES.get(kind, "enumeration"), group="more"
            )
            portal.add_property(stream, definition)


def _connection(stage: Stage, portal: SandboxPortal, draw: ConnectionDraw) -> Organisation:
    with connect(stage.urls.orchestrator) as database:
        connection = add_connection(
            database,
            org_id=UUID(int=draw.organisation + 1, version=4),
            external_account_id=str(portal.portal_id),
            display_name=f"Organisation {draw.organisation}",
            config=draw.config,
        )
    return Organisation(
        name=f"organisation {draw.organisation} at portal {portal.portal_id}",
        org_id=connection.org_id,
        connection_id=connection.id,
        portal=portal,
        shared_contact="",
    )


def _connect_account(stage: Stage, sandbox: Sandbox, connection: Organisation) -> None:
    portal = connection.portal
    token = sandbox.tokens.add_grant(
        Grant(portal_id=portal.portal_id, scopes=portal.scopes, client_id=portal.client_id)
    )
    with connect(stage.urls.orchestrator) as database, database.transaction():
        give_token(
            database,
            read_keyring(stage.encryption_key),
            find_connection(database, connection.connection_id),
            OfferedToken(name=REFRESH_TOKEN, secret=Secret(token)),
            account=str(portal.portal_id),
        )
