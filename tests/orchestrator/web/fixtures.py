"""One web application for all tests of a process; each test has organisations of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from orchestrator.web.org_rows import OrgRows
from orchestrator.web.served import ServedWeb, served_web

from hubspot_sandbox.server import RunningSandbox, running_sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from databases import TestDatabase, TestServer


@pytest.fixture(scope="session")
def web_database(database_server: TestServer) -> Iterator[TestDatabase]:
    """The database of the application."""
    with database_server.clone() as clone:
        yield clone


@pytest.fixture(scope="session")
def web_sandbox() -> Iterator[RunningSandbox]:
    """The HubSpot of the application, without portals."""
    with running_sandbox() as running:
        yield running


@pytest.fixture(scope="session")
def web(web_database: TestDatabase, web_sandbox: RunningSandbox) -> Iterator[ServedWeb]:
    """The application over HTTP."""
    with served_web(web_database, web_sandbox) as served:
        yield served


@pytest.fixture(scope="session")
def row_maker(web_database: TestDatabase) -> Iterator[psycopg.Connection]:
    """A session of the superuser's, in which tests make their rows."""
    with psycopg.connect(web_database.url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def org(web: ServedWeb, row_maker: psycopg.Connection) -> OrgRows:
    """An organisation with the Status Center and without connections."""
    return OrgRows(connection=row_maker, org_id=web.new_org())
