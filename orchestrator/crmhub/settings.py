"""The settings of the orchestrator, all from the environment."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crmhub.database import check_database_url
from crmhub.embedded_postgres import embedded_postgres
from crmhub.errors import InvalidSettingsError
from crmhub.migrate import migrate
from crmhub.oauth.access_tokens import AccessTokens
from crmhub.oauth.asking import PATIENCE_SECONDS, HubSpotAsker
from crmhub.oauth.token_endpoint import TokenEndpoint
from crmhub.roles import LOGIN_SETTINGS, create_logins
from crmhub.served_urls import read_served_urls, served_urls
from crmhub.vault.keyring import Keyring, read_keyring
from crmhub.vault.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: HKDF wants key material with some strength; shorter salts are refused.
SALT_BYTES = 16
#: What a clock, a pool or a port could take; as `config` of a connection has it.
_WHOLE_NUMBER = re.compile(r"[0-9]{1,12}")


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


@dataclass(frozen=True, kw_only=True)
class WebUrls:
    """The two logins of the web process; each address holds a password."""

    orchestrator: str
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
    """DATABASE_URL, or the embedded PostgreSQL that a `crmhub run` serves just now.

    Raises InvalidSettingsError when it is malformed, or there is neither.
    """
    url = database_url(environment)
    if url is not None:
        return url
    served = read_served_urls(data_directory(environment))
    if served is None:
        raise InvalidSettingsError(
            "DATABASE_URL is missing: it must be an address as "
            "postgresql://user:password@host:5432/database; without one, `crmhub run` serves the "
            "embedded PostgreSQL"
        )
    return served["orchestrator"]


def hubspot_api_url(environment: Mapping[str, str]) -> str | None:
    """HUBSPOT_API_URL, or None for HubSpot's own.

    Raises InvalidSettingsError, also for HTTP to elsewhere: tokens would travel in the open.
    """
    url = environment.get("HUBSPOT_API_URL")
    if not url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))
    if not is_safe or not parts.hostname:
        raise InvalidSettingsError(
            "HUBSPOT_API_URL must be an address as https://api.hubapi.com, because tokens travel "
            "by it; http:// is for this machine alone"
        )
    return url


def is_loopback(host: str | None) -> bool:
    """Whether a host's name or address is this machine's own."""
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def keyring(environment: Mapping[str, str]) -> Keyring:
    """The keys of SECRETS_ENCRYPTION_KEY. Raises InvalidSettingsError."""
    return read_keyring(environment.get("SECRETS_ENCRYPTION_KEY", ""))


def hubspot_asker(
    environment: Mapping[str, str], *, patience_seconds: float = PATIENCE_SECONDS
) -> HubSpotAsker:
    """Who asks HubSpot, at HUBSPOT_API_URL. Raises InvalidSettingsError."""
    return HubSpotAsker(hubspot_api_url(environment), patience_seconds=patience_seconds)


def token_endpoint(
    environment: Mapping[str, str], *, patience_seconds: float = PATIENCE_SECONDS
) -> TokenEndpoint | None:
    """HubSpot's token endpoint for the app of HUBSPOT_CLIENT_ID, None without an app.

    After `patience_seconds` nothing is tried again. Raises InvalidSettingsError for half an app.
    """
    client_id = environment.get("HUBSPOT_CLIENT_ID", "")
    client_secret = environment.get("HUBSPOT_CLIENT_SECRET", "")
    if not client_id and not client_secret:
        return None
    if not client_id or not client_secret:
        missing = "HUBSPOT_CLIENT_SECRET" if client_id else "HUBSPOT_CLIENT_ID"
        raise InvalidSettingsError(
            f"{missing} is missing: it must be that of the app which HubSpot's developer "
            "settings show, and comes with the other one of the two"
        )
    return TokenEndpoint(
        hubspot_asker(environment, patience_seconds=patience_seconds),
        client_id=client_id,
        client_secret=Secret(client_secret),
    )


def access_tokens(environment: Mapping[str, str], database_url: str) -> AccessTokens:
    """The access tokens of all connections of a database, by the orchestrator's address.

    Raises InvalidSettingsError.
    """
    return AccessTokens(
        database_url=database_url,
        keyring=keyring(environment),
        endpoint=token_endpoint(environment),
    )


def sync_interval_seconds(environment: Mapping[str, str]) -> float:
    """HUBSPOT_SYNC_INTERVAL_MS in seconds; an hour by default. Raises InvalidSettingsError."""
    milliseconds = whole_number(
        "HUBSPOT_SYNC_INTERVAL_MS",
        environment.get("HUBSPOT_SYNC_INTERVAL_MS"),
        default=3_600_000,
        least=60_000,
    )
    return milliseconds / 1000


def worker_concurrency(environment: Mapping[str, str]) -> int:
    """CRMHUB_WORKER_CONCURRENCY: runs of one worker at once. Raises InvalidSettingsError."""
    return whole_number(
        "CRMHUB_WORKER_CONCURRENCY",
        environment.get("CRMHUB_WORKER_CONCURRENCY"),
        default=4,
        least=1,
    )


def runs_per_portal(environment: Mapping[str, str]) -> int:
    """CRMHUB_RUNS_PER_PORTAL: runs of one portal at once. Raises InvalidSettingsError."""
    return whole_number(
        "CRMHUB_RUNS_PER_PORTAL", environment.get("CRMHUB_RUNS_PER_PORTAL"), default=1, least=1
    )


def runs_of_all_workers(environment: Mapping[str, str]) -> int | None:
    """CRMHUB_MAX_RUNS: runs of all workers at once; None for no limit but their own.

    Raises InvalidSettingsError.
    """
    return (
        whole_number("CRMHUB_MAX_RUNS", environment.get("CRMHUB_MAX_RUNS"), default=0, least=0)
        or None
    )


def lease_seconds(environment: Mapping[str, str]) -> int:
    """CRMHUB_LEASE_SECONDS: how long a silent worker keeps its runs.

    Raises InvalidSettingsError.
    """
    return whole_number(
        "CRMHUB_LEASE_SECONDS", environment.get("CRMHUB_LEASE_SECONDS"), default=120, least=6
    )


def whole_number(setting: str, text: str | None, *, default: int, least: int) -> int:
    """The number of a setting. Raises InvalidSettingsError naming it."""
    if not text:
        return default
    if not _WHOLE_NUMBER.fullmatch(text) or int(text) < least:
        raise InvalidSettingsError(f"{setting} must be a whole number of at least {least}")
    return int(text)


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
    """The addresses of all roles: the operator's own, or of the PostgreSQL that is served.

    Raises InvalidSettingsError naming the first that is missing or malformed.
    """
    return DatabaseUrls(**_required_urls(environment, list(LOGIN_SETTINGS)))


def required_web_urls(environment: Mapping[str, str]) -> WebUrls:
    """The addresses of the web process's roles; it needs no other. Raises InvalidSettingsError."""
    return WebUrls(**_required_urls(environment, ["crmhub_orchestrator", "crmhub_reader"]))


