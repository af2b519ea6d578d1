"""The settings: their JSON Schema, and the typed value the rest of the tap works with."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator

from tap_hubspot_crm.account_id import read_account_id
from tap_hubspot_crm.api_url import HUBSPOT_URL, read_api_url
from tap_hubspot_crm.errors import InvalidSettingsError
from tap_hubspot_crm.object_types import OBJECT_TYPES, names_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jsonschema import ValidationError

API_VERSIONS = ("2026-09", "2026-03", "v3")

#: The greatest is beyond any use, and within what Python's times can be reckoned with.
_AMOUNT = {"type": "integer", "minimum": 0, "maximum": 1_000_000_000}
_NAMES = {"type": "array", "items": {"type": "string", "minLength": 1}}
_SECRET = {"type": "string", "minLength": 1, "secret": True, "writeOnly": True}

SETTINGS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "access_token": {
            **_SECRET,
            "title": "Access token",
            "description": "Token of a private app or service key, or a fresh OAuth access token.",
        },
        "access_token_file": {
            "type": "string",
            "minLength": 1,
            "title": "Access token file",
            "description": "File that holds an access token; read again when it changes and "
            "after HubSpot refuses the token.",
        },
        "client_id": {
            "type": "string",
            "minLength": 1,
            "title": "OAuth client id",
            "description": "Client id of the OAuth app, with client_secret and refresh_token.",
        },
        "client_secret": {
            **_SECRET,
            "title": "OAuth client secret",
            "description": "Client secret of the OAuth app.",
        },
        "refresh_token": {
            **_SECRET,
            "title": "OAuth refresh token",
            "description": "Refresh token of the connected HubSpot account.",
        },
        "api_url": {
            "type": "string",
            "default": HUBSPOT_URL,
            "title": "API address",
            "description": "Where HubSpot's API is served; another address only for tests.",
        },
        "api_version": {
            "type": "string",
            "enum": list(API_VERSIONS),
            "default": "2026-09",
            "title": "API version",
            "description": "HubSpot's dated API version; v3 means v3 objects and v4 associations.",
        },
        "expected_account_id": {
            "type": ["string", "integer"],
            "title": "Expected account",
            "description": "Id of the HubSpot account that the token must read; for another "
            "account the run ends before it sends anything.",
        },
        "start_date": {
            "type": "string",
            "format": "date-time",
            "title": "Start date",
            "description": f"{names_in_words().capitalize()} last changed before this time are "
            "left out.",
        },
        "properties": {
            "type": "object",
            "properties": dict.fromkeys(OBJECT_TYPES, _NAMES),
            "additionalProperties": False,
            "title": "Properties",
            "description": "Stream name to the names of the HubSpot properties to fetch; without "
            "it all that the catalog selects.",
        },
        "lookback_seconds": {
            **_AMOUNT,
            "default": 3600,
            "title": "Lookback",
            "description": "How far behind its bookmark an incremental pass looks, in seconds: "
            "HubSpot's search index runs behind.",
        },
        "reconcile_interval_hours": {
            **_AMOUNT,
            "default": 24,
            "title": "Interval of full passes",
            "description": "Hours between two full passes; 0 means on this run.",
        },
        "archived_interval_minutes": {
            **_AMOUNT,
            "default": 360,
            "title": "Interval of archived passes",
            "description": "Minutes between two readings of the archived records; 0 means on this "
            "run.",
        },
        "associations_interval_minutes": {
            **_AMOUNT,
            "default": 1440,
            "title": "Interval of association passes",
            "description": "Minutes between two readings of every deal's contacts; 0 means on "
            "this run.",
        },
        "calls_per_10_seconds": {
            "type": "integer",
            "minimum": 1,
            "default": 100,
            "title": "Calls per 10 seconds",
            "description": "Burst limit to begin with; HubSpot's response headers raise or lower "
            "it.",
        },
        "daily_share": {
            "type": ["number", "string"],
            "default": 0.8,
            "title": "Share of the daily quota",
            "description": "The run ends when this share of the account's daily calls is used, "
            "where HubSpot tells; above 0, at most 1.",
        },
        "searches_per_second": {
            "type": "integer",
            "minimum": 1,
            "default": 5,
            "title": "Searches per second",
            "description": "Search limit; HubSpot allows 5 a second for the whole account.",
        },
        "max_concurrency": {
            "type": "integer",
            "minimum": 1,
            "default": 40,
            "title": "Requests in flight",
            "description": "The most requests in flight at once.",
        },
        "activate_with_kept": {
            "type": "boolean",
            "default": False,
            "title": "ACTIVATE_VERSION with kept records",
            "description": "End a full pass in which HubSpot refused single records by an "
            "ACTIVATE_VERSION whose member kept names them. Only for a target that reads it, such "
            "as target-crmhub-postgres: any other drops these records.",
        },
        "user_agent": {
            "type": "string",
            "minLength": 1,
            "default": "tap-hubspot-crm",
            "title": "User agent",
            "description": "What the tap calls itself towards HubSpot.",
        },
    },
}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one run, checked and typed. Secrets stay out of its `repr`."""

    access_token: str | None = field(default=None, repr=False)
    access_token_file: str | None = None
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    #: Without a trailing slash.
    api_url: str = HUBSPOT_URL
    api_version: str = "2026-09"
    expected_account_id: str | None = None
    start_date: datetime | None = None
    #: Stream name to property names; a stream that is absent fetches what the catalog selects.
    properties: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lookback_seconds: int = 3600
    reconcile_interval_hours: int = 24
    archived_interval_minutes: int = 360
    associations_interval_minutes: int = 1440
    calls_per_10_seconds: int = 100
    daily_share: float = 0.8
    searches_per_second: int = 5
    max_concurrency: int = 40
    activate_with_kept: bool = False
    user_agent: str = "tap-hubspot-crm"


