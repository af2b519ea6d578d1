"""One PostgreSQL for the whole test run, one template database, a clone of it for each test."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from databases import TestServer
from prepared_cluster import CHEAP, FOLDER
from psycopg import sql
from tap.model.summary import write_counts
from warm_programs import WarmPrograms

from crmhub.embedded_postgres import embedded_postgres
from crmhub.migrate import migrate
from crmhub.roles import create_logins

if TYPE_CHECKING:
    from collections.abc import Iterator

    from databases import TestDatabase

#: Where the controller leaves the server's addresses for the workers.
_SERVER = "CRMHUB_TEST_SERVER"
_SETTINGS = {**CHEAP, "max_connections": "300", "log_statement": "none"}
#: Where Linux keeps files in memory. A clone of a database is some nine hundred files: making and
#: dropping one there costs a quarter of what it does on a disk.
_MEMORY = Path("/dev/shm")  # noqa: S108 - folders in it get names nobody can foretell
#: What has to be free there, bytes: containers often have next to nothing.
_ROOM = 4 * 2**30
_resources = contextlib.ExitStack()


def _roomy_memory() -> Path | None:
    """The folder for files in memory where there is one with room, or None."""
    if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM:
        return _MEMORY
    return None


def pytest_configure(config: pytest.Config) -> None:
    """Start the server once, in the process that starts the workers."""
    if _SERVER in os.environ or config.option.collectonly:
        return
    # Of the account that embedded servers run as, too.
    os.environ[FOLDER] = _resources.enter_context(tempfile.TemporaryDirectory())
    Path(os.environ[FOLDER]).chmod(0o755)
    url = os.environ.get("DATABASE_URL")
    if not url:
        server = _resources.enter_context(
            embedded_postgres(within=_roomy_memory(), settings=_SETTINGS)
        )
        url = server.url
        with psycopg.connect(url, autocommit=True) as connection:
            # Hashed again, with as few rounds as those of the logins.
            connection.execute(
                sql.SQL("alter role postgres password {}").format(sql.Literal(server.password))
            )
    template = f"crmhub_template_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'create database "{template}"')
    test_server = TestServer(url=url, template=template, logins={})
    _resources.callback(test_server.drop, template)
    migrate(test_server.url_of(template))
    os.environ[_SERVER] = json.dumps(
        {"url": url, "template": template, "logins": create_logins(test_server.url_of(template))}
    )


def pytest_unconfigure() -> None:
    """Stop what was started here; a worker has started nothing."""
    _resources.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end what the histories of the tap counted."""
    write_counts(terminalreporter)


@pytest.fixture(scope="session")
def database_server() -> TestServer:
    """The server of this test run, with its template database and its logins."""
    return TestServer(**json.loads(os.environ[_SERVER]))


@pytest.fixture
def database(database_server: TestServer) -> Iterator[TestDatabase]:
    """A migrated database of the test's own."""
    with database_server.clone() as clone:
        yield clone


@pytest.fixture
def empty_database(database_server: TestServer) -> Iterator[TestDatabase]:
    """A database without a single table of ours."""
    with database_server.empty() as empty:
        yield empty


@pytest.fixture(scope="session")
def python_environment() -> dict[str, str]:
    """What a program of ours needs: our programs on PATH, and no settings of the shell's."""
    programs = Path(sys.executable).parent
    return {
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}",
        "HOME": os.environ.get("HOME", "/"),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
    }


@pytest.fixture(scope="session")
def programs() -> Iterator[WarmPrograms]:
    """Programs of ours, loaded once for all tests of this process."""
    with contextlib.closing(WarmPrograms()) as warm:
        yield warm