def _required_urls(environment: Mapping[str, str], roles: Sequence[str]) -> dict[str, str]:
    """Role, without its prefix, to address."""
    if not environment.get("DATABASE_URL"):
        served = read_served_urls(data_directory(environment))
        if served is not None:
            return {
                role.removeprefix("crmhub_"): served[role.removeprefix("crmhub_")] for role in roles
            }
    urls: dict[str, str] = {}
    for role, setting in LOGIN_SETTINGS.items():
        if role not in roles:
            continue
        url = environment.get(setting)
        if not url:
            raise InvalidSettingsError(
                f"{setting} is missing: it names a login of {role}; "
                "`crmhub migrate` and `crmhub roles` make the logins"
            )
        urls[role.removeprefix("crmhub_")] = check_database_url(url, setting=setting)
    return urls


@contextlib.contextmanager
def prepared_embedded_database(directory: Path | None) -> Iterator[DatabaseUrls]:
    """The embedded PostgreSQL, migrated, with logins; temporary where `directory` is None.

    Raises what `embedded_postgres` and `migrate` raise.
    """
    with embedded_postgres(directory) as server:
        migrate(server.url)
        logins = create_logins(server.url)
        urls = {role.removeprefix("crmhub_"): url for role, url in logins.items()}
        with contextlib.ExitStack() as served:
            if directory is not None:
                served.enter_context(served_urls(directory, urls))
            yield DatabaseUrls(**urls)
