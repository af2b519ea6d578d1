"""The values that settings may have; each reader returns None for any other value."""

from __future__ import annotations

import json
import re
import uuid
from typing import TYPE_CHECKING, Final

import phonenumbers
import psycopg
from psycopg import conninfo

from target_crmhub_postgres.pii import SHORTEST_SALT

if TYPE_CHECKING:
    from collections.abc import Callable

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
PROPERTY_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,255}", re.ASCII)
MOST_ROWS: Final = 1_000_000


def read_connection_string(value: object) -> str | None:
    """Return a PostgreSQL connection string."""
    if not isinstance(value, str):
        return None
    try:
        conninfo.conninfo_to_dict(value)
    except psycopg.ProgrammingError:
        return None
    return value


def read_uuid(value: object) -> uuid.UUID | None:
    """Return a UUID that is written in its usual form."""
    return uuid.UUID(value) if isinstance(value, str) and _UUID.fullmatch(value) else None


def read_salt(value: object) -> str | None:
    """Return a salt that is long enough."""
    try:
        is_long_enough = isinstance(value, str) and len(value.encode()) >= SHORTEST_SALT
    except UnicodeEncodeError:
        return None
    return value if is_long_enough and isinstance(value, str) else None


def one_of(*allowed: str) -> Callable[[object], str | None]:
    """Return a reader of one of the allowed texts."""
    return lambda value: value if isinstance(value, str) and value in allowed else None


def read_region(value: object) -> str | None:
    """Return a country that has phone numbers, as two capital letters."""
    return value if isinstance(value, str) and value in phonenumbers.SUPPORTED_REGIONS else None


def read_rows(value: object) -> int | None:
    """Return a number of rows, given as a number or as its digits."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and isinstance(value, int) and 1 <= value <= MOST_ROWS else None


def read_truth(value: object) -> bool | None:
    """Return a truth value, given as one or as its name."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None


def read_names_by_stream(value: object) -> dict[str, list[str]] | None:
    """Return stream → names of properties, given as an object or as its JSON."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return None
    if not isinstance(value, dict):
        return None
    for names in value.values():
        if not isinstance(names, list) or not all(
            isinstance(name, str) and PROPERTY_NAME.fullmatch(name) for name in names
        ):
            return None
    return value
