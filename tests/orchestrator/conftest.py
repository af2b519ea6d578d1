"""Sessions for the tests of the orchestrator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from databases import TestDatabase


@pytest.fixture
def orchestrator(database: TestDatabase) -> Iterator[psycopg.Connection]:
    """A session of crmhub_orchestrator."""
    with psycopg.connect(database.url_as("crmhub_orchestrator"), autocommit=True) as connection:
        yield connection
