"""`crmhub` as an operator runs it: settings in the environment, lines out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import subprocess

    from databases import TestDatabase

SALT = "made-up-salt-of-a-test"
#: 32 bytes in base64, made up.
KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


class Crmhub(Protocol):
    """Run `crmhub` with settings beside its arguments, and something on standard input."""

    def __call__(
        self, *arguments: str, typed: str = "", **settings: str
    ) -> subprocess.CompletedProcess[str]: ...


def settings_of(database: TestDatabase) -> dict[str, str]:
    """The settings of an installation on the database."""
    return {
        "DATABASE_URL": database.url_as("crmhub_orchestrator"),
        "CRMHUB_LOADER_DATABASE_URL": database.url_as("crmhub_loader"),
        "CRMHUB_STATE_DATABASE_URL": database.url_as("crmhub_state"),
        "CRMHUB_READER_DATABASE_URL": database.url_as("crmhub_reader"),
        "PII_HASH_SALT": SALT,
        "SECRETS_ENCRYPTION_KEY": KEY,
    }


def said_in_one_line(done: subprocess.CompletedProcess[str], status: int) -> str:
    """The one line on standard error by which a command refuses."""
    assert done.returncode == status, done.stderr
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    return line
