"""The web application as it is served: over HTTP, on a real database, beside a sandbox."""

from __future__ import annotations

import contextlib
import time
import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlencode, urlsplit

import jwt
import psycopg
import requests
from orchestrator.terminal import KEY

from crmhub.flags import CRM_HUB, set_flag
from crmhub.settings import WebUrls
from crmhub.web.serving import listen, serving_in_a_thread
from crmhub.web.sessions import _csrf_token
from crmhub.web.settings import WebSettings, web_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from databases import TestDatabase, TestServer

    from hubspot_sandbox.sandbox import Sandbox
    from hubspot_sandbox.server import RunningSandbox

SIGNING_KEY = "made-up-signing-key-of-a-test-32-bytes"
INTERNAL_TOKEN = "made-up-internal-token-of-a-test-32"


@dataclass(frozen=True, kw_only=True)
class ServedWeb:
    """A running web application, and what stands behind it."""

    url: str
    database: TestDatabase
    settings: WebSettings
    sandbox: Sandbox
    internal_token: str = field(default=INTERNAL_TOKEN, repr=False)

    def new_org(self, *, crm_hub: bool = True) -> uuid.UUID:
        """An organisation, with the Status Center or without."""
        org_id = uuid.uuid4()
        with psycopg.connect(self.database.url_as("crmhub_orchestrator")) as connection:
            set_flag(connection, org_id, CRM_HUB, enabled=crm_hub)
        return org_id

    def login_token(
        self, org_id: uuid.UUID, role: str = "admin", *, key: str = SIGNING_KEY, **claims: object
    ) -> str:
        """A login token as the host application signs it; claims may be replaced."""
        whole: dict[str, Any] = {
            "aud": self.settings.base_url,
            "exp": datetime.now(UTC) + timedelta(minutes=2),
            "jti": uuid.uuid4().hex,
            "org": str(org_id),
            "role": role,
            **claims,
        }
        return jwt.encode({name: value for name, value in whole.items() if value is not None}, key)

    def sign_in_link(
        self,
        org_id: uuid.UUID,
        role: Literal["viewer", "admin"] = "admin",
        *,
        return_to: str = "/integrations",
    ) -> str:
        """A link that signs in once, for a browser."""
        token = self.login_token(org_id, role)
        return f"{self.url}/sign-in?{urlencode({'token': token, 'return_to': return_to})}"

    def sign_in(
        self, org_id: uuid.UUID, role: Literal["viewer", "admin"] = "admin"
    ) -> requests.Session:
        """A browser without JavaScript in which somebody is signed in."""
        browser = requests.Session()
        answer = browser.get(self.sign_in_link(org_id, role), allow_redirects=False)
        assert answer.status_code == 303, answer.text
        return browser

    def csrf_token(self, browser: requests.Session) -> str:
        """What a form of this browser's pages carries."""
        [cookie] = [cookie for cookie in browser.cookies if cookie.name.endswith("crmhub_session")]
        return _csrf_token((cookie.value or "").partition(".")[2])


@contextlib.contextmanager
def served_web(
    database: TestDatabase,
    sandbox: RunningSandbox,
    *,
    patience_seconds: float = 10.0,
    database_wait_seconds: float = 3.0,
    look_seconds: float = 0.2,
    **changed: str,
) -> Iterator[ServedWeb]:
    """Serve the application in a thread until the block ends; settings may be changed by name."""
    with listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        environment = {
            "CRMHUB_SIGNING_KEY": SIGNING_KEY,
            "CRMHUB_INTERNAL_TOKEN": INTERNAL_TOKEN,
            "SECRETS_ENCRYPTION_KEY": KEY,
            "HUBSPOT_API_URL": sandbox.url,
            "HUBSPOT_CLIENT_ID": sandbox.sandbox.client_id,
            "HUBSPOT_CLIENT_SECRET": sandbox.sandbox.client_secret,
            **changed,
        }
        settings = replace(
            settings_from(environment, database, port=port),
            patience_seconds=patience_seconds,
            database_wait_seconds=database_wait_seconds,
            look_seconds=look_seconds,
        )
        with serving_in_a_thread(settings, listening) as server:
            while not server.started:
                time.sleep(0.01)
            yield ServedWeb(
                url=f"http://127.0.0.1:{port}",
                database=database,
                settings=settings,
                sandbox=sandbox.sandbox,
            )


@contextlib.contextmanager
def database_away(server: TestServer, database: TestDatabase) -> Iterator[None]:
    """Let nobody into a database, and end whoever is in it, until the block ends."""
    name = urlsplit(database.url).path[1:]
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f'alter database "{name}" allow_connections false')
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name]
        )
        try:
            yield
        finally:
            connection.execute(f'alter database "{name}" allow_connections true')


def settings_from(
    environment: Mapping[str, str], database: TestDatabase, *, port: int = 8080
) -> WebSettings:
    """The settings that an environment makes for a database."""
    urls = WebUrls(
        orchestrator=database.url_as("crmhub_orchestrator"),
        reader=database.url_as("crmhub_reader"),
    )
    return web_settings(environment, urls, host="127.0.0.1", port=port)
