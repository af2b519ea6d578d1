"""One web application for all tests of a module; each test has organisations of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from orchestrator.web.served import ServedWeb, served_web

from hubspot_sandbox.server import RunningSandbox, running_sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from databases import TestDatabase, TestServer


@pytest.fixture(scope="module")
def web_database(database_server: TestServer) -> Iterator[TestDatabase]:
    """The database of the module's application."""
    with database_server.clone() as clone:
        yield clone


@pytest.fixture(scope="module")
def web_sandbox() -> Iterator[RunningSandbox]:
    """The HubSpot of the module's application, without portals."""
    with running_sandbox() as running:
        yield running


@pytest.fixture(scope="module")
def web(web_database: TestDatabase, web_sandbox: RunningSandbox) -> Iterator[ServedWeb]:
    """The application over HTTP."""
    with served_web(web_database, web_sandbox) as served:
        yield served
