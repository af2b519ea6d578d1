"""Types of HubSpot's properties: their JSON Schema, and values turned into exact typed ones.

HubSpot sends every value as a string or null, and an emptied value as `""` (properties guide).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_hubspot_crm.definitions import PropertyDefinition

#: A converted value: text, exact number, truth or nothing.
Value: TypeAlias = str | Decimal | int | bool | None
Converter: TypeAlias = Callable[[str], Value]
ColumnConverter: TypeAlias = Callable[[Sequence[str | None]], list[Value]]

#: What a record holds beside the portal's own properties, in this order.
RECORD_FIELDS: dict[str, dict[str, Any]] = {
    "id": {"type": "string"},
    "createdAt": {"type": ["string", "null"], "format": "date-time"},
    "updatedAt": {"type": ["string", "null"], "format": "date-time"},
    "archived": {"type": ["boolean", "null"]},
    "archivedAt": {"type": ["string", "null"], "format": "date-time"},
    "mergedInto": {"type": ["string", "null"]},
}


_DATE_LENGTH = len("2026-11-22")
#: A whole number with fewer digits fits the machine's own, which is quicker to make and to write.
_QUICK_DIGITS = 19
#: Signs, digits and exponents: no `NaN`, no `1_000`.
_PLAIN_NUMBERS = re.compile(r"[-+0-9.eE]*").fullmatch
_TRUTHS = {"true": True, "false": False}


def object_schema(definitions: Iterable[PropertyDefinition]) -> dict[str, Any]:
    """Return the JSON Schema of a record of contacts or deals with these properties."""
    properties = {name: dict(schema) for name, schema in RECORD_FIELDS.items()}
    for definition in definitions:
        properties.setdefault(definition.name, value_schema(definition.type))
    return {"type": "object", "properties": properties, "required": ["id"]}


def shadowed_names(definitions: Iterable[PropertyDefinition]) -> list[str]:
    """Return the properties that lose to a field of the record with the same name."""
    return [item.name for item in definitions if item.name in RECORD_FIELDS]


def value_schema(property_type: str) -> dict[str, Any]:
    """Return the JSON Schema of a property type; what nobody has seen is text."""
    match property_type:
        case "number":
            return {"type": ["number", "null"]}
        case "bool":
            return {"type": ["boolean", "null"]}
        case "date":
            return {"type": ["string", "null"], "format": "date"}
        case "datetime":
            return {"type": ["string", "null"], "format": "date-time"}
        case _:
            return {"type": ["string", "null"]}


def converter(property_type: str) -> Converter | None:
    """Return what converts a non-empty value, or None where the text is already the value.

    A converter raises ValueError for a value that is not of its type.
    """
    converters: Mapping[str, Converter] = {
        "number": _number,
        "bool": _truth,
        "date": _date,
        "datetime": _datetime,
    }
    return converters.get(property_type)


def column_converter(property_type: str) -> ColumnConverter | None:
    """Return what converts the values of many rows, or None where the texts are the values.

    An empty text becomes None. The converter raises ValueError where one of them is not of the
    type; `converter` then tells which.
    """
    convert = converter(property_type)
    if convert is None:
        return None
    if property_type == "number":
        return _numbers
    return lambda texts: [convert(text) if text else None for text in texts]


def _numbers(texts: Sequence[str | None]) -> list[Value]:
    """Return the numbers, looked over all at once for what only `_number` can judge."""
    # What is no number, but no letter either, is refused below.
    if not _PLAIN_NUMBERS("".join(filter(None, texts))):
        return [_number(text) if text else None for text in texts]
    try:
        return [Decimal(text) if text else None for text in texts]
    except InvalidOperation:
        raise ValueError from None


def _number(text: str) -> Decimal | int:
    if len(text) < _QUICK_DIGITS and text.isdecimal():
        return int(text)
    try:
        # Not float: HubSpot holds decimals that no binary number can.
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError from None
    if not number.is_finite() or "_" in text:
        raise ValueError
    return number


def _truth(text: str) -> bool:
    try:
        return _TRUTHS[text]
    except KeyError:
        pass
    try:
        return _TRUTHS[text.lower()]
    except KeyError:
        raise ValueError from None


# Many records hold the same few days.
@lru_cache(maxsize=4096)
def _date(text: str) -> str:
    if text.lstrip("-").isdecimal():
        # Older properties hold midnight UTC in milliseconds.
        return _from_epoch(text).date().isoformat()
    if len(text) > _DATE_LENGTH and text[_DATE_LENGTH] != "T":
        raise ValueError
    return date.fromisoformat(text[:_DATE_LENGTH]).isoformat()


def _datetime(text: str) -> str:
    if text[-1:] == "Z":
        # How HubSpot writes nearly all of them.
        datetime.fromisoformat(text)
        return text
    if text.lstrip("-").isdecimal():
        return _from_epoch(text).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return text if datetime.fromisoformat(text).tzinfo else f"{text}Z"


def _from_epoch(text: str) -> datetime:
    try:
        return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(text))
    except OverflowError:
        raise ValueError from None
