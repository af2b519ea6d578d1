"""`crmhub worker`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from crmhub.logs import configure_logging
from crmhub.settings import required_database_urls

if TYPE_CHECKING:
    from collections.abc import Callable


def working_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of every command that works off runs."""
    for option in (
        click.option(
            "--metrics-port",
            type=click.IntRange(min=1, max=65535),
            help="Serve metrics for Prometheus at this port; absent: do not.",
        ),
        click.option(
            "--metrics-host",
            default="127.0.0.1",
            show_default=True,
            help="The address that metrics are served at.",
        ),
        click.option(
            "--drain-seconds",
            type=click.FloatRange(min=0),
            default=20.0,
            show_default=True,
            help="What runs may still take after SIGTERM before they are ended.",
        ),
        click.option(
            "--concurrency",
            type=click.IntRange(min=1),
            help="Runs at once; absent: CRMHUB_WORKER_CONCURRENCY.",
        ),
    ):
        command = option(command)
    return command


@click.command("worker")
@working_options
def worker(**options: Any) -> None:  # noqa: ANN401 - click's own
    """Bring connections up to date as they come due, until SIGTERM.

    Start as many as you like, on as many machines as you like: they share the database, and a
    connection is run by one of them at a time. What one leaves behind, others take over.
    """
    # The engine takes a third of a second to load, which is not for every command to wait.
    from crmhub.engine.working import work  # noqa: PLC0415 - as said above

    configure_logging()
    work(required_database_urls(os.environ), **options)
