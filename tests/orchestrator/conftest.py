"""The command line and a session, for the tests of the orchestrator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from databases import TestDatabase
    from orchestrator.terminal import Crmhub
    from warm_programs import WarmPrograms


@pytest.fixture
def orchestrator(database: TestDatabase) -> Iterator[psycopg.Connection]:
    """A session of crmhub_orchestrator."""
    with psycopg.connect(database.url_as("crmhub_orchestrator"), autocommit=True) as connection:
        yield connection


@pytest.fixture
def crmhub(programs: WarmPrograms, python_environment: dict[str, str]) -> Crmhub:
    """`crmhub` in a process of its own, without the settings of the shell."""

    def run(*arguments: str, typed: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
        return programs.run(
            "crmhub",
            *arguments,
            environment=python_environment | settings,
            standard_input=typed.encode(),
        )

    return run
