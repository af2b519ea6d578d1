"""The demo after its summary: people go on working, a worker syncs, the Status Center shows it."""

from __future__ import annotations

import contextlib
import secrets
import shlex
import threading
from typing import TYPE_CHECKING, Final

import requests

from crmhub.connection_status import resume_connection
from crmhub.database import connect
from crmhub.demo.portals import LATER, work_a_little
from crmhub.errors import InvalidSettingsError
from crmhub.flags import CRM_HUB, set_flag
from crmhub.settings import WebUrls
from crmhub.web.serving import listen, serving_in_a_thread
from crmhub.web.settings import web_settings

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from crmhub.demo.stage import Stage
    from hubspot_sandbox.sandbox import SandboxPortal

#: Between two things that somebody does in HubSpot, seconds.
WORK_SECONDS: Final = 4.0
#: How often the demo's worker looks for what they did.
_SYNC_MILLISECONDS: Final = 60_000
_HOST: Final = "127.0.0.1"
_PORT: Final = 8080


def demo_settings(stage: Stage) -> dict[str, str]:
    """The settings of the demo's installation, as an operator would set them."""
    first = stage.organisations[0].portal
    return {
        "DATABASE_URL": stage.urls.orchestrator,
        "CRMHUB_LOADER_DATABASE_URL": stage.urls.loader,
        "CRMHUB_STATE_DATABASE_URL": stage.urls.state,
        "CRMHUB_READER_DATABASE_URL": stage.urls.reader,
        "PII_HASH_SALT": stage.salt,
        "SECRETS_ENCRYPTION_KEY": stage.encryption_key,
        "HUBSPOT_API_URL": stage.api_url,
        "HUBSPOT_CLIENT_ID": first.client_id,
        "HUBSPOT_CLIENT_SECRET": first.client_secret,
        "HUBSPOT_SYNC_INTERVAL_MS": str(_SYNC_MILLISECONDS),
        "CRMHUB_SIGNING_KEY": secrets.token_urlsafe(32),
        "CRMHUB_INTERNAL_TOKEN": secrets.token_hex(32),
    }


@contextlib.contextmanager
def settings_file(settings: Mapping[str, str], directory: Path) -> Iterator[Path]:
    """The settings for a shell, in a private file `.cache/demo.env` until the block ends.

    No account's token is among them: `crmhub env` gives each connection its own.
    """
    file = directory / ".cache" / "demo.env"
    file.parent.mkdir(exist_ok=True)
    file.touch(mode=0o600)
    file.write_text("".join(f"export {k}={shlex.quote(v)}\n" for k, v in settings.items()))
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)


@contextlib.contextmanager
def status_center(stage: Stage, settings: Mapping[str, str]) -> Iterator[str]:
    """Serve the demo's Status Center until the block ends, while people work: its address."""
    with connect(stage.urls.orchestrator) as database:
        for organisation in stage.organisations:
            set_flag(database, organisation.org_id, CRM_HUB, enabled=True)
            # Its next run would come by the interval of an installation that is not watched.
            resume_connection(database, organisation.connection_id)
    _add_portal_to_connect(stage)
    urls = WebUrls(orchestrator=stage.urls.orchestrator, reader=stage.urls.reader)
    with contextlib.ExitStack() as running:
        listening = running.enter_context(_listening())
        web = web_settings(settings, urls, host=_HOST, port=listening.getsockname()[1])
        running.enter_context(serving_in_a_thread(web, listening))
        running.enter_context(_at_work([each.portal for each in stage.organisations]))
        yield web.base_url


def _listening() -> socket.socket:
    try:
        return listen(_HOST, _PORT)
    except InvalidSettingsError:
        return listen(_HOST, 0)


def _add_portal_to_connect(stage: Stage) -> None:
    """One more account, which nobody has connected yet: somebody may press Connect."""
    plan = {"contacts": LATER.contacts, "deals": LATER.deals, "seed": LATER.seed}
    requests.post(f"{stage.api_url}/sandbox/portals", json=plan, timeout=30).raise_for_status()


@contextlib.contextmanager
def _at_work(portals: Sequence[SandboxPortal]) -> Iterator[None]:
    """Let people do a little in each portal now and again until the block ends."""
    ended = threading.Event()

    def work() -> None:
        turn = 0
        while not ended.wait(WORK_SECONDS):
            work_a_little(portals[turn % len(portals)], turn)
            turn += 1

    thread = threading.Thread(target=work, name="people at work", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