def read_settings(config: Mapping[str, Any]) -> Settings:
    """Return the typed settings.

    Args:
        config: Setting names to values, as Singer's `--config` holds them.

    Raises:
        InvalidSettingsError: Settings are missing or malformed; names them all, no value.
    """
    # A setting that is null, or an empty text from an unset variable, counts as absent.
    given = {name: value for name, value in config.items() if value is not None and value != ""}
    faults = [*_schema_faults(given), *_credential_faults(given)]
    if faults:
        raise InvalidSettingsError("; ".join(faults))
    # JSON's 40.0 is an integer too; `daily_share`, which is none, is read below.
    values: dict[str, Any] = {
        name: int(value) if isinstance(value, float) else value
        for name, value in given.items()
        if name in Settings.__annotations__
    }
    values["api_url"] = read_api_url(given.get("api_url", HUBSPOT_URL))
    values["daily_share"] = _share(given.get("daily_share", 0.8))
    if "expected_account_id" in given:
        values["expected_account_id"] = _account_id(values["expected_account_id"])
    if "start_date" in given:
        values["start_date"] = _moment(given["start_date"])
    values["properties"] = {
        stream: tuple(dict.fromkeys(names)) for stream, names in given.get("properties", {}).items()
    }
    return Settings(**values)


def _schema_faults(given: Mapping[str, Any]) -> Iterator[str]:
    for error in Draft202012Validator(SETTINGS_SCHEMA).iter_errors(dict(given)):
        where = ".".join(str(part) for part in error.absolute_path) or "settings"
        yield f"setting {where} {_expectation(error)}"


def _expectation(error: ValidationError) -> str:
    """Return what the value must be; jsonschema's own message quotes the value."""
    rule: Any = error.validator_value
    match error.validator:
        case "type":
            kinds = rule if isinstance(rule, list) else [rule]
            return f"must be of type {' or '.join(kinds)}"
        case "enum":
            return f"must be one of {', '.join(rule)}"
        case "minimum" | "maximum" as bound:
            return f"must be at {'least' if bound == 'minimum' else 'most'} {rule}"
        case "minLength":
            return "must not be empty"
        case "additionalProperties":
            return f"may only name the streams {names_in_words()}"
        case _:
            return "is malformed"


def _credential_faults(given: Mapping[str, Any]) -> Iterator[str]:
    oauth = ("client_id", "client_secret", "refresh_token")
    missing = [name for name in oauth if name not in given]
    if "access_token" not in given and "access_token_file" not in given and missing:
        if len(missing) == len(oauth):
            yield (
                "no credentials: set access_token, access_token_file, or client_id with "
                "client_secret and refresh_token"
            )
        else:
            yield f"setting {', '.join(missing)} is missing: OAuth needs {', '.join(oauth)}"
    for name in ("access_token", *oauth, "user_agent"):
        value = given.get(name)
        pattern = r"[ -~]+" if name == "user_agent" else r"[!-~]+"
        if isinstance(value, str) and not re.fullmatch(pattern, value):
            yield f"setting {name} must be printable ASCII text without spaces or line breaks"


def _account_id(value: object) -> str:
    account_id = read_account_id(value)
    if account_id is None:
        raise InvalidSettingsError(
            "setting expected_account_id must be a HubSpot account id: digits without leading zeros"
        )
    return account_id


def _share(value: float | str) -> float:
    try:
        share = float(value)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise InvalidSettingsError("setting daily_share must be a number above 0 and at most 1")
    return share


def _moment(value: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise InvalidSettingsError(
            "setting start_date must be a time such as 2026-01-31T00:00:00Z"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
