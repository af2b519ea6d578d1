"""What the demo plays on: a database, a sandbox, two connected organisations."""

from __future__ import annotations

import contextlib
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from crmhub.connections import add_connection
from crmhub.database import connect
from crmhub.demo.portals import PLANS, PortalPlan, add_shared_person
from crmhub.embedded_postgres import embedded_postgres
from crmhub.migrate import migrate
from crmhub.oauth.access_tokens import AccessTokens
from crmhub.roles import create_logins
from crmhub.settings import DatabaseUrls
from crmhub.sync.launching import WarmLauncher
from crmhub.sync.sync import sync_connection
from crmhub.vault.keyring import SecretPlace, generate_key, read_keyring
from crmhub.vault.secret import Secret
from crmhub.vault.store import ACCESS_TOKEN, keep_secret
from hubspot_sandbox.server import running_sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from crmhub.sync.launching import Launcher
    from crmhub.sync.meltano_log import MeltanoLog
    from crmhub.sync.meltano_run import RunOutcome
    from crmhub.vault.keyring import Keyring
    from hubspot_sandbox.sandbox import SandboxPortal
    from hubspot_sandbox.server import RunningSandbox


@dataclass(frozen=True, kw_only=True)
class Organisation:
    """One tenant of the demo, with its portal."""

    name: str
    org_id: UUID
    connection_id: UUID
    portal: SandboxPortal
    #: The id of the contact that both organisations have.
    shared_contact: str


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Everything the demo needs, running."""

    #: A superuser's address, for the look behind the scenes.
    admin_url: str
    urls: DatabaseUrls
    #: The sandbox's address, in place of HubSpot's.
    api_url: str
    salt: str
    #: SECRETS_ENCRYPTION_KEY of the demo.
    encryption_key: str
    organisations: tuple[Organisation, ...]
    launcher: Launcher

    def tokens(self) -> AccessTokens:
        """The organisations' access tokens: service keys, so that no app is needed."""
        return AccessTokens(
            database_url=self.urls.orchestrator,
            keyring=read_keyring(self.encryption_key),
            endpoint=None,
        )

    def sync(
        self,
        organisation: Organisation,
        on_line: Callable[[MeltanoLog, str], None] = lambda _log, _line: None,
    ) -> RunOutcome:
        """One real `meltano run` for the organisation."""
        return sync_connection(
            organisation.connection_id,
            urls=self.urls,
            salt=self.salt,
            tokens=self.tokens(),
            api_url=self.api_url,
            on_line=on_line,
            launcher=self.launcher,
        )


@dataclass(kw_only=True)
class Steps:
    """How long each step took, in the order they were taken."""

    #: Hears the name of each step as it begins.
    on_begin: Callable[[str], None] = lambda _name: None
    #: Hears name and seconds of each step as it ends.
    on_end: Callable[[str, float], None] = lambda _name, _seconds: None
    #: Name → seconds.
    taken: dict[str, float] = field(default_factory=dict)

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time what happens in the block."""
        self.on_begin(name)
        began = time.monotonic()
        yield
        self.taken[name] = time.monotonic() - began
        self.on_end(name, self.taken[name])


@contextlib.contextmanager
def demo_stage(steps: Steps, plans: Sequence[PortalPlan] = PLANS) -> Iterator[Stage]:
    """Start database and sandbox, connect the organisations, and end it all with the block."""
    with contextlib.ExitStack() as running:
        with steps.step("PostgreSQL"):
            server = running.enter_context(embedded_postgres())
        with steps.step("Migrations and logins"):
            migrate(server.url)
            logins = create_logins(server.url)
        with steps.step("HubSpot sandbox"):
            sandbox = running.enter_context(running_sandbox())
            launcher = running.enter_context(contextlib.closing(WarmLauncher()))
            stage = set_stage(
                sandbox, admin_url=server.url, logins=logins, plans=plans, launcher=launcher
            )
        yield stage


def set_stage(
    sandbox: RunningSandbox,
    *,
    admin_url: str,
    logins: Mapping[str, str],
    plans: Sequence[PortalPlan],
    launcher: Launcher,
) -> Stage:
    """Fill the sandbox with the plans' portals and connect an organisation to each."""
    urls = DatabaseUrls(**{role.removeprefix("crmhub_"): url for role, url in logins.items()})
    encryption_key = generate_key().reveal()
    keyring = read_keyring(encryption_key)
    return Stage(
        admin_url=admin_url,
        urls=urls,
        api_url=sandbox.url,
        salt=secrets.token_urlsafe(24),
        encryption_key=encryption_key,
        organisations=tuple(
            _connect(
                plan,
                sandbox.sandbox.add_portal(
                    contacts=plan.contacts, deals=plan.deals, seed=plan.seed
                ),
                urls,
                keyring,
            )
            for plan in plans
        ),
        launcher=launcher,
    )


def _connect(
    plan: PortalPlan, portal: SandboxPortal, urls: DatabaseUrls, keyring: Keyring
) -> Organisation:
    shared_contact = add_shared_person(portal)
    with connect(urls.orchestrator) as database:
        connection = add_connection(
            database,
            org_id=uuid4(),
            external_account_id=str(portal.portal_id),
            display_name=plan.name,
            # The second run shows what was archived; otherwise that waits for its interval.
            config={"archived_interval_minutes": 0},
        )
        place = SecretPlace(
            org_id=connection.org_id, connection_id=connection.id, name=ACCESS_TOKEN
        )
        keep_secret(database, keyring, place, Secret(portal.access_token))
    return Organisation(
        name=plan.name,
        org_id=connection.org_id,
        connection_id=connection.id,
        portal=portal,
        shared_contact=shared_contact,
    )
