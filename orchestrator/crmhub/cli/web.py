"""`crmhub web`."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

import click

from crmhub.logs import configure_logging
from crmhub.settings import required_web_urls
from crmhub.web.serving import listen, serve
from crmhub.web.settings import web_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmhub.web.settings import WebSettings

logger = logging.getLogger("CrmHubWeb")


def web_options(*, prefix: str = "") -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The options of every command that serves the Status Center."""

    def with_options(command: Callable[..., None]) -> Callable[..., None]:
        host = click.option(
            f"--{prefix}host",
            "web_host",
            default="127.0.0.1",
            show_default=True,
            help="The address to listen at; for others than this machine behind HTTPS only.",
        )
        port = click.option(
            f"--{prefix}port",
            "web_port",
            type=click.IntRange(min=0, max=65535),
            default=8080,
            show_default=True,
            help="The port to listen at; 0 for a free one.",
        )
        return host(port(command))

    return with_options


@click.command("web")
@web_options()
def web(*, web_host: str, web_port: int) -> None:
    """Serve the Status Center and the internal API until SIGTERM.

    Start as many as you like behind one address: they share the database and keep nothing.

    \b
    export CRMHUB_SIGNING_KEY="$(openssl rand -base64 32)" CRMHUB_BASE_URL=https://…
    crmhub web
    """
    configure_logging()
    urls = required_web_urls(os.environ)
    # Said before a port is taken for nothing.
    web_settings(os.environ, urls, host=web_host, port=web_port)
    with listen(web_host, web_port) as listening:
        port = listening.getsockname()[1]
        settings = web_settings(os.environ, urls, host=web_host, port=port)
        say_where(settings, host=web_host, port=port)
        serve(settings, listening)


def say_where(settings: WebSettings, *, host: str, port: int) -> None:
    """Tell the operator where the Status Center is."""
    logger.info("the Status Center is at %s, served at %s port %d", settings.base_url, host, port)
