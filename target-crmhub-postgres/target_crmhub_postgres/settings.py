"""The target's settings: what each is, and what it must be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from singer_sdk import typing as th

from target_crmhub_postgres.errors import InvalidSettingsError
from target_crmhub_postgres.mapping import providers
from target_crmhub_postgres.pii import SHORTEST_SALT
from target_crmhub_postgres.setting_values import (
    MOST_ROWS,
    PROPERTY_NAME,
    one_of,
    read_connection_string,
    read_names_by_stream,
    read_region,
    read_rows,
    read_salt,
    read_truth,
    read_uuid,
)

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable, Mapping

DEFAULT_BATCH_SIZE_ROWS: Final = 5_000

#: For the SDK's --about and for the README.
CONFIG_JSONSCHEMA: Final[dict[str, Any]] = th.PropertiesList(
    th.Property(
        "database_url",
        th.StringType,
        required=True,
        secret=True,
        title="Database",
        description="PostgreSQL connection string of a login of role `crmhub_loader`.",
    ),
    th.Property(
        "org_id",
        th.StringType,
        required=True,
        title="Organisation",
        description="UUID of the organisation whose rows are written.",
    ),
    th.Property(
        "connection_id",
        th.StringType,
        required=True,
        title="Connection",
        description="UUID of the organisation's connection that the records come from.",
    ),
    th.Property(
        "pii_hash_salt",
        th.StringType,
        required=True,
        secret=True,
        title="Salt of the pseudonyms",
        description=f"Secret of at least {SHORTEST_SALT} bytes; the same for ever.",
    ),
    th.Property(
        "provider",
        th.StringType,
        default="hubspot",
        title="Provider",
        description="The CRM that the records come from: the name of a mapping file.",
    ),
    th.Property(
        "default_phone_region",
        th.StringType,
        title="Country of phone numbers",
        description="Two capital letters, as `DE`, for phone numbers without a country code. "
        "Without it such a number is stored as null.",
    ),
    th.Property(
        "kept_properties",
        th.ObjectType(additional_properties=th.ArrayType(th.StringType)),
        title="Further properties",
        description="Stream → names of properties added to those that are stored. "
        "Personal properties are refused.",
    ),
    th.Property(
        "deal_names",
        th.StringType,
        allowed_values=["keep", "drop"],
        default="keep",
        title="Deal names",
        description="Whether names of deals are stored.",
    ),
    th.Property(
        "owner_names",
        th.StringType,
        allowed_values=["keep", "drop"],
        default="drop",
        title="Owner names",
        description="Whether names of owners are stored.",
    ),
    th.Property(
        "batch_size_rows",
        th.IntegerType,
        default=DEFAULT_BATCH_SIZE_ROWS,
        title="Batch size",
        description="Records of a stream that are written in one transaction.",
    ),
    th.Property(
        "lease_token",
        th.StringType,
        secret=True,
        title="Lease",
        description="UUID of the connection's lease; once it is lost nothing more is written.",
    ),
    th.Property(
        "allow_mass_delete",
        th.BooleanType,
        default=False,
        title="Mass deletion",
        description="Let a full pass delete more than 30 % and more than 100 rows of a stream.",
    ),
    th.Property(
        "allow_unknown_account",
        th.BooleanType,
        default=False,
        title="Unknown account",
        description="Load a connection of which it is not known which account of the CRM it is of.",
    ),
).to_dict()


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one load, checked."""

    database_url: str
    org_id: uuid.UUID
    connection_id: uuid.UUID
    pii_hash_salt: str
    provider: str
    #: ISO 3166 alpha-2.
    default_phone_region: str | None
    #: Stream → names of properties.
    kept_properties: Mapping[str, list[str]]
    deal_names: str
    owner_names: str
    batch_size_rows: int
    lease_token: uuid.UUID | None
    allow_mass_delete: bool
    allow_unknown_account: bool

    @property
    def choices(self) -> dict[str, str]:
        """The settings that keep or drop a column."""
        return {"deal_names": self.deal_names, "owner_names": self.owner_names}


def read_settings(config: Mapping[str, Any], known_providers: list[str] | None = None) -> Settings:
    """Return the settings, or raise InvalidSettingsError that names every bad one, never a value.

    Args:
        config: Names and values; a value of another type may come as text, from the environment.
        known_providers: Names of mapping files; by default those of this package.
    """
    known = known_providers or providers()
    reader = _Reader(config)
    values: dict[str, Any] = {
        "database_url": reader.required(
            "database_url", read_connection_string, "a PostgreSQL connection string"
        ),
        "org_id": reader.required("org_id", read_uuid, "a UUID"),
        "connection_id": reader.required("connection_id", read_uuid, "a UUID"),
        "pii_hash_salt": reader.required(
            "pii_hash_salt", read_salt, f"text of at least {SHORTEST_SALT} bytes"
        ),
        "provider": reader.optional(
            "provider", one_of(*known), f"one of {', '.join(known)}", "hubspot"
        ),
        "default_phone_region": reader.optional(
            "default_phone_region", read_region, "two capital letters of a country, as DE", None
        ),
        "kept_properties": reader.optional(
            "kept_properties",
            read_names_by_stream,
            "an object: stream → list of property names",
            {},
        ),
        "deal_names": reader.optional("deal_names", one_of("keep", "drop"), "keep or drop", "keep"),
        "owner_names": reader.optional(
            "owner_names", one_of("keep", "drop"), "keep or drop", "drop"
        ),
        "batch_size_rows": reader.optional(
            "batch_size_rows",
            read_rows,
            f"a whole number from 1 to {MOST_ROWS}",
            DEFAULT_BATCH_SIZE_ROWS,
        ),
        "lease_token": reader.optional("lease_token", read_uuid, "a UUID", None),
        "allow_mass_delete": reader.optional(
            "allow_mass_delete", read_truth, "true or false", False
        ),
        "allow_unknown_account": reader.optional(
            "allow_unknown_account", read_truth, "true or false", False
        ),
    }
    unknown = sorted(
        name if PROPERTY_NAME.fullmatch(name) else "a name that is not shown"
        for name in config
        if name not in values
    )
    reader.problems += [f"{name} is no setting of this target" for name in unknown]
    if reader.problems:
        raise InvalidSettingsError("; ".join(reader.problems))
    return Settings(**values)


def from_environment(environment: Mapping[str, str], prefix: str) -> dict[str, str]:
    """Return the settings that the environment holds, as text."""
    names = CONFIG_JSONSCHEMA["properties"]
    return {
        name: environment[prefix + name.upper()]
        for name in names
        if prefix + name.upper() in environment
    }


class _Reader:
    """Reads settings and collects what is wrong with them."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = config
        self.problems: list[str] = []

    def required(self, name: str, read: Callable[[object], object], due: str) -> object:
        """Return the setting; a problem is noted if it is missing or malformed."""
        if self._is_absent(name):
            self.problems.append(f"{name} is missing: it must be {due}")
            return None
        return self.optional(name, read, due, None)

    def optional(
        self, name: str, read: Callable[[object], object], due: str, default: object
    ) -> object:
        """Return the setting or its default; a problem is noted if it is malformed."""
        if self._is_absent(name):
            return default
        value = read(self._config[name])
        if value is None:
            self.problems.append(f"{name} must be {due}")
        return value

    def _is_absent(self, name: str) -> bool:
        value = self._config.get(name)
        return value is None or (value == "" and name != "pii_hash_salt")
