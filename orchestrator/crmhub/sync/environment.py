"""What a run of `meltano run tap-hubspot-crm target-crmhub-postgres` finds in its environment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from crmhub.errors import InvalidSettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from crmhub.connections import Connection
    from crmhub.settings import DatabaseUrls

#: What a run may inherit: where programs and certificates are, and how to speak.
INHERITED = (
    "PATH",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
)

#: Keys of `source_connections.config` that are settings of the tap, and of the target.
_TAP_CONFIG = (
    "start_date",
    "reconcile_interval_hours",
    "archived_interval_minutes",
    "associations_interval_minutes",
    "calls_per_10_seconds",
)
_TARGET_CONFIG = ("default_phone_region", "kept_properties", "deal_names", "owner_names")
_TAP = "TAP_HUBSPOT_CRM_"
_TARGET = "TARGET_CRMHUB_POSTGRES_"

#: Variables of one connection, not of the installation: all that `connection_environment` sets, and
#: what a person may allow for one run.
OF_ONE_CONNECTION = (
    "CRMHUB_LEASE_TOKEN",
    "MELTANO_RUN_STATE_ID_SUFFIX",
    *(
        f"{_TARGET}{name.upper()}"
        for name in (
            *("org_id", "connection_id", "allow_mass_delete", "allow_unknown_account"),
            *_TARGET_CONFIG,
        )
    ),
    *(
        f"{_TAP}{name.upper()}"
        for name in ("expected_account_id", "properties", "api_url", *_TAP_CONFIG)
    ),
)


def inherited_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The part of the worker's environment that a run may see."""
    return {name: environment[name] for name in INHERITED if name in environment}


def fetched_properties(connection: Connection) -> dict[str, list[str]]:
    """Stream → properties to ask for: what is stored as this organisation chose it, no more.

    Raises InvalidSettingsError where its choice cannot be kept, as with a personal property.
    """
    # With it comes the Singer SDK: a quarter of a second that only some commands have to wait.
    from target_crmhub_postgres.mapping import (  # noqa: PLC0415 - as said above
        InvalidSettingsError as MappingRefusedError,
    )
    from target_crmhub_postgres.mapping import load_mapping  # noqa: PLC0415 - as said above

    try:
        mapping = load_mapping(connection.provider).with_choices(
            kept_properties=connection.config.get("kept_properties"),
            choices={key: connection.config.get(key, "") for key in ("deal_names", "owner_names")},
        )
    except MappingRefusedError as error:
        raise InvalidSettingsError(f"connection {connection.id}: config.{error}") from None
    return mapping.fetched_properties()


def connection_environment(
    connection: Connection,
    *,
    urls: DatabaseUrls,
    salt: str,
    lease_token: UUID | None,
    api_url: str | None,
    allow_mass_delete: bool = False,
) -> dict[str, str]:
    """The variables by which meltano.yml and the plugins act for one connection."""
    variables = {
        "CRMHUB_STATE_DATABASE_URL": urls.state,
        "CRMHUB_LOADER_DATABASE_URL": urls.loader,
        "PII_HASH_SALT": salt,
        "MELTANO_RUN_STATE_ID_SUFFIX": str(connection.id),
        f"{_TARGET}ORG_ID": str(connection.org_id),
        f"{_TARGET}CONNECTION_ID": str(connection.id),
    }
    if lease_token is not None:
        variables["CRMHUB_LEASE_TOKEN"] = str(lease_token)
    if allow_mass_delete:
        variables[f"{_TARGET}ALLOW_MASS_DELETE"] = "true"
    for prefix, settings in (
        (_TAP, tap_settings(connection, api_url=api_url)),
        (_TARGET, _chosen(connection, _TARGET_CONFIG)),
    ):
        for name, value in settings.items():
            variables[prefix + name.upper()] = (
                value if isinstance(value, str) else json.dumps(value)
            )
    return variables


def tap_settings(connection: Connection, *, api_url: str | None) -> dict[str, Any]:
    """The tap's settings for a connection, all but its token.

    Raises InvalidSettingsError as `fetched_properties`.
    """
    settings = _chosen(connection, _TAP_CONFIG)
    settings["properties"] = fetched_properties(connection)
    if connection.external_account_id is not None:
        settings["expected_account_id"] = connection.external_account_id
    if api_url:
        settings["api_url"] = api_url
    return settings


def _chosen(connection: Connection, names: Iterable[str]) -> dict[str, Any]:
    return {name: connection.config[name] for name in names if name in connection.config}


def meltano_environment(private_directory: str) -> dict[str, str]:
    """What keeps a run to its own directory, quiet and quick.

    Runs that share a system directory read each other's state (two runs of one tap write the
    same `state.json`).
    """
    return {
        "HOME": private_directory,
        "XDG_CACHE_HOME": f"{private_directory}/cache",
        "XDG_CONFIG_HOME": f"{private_directory}/config",
        "XDG_DATA_HOME": f"{private_directory}/data",
        "XDG_STATE_HOME": f"{private_directory}/state",
        "MELTANO_SYS_DIR_ROOT": f"{private_directory}/meltano",
        "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
        "MELTANO_CLI_DISABLE_VERSION_CHECK": "1",
        "NO_COLOR": "1",
        "PYTHONUNBUFFERED": "1",
    }
