"""Which database a command acts on."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from crmhub.embedded_postgres import embedded_postgres
from crmhub.settings import data_directory, database_url

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def administered_database() -> Iterator[str]:
    """The address by which migrations and logins are made.

    DATABASE_URL where it is set, else the embedded PostgreSQL, which runs while the command does.
    """
    url = database_url(os.environ)
    if url is not None:
        yield url
        return
    with embedded_postgres(data_directory(os.environ)) as server:
        yield server.url
