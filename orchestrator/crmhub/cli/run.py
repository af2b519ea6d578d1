"""`crmhub run`."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

import click

from crmhub.cli.worker import work, working_options
from crmhub.logs import configure_logging
from crmhub.settings import (
    data_directory,
    database_url,
    keyring,
    pii_hash_salt,
    prepared_embedded_database,
    required_database_urls,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmhub.settings import DatabaseUrls


@click.command("run")
@working_options
def run(**options: Any) -> None:  # noqa: ANN401 - click's own
    """Run everything a small installation needs, in one process.

    Without DATABASE_URL it brings a PostgreSQL along, with its data under your data directory;
    other commands find it while it runs.

    \b
    export SECRETS_ENCRYPTION_KEY="$(crmhub keys generate)" PII_HASH_SALT=…
    crmhub run
    """
    configure_logging()
    # Said before a server is started for nothing.
    pii_hash_salt(os.environ)
    keyring(os.environ)
    with _databases() as urls:
        work(urls, **options)


@contextlib.contextmanager
def _databases() -> Iterator[DatabaseUrls]:
    if database_url(os.environ) is not None:
        yield required_database_urls(os.environ)
        return
    with prepared_embedded_database(data_directory(os.environ)) as urls:
        yield urls
