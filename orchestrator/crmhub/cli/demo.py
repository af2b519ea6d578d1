"""`crmhub demo`."""

from __future__ import annotations

import logging
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from crmhub.cli.signin import sign_in_link
from crmhub.logs import configure_logging

if TYPE_CHECKING:
    from types import FrameType

    from crmhub.demo.stage import Stage


@click.command()
@click.option("--once", is_flag=True, help="End after the summary instead of staying up.")
def demo(*, once: bool) -> None:
    """Watch two organisations' HubSpot data arrive, pseudonymised and walled off.

    Starts a PostgreSQL and a HubSpot sandbox of its own on random loopback ports, runs the real
    `meltano run tap-hubspot-crm target-crmhub-postgres` for each organisation, changes data in
    the sandbox, runs again, and shows what came of it. Then it stays up: people go on working in
    the sandbox, a worker syncs, and the Status Center shows it. Nothing is left when it ends.
    """
    # The sandbox and the engine take half a second to load, which is not for every command to wait.
    from crmhub.demo.play import play_demo  # noqa: PLC0415 - as said above

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
    """Say where everything is, and work until Ctrl-C."""
    from crmhub.demo.staying import (  # noqa: PLC0415 - as `play_demo`
        demo_settings,
        settings_file,
        status_center,
    )
    from crmhub.engine.working import work  # noqa: PLC0415 - as `play_demo`

    configure_logging(level=logging.ERROR)
    settings = demo_settings(stage)
    with status_center(stage, settings) as address:
        settings["CRMHUB_BASE_URL"] = address
        with settings_file(settings, Path.cwd()):
            _say_where(stage, settings)
            # The worker is told as an operator's would be.
            os.environ.update(settings)
            work(stage.urls, concurrency=2, drain_seconds=0, metrics_port=None, metrics_host="")


def _say_where(stage: Stage, settings: dict[str, str]) -> None:
    first, second = stage.organisations[:2]
    click.echo(
        f"""
The Status Center, where syncs show as they happen. Each link signs in once, within ten minutes:

  {first.name}, as admin:
  {sign_in_link(settings, first.org_id, "admin")}
  {second.name}, as viewer (in another browser or a private window):
  {sign_in_link(settings, second.org_id, "viewer")}

Everything stays up until Ctrl-C. In another terminal, in this folder:

  . .venv/bin/activate; . .cache/demo.env      settings of this demo
  crmhub signin --org {first.org_id}    another link
  crmhub connections list
  psql "$CRMHUB_READER_DATABASE_URL"           then: set crmhub.org_id = '{first.org_id}';
                                                     table crmhub.pipeline_summary;
  eval "$(crmhub env {first.connection_id})"    its lease and its token
  meltano run tap-hubspot-crm target-crmhub-postgres
  crmhub env {first.connection_id} --release

The database's superuser: {stage.admin_url}
The sandbox:              {stage.api_url}/sandbox/help
"""
    )
