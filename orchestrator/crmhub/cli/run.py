"""`crmhub run`."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

import click

from crmhub.cli.web import say_where, web_options
from crmhub.cli.worker import working_options
from crmhub.logs import configure_logging
from crmhub.settings import (
    WebUrls,
    data_directory,
    database_url,
    keyring,
    pii_hash_salt,
    prepared_embedded_database,
    required_database_urls,
)
from crmhub.web.serving import listen, serving_in_a_thread
from crmhub.web.settings import web_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmhub.settings import DatabaseUrls


@click.command("run")
@working_options
@web_options(prefix="web-")
@click.option("--without-web", is_flag=True, help="Serve no Status Center and no internal API.")
def run(*, web_host: str, web_port: int, without_web: bool, **options: Any) -> None:  # noqa: ANN401 - click's own
    """Run everything a small installation needs, in one process: worker and Status Center.

    Without DATABASE_URL it brings a PostgreSQL along, with its data under your data directory;
    other commands find it while it runs.

    \b
    export SECRETS_ENCRYPTION_KEY="$(crmhub keys generate)" PII_HASH_SALT=… CRMHUB_SIGNING_KEY=…
    crmhub run
    """
    # The engine takes a third of a second to load, which is not for every command to wait.
    from crmhub.engine.working import work  # noqa: PLC0415 - as said above

    configure_logging()
    # Said before a server is started for nothing.
    pii_hash_salt(os.environ)
    keyring(os.environ)
    if not without_web:
        nowhere = WebUrls(orchestrator="", reader="")
        web_settings(os.environ, nowhere, host=web_host, port=web_port)
    with _databases() as urls, contextlib.ExitStack() as beside:
        if not without_web:
            beside.enter_context(_web(urls, host=web_host, port=web_port))
        work(urls, **options)


@contextlib.contextmanager
def _web(urls: DatabaseUrls, *, host: str, port: int) -> Iterator[None]:
    web_urls = WebUrls(orchestrator=urls.orchestrator, reader=urls.reader)
    with listen(host, port) as listening:
        port = listening.getsockname()[1]
        settings = web_settings(os.environ, web_urls, host=host, port=port)
        with serving_in_a_thread(settings, listening):
            say_where(settings, host=host, port=port)
            yield


@contextlib.contextmanager
def _databases() -> Iterator[DatabaseUrls]:
    if database_url(os.environ) is not None:
        yield required_database_urls(os.environ)
        return
    with prepared_embedded_database(data_directory(os.environ)) as urls:
        yield urls
