"""The settings of the orchestrator, all from the environment."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crmhub.database import check_database_url
from crmhub.embedded_postgres import embedded_postgres
from crmhub.errors import InvalidSettingsError
from crmhub.migrate import migrate
from crmhub.roles import LOGIN_SETTINGS, create_logins

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: HKDF wants key material with some strength; shorter salts are refused.
SALT_BYTES = 16


@dataclass(frozen=True, kw_only=True)
class DatabaseUrls:
    """One address per role; each holds a password."""

    #: Connections, runs, secrets: DATABASE_URL.
    orchestrator: str
    #: Canonical rows, for the target: CRMHUB_LOADER_DATABASE_URL.
    loader: str
    #: State of a connection, for Meltano: CRMHUB_STATE_DATABASE_URL.
    state: str
    #: Canonical rows, to read: CRMHUB_READER_DATABASE_URL.
    reader: str


def pii_hash_salt(environment: Mapping[str, str]) -> str:
    """PII_HASH_SALT exactly as given. Raises InvalidSettingsError."""
    salt = environment.get("PII_HASH_SALT", "")
    if len(salt.encode()) < SALT_BYTES:
        raise InvalidSettingsError(
            f"PII_HASH_SALT must be a secret of at least {SALT_BYTES} bytes, the same for ever: "
            "make one with `openssl rand -base64 32` and keep a copy"
        )
    return salt


def database_url(environment: Mapping[str, str]) -> str | None:
    """DATABASE_URL, or None where the embedded PostgreSQL serves."""
    url = environment.get("DATABASE_URL")
    return check_database_url(url, setting="DATABASE_URL") if url else None


def required_database_url(environment: Mapping[str, str]) -> str:
    """DATABASE_URL, for a command that acts on a database others use too.

    Raises InvalidSettingsError when it is missing or malformed.
    """
    url = database_url(environment)
    if url is None:
        raise InvalidSettingsError(
            "DATABASE_URL is missing: it must be an address as "
            "postgresql://user:password@host:5432/database"
        )
    return url


def hubspot_api_url(environment: Mapping[str, str]) -> str | None:
    """HUBSPOT_API_URL, or None for HubSpot's own. Raises InvalidSettingsError."""
    url = environment.get("HUBSPOT_API_URL")
    if url and not url.startswith(("https://", "http://")):
        raise InvalidSettingsError("HUBSPOT_API_URL must be an address as https://api.hubapi.com")
    return url or None


def data_directory(environment: Mapping[str, str]) -> Path:
    """Where the embedded PostgreSQL keeps its data.

    XDG base directory specification; root's home is closed to the server's account, so for
    root it is where Debian keeps such things.
    """
    if environment.get("XDG_DATA_HOME"):
        return Path(environment["XDG_DATA_HOME"]) / "crmhub" / "postgres"
    if os.geteuid() == 0:
        return Path("/var/lib/crmhub/postgres")
    return Path.home() / ".local" / "share" / "crmhub" / "postgres"


def required_database_urls(environment: Mapping[str, str]) -> DatabaseUrls:
    """The addresses of all roles, of a server of the operator's own.

    Raises InvalidSettingsError naming the first that is missing or malformed.
    """
    urls: dict[str, str] = {}
    for role, setting in LOGIN_SETTINGS.items():
        url = environment.get(setting)
        if not url:
            raise InvalidSettingsError(
                f"{setting} is missing: it names a login of {role}; "
                "`crmhub migrate` and `crmhub roles` make the logins"
            )
        urls[role.removeprefix("crmhub_")] = check_database_url(url, setting=setting)
    return DatabaseUrls(**urls)


@contextlib.contextmanager
def prepared_embedded_database(directory: Path | None) -> Iterator[DatabaseUrls]:
    """The embedded PostgreSQL, migrated, with logins; temporary where `directory` is None.

    Raises what `embedded_postgres` and `migrate` raise.
    """
    with embedded_postgres(directory) as server:
        migrate(server.url)
        logins = create_logins(server.url)
        yield DatabaseUrls(**{role.removeprefix("crmhub_"): url for role, url in logins.items()})
