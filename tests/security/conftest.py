"""One web application for the tests of a module that need one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from orchestrator.web.served import ServedWeb, served_web

from hubspot_sandbox.server import running_sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from databases import TestServer


@pytest.fixture(scope="module")
def web(database_server: TestServer) -> Iterator[ServedWeb]:
    """The application over HTTP, on a database of its own, beside a sandbox."""
    with (
        database_server.clone() as database,
        running_sandbox() as sandbox,
        served_web(database, sandbox) as served,
    ):
        yield served
