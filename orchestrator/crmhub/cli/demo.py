"""`crmhub demo`."""

from __future__ import annotations

import shlex
import signal
import sys
from typing import TYPE_CHECKING

import click
from rich.console import Console

from crmhub.demo.play import play_demo
from crmhub.project_files import meltano_project_directory

if TYPE_CHECKING:
    from types import FrameType

    from crmhub.demo.stage import Stage


@click.command()
@click.option("--once", is_flag=True, help="End after the summary instead of staying up.")
def demo(*, once: bool) -> None:
    """Watch two organisations' HubSpot data arrive, pseudonymised and walled off.

    Starts a PostgreSQL and a HubSpot sandbox of its own on random loopback ports, runs the real
    `meltano run tap-hubspot-crm target-crmhub-postgres` for each organisation, changes data in
    the sandbox, runs again, and shows what came of it. Nothing is left when it ends.
    """
    signal.signal(signal.SIGTERM, _end)
    try:
        play_demo(Console(), then=_leave if once else _stay)
    except KeyboardInterrupt:
        sys.exit(130)


def _end(_number: int, _frame: FrameType | None) -> None:
    sys.exit(143)


def _leave(_stage: Stage) -> None:
    """The demo ends here."""


def _stay(stage: Stage) -> None:
    """Say how to connect, and wait for Ctrl-C."""
    first = stage.organisations[0]
    settings = {
        "DATABASE_URL": stage.urls.orchestrator,
        "CRMHUB_LOADER_DATABASE_URL": stage.urls.loader,
        "CRMHUB_STATE_DATABASE_URL": stage.urls.state,
        "CRMHUB_READER_DATABASE_URL": stage.urls.reader,
        "PII_HASH_SALT": stage.salt,
        "SECRETS_ENCRYPTION_KEY": stage.encryption_key,
        "HUBSPOT_API_URL": stage.api_url,
        "TAP_HUBSPOT_CRM_ACCESS_TOKEN": first.portal.access_token,
    }
    file = meltano_project_directory() / ".cache" / "demo.env"
    file.parent.mkdir(exist_ok=True)
    file.touch(mode=0o600)
    file.write_text("".join(f"export {k}={shlex.quote(v)}\n" for k, v in settings.items()))
    try:
        click.echo(
            f"""
The database and the sandbox stay up until Ctrl-C. In another terminal, in this folder:

  . .venv/bin/activate; . .cache/demo.env      settings of this demo, {first.name}'s token
  psql "$CRMHUB_READER_DATABASE_URL"           then: set crmhub.org_id = '{first.org_id}';
                                                     table crmhub.pipeline_summary;
  eval "$(crmhub env {first.connection_id})"
  meltano run tap-hubspot-crm target-crmhub-postgres
  crmhub connections list

The database's superuser: {stage.admin_url}
The sandbox:              {stage.api_url}/sandbox/help
"""
        )
        signal.pause()
    finally:
        file.unlink(missing_ok=True)
