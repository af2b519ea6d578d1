"""Types of HubSpot's properties: their JSON Schema, and values turned into exact typed ones.

HubSpot sends every value as a string or null, and an emptied value as `""` (properties guide).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
from msgspec import Raw

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_hubspot_crm.definitions import PropertyDefinition

#: A converted value: text, exact number (`Raw`: as JSON has it), truth or nothing.
Value: TypeAlias = str | Decimal | int | Raw | bool | None
Converter: TypeAlias = Callable[[str], Value]
ColumnConverter: TypeAlias = Callable[[Sequence[str | None]], Sequence[Value]]

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
#: Reads numbers as JSON has them (RFC 8259, section 6), none out of all proportion.
_JSON_NUMBERS = msgspec.json.Decoder(list[float])
_TRUTHS = {"true": True, "false": False}
_WRITTEN_TRUTHS: Mapping[str | None, bool | None] = {
    "true": True,
    "false": False,
    "": None,
    None: None,
}


def object_schema(definitions: Iterable[PropertyDefinition]) -> dict[str, Any]:
    """Return the JSON Schema of a record with these properties."""
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


def column_converter(property_type: str) -> ColumnConverter:
    """Return what converts the values of many rows.

    An empty text becomes None. The converter raises ValueError where one of them is not of the
    type; `converter` then tells which.
    """
    converters: Mapping[str, ColumnConverter] = {
        "number": _numbers,
        "bool": _truths,
        "date": _dates,
        "datetime": _datetimes,
    }
    return converters.get(property_type, _texts)


def _texts(texts: Sequence[str | None]) -> Sequence[Value]:
    return [text or None for text in texts] if "" in texts else texts


def _numbers(texts: Sequence[str | None]) -> Sequence[Value]:
    """Return the numbers as they stand, where JSON writes them so, too: nearly always."""
    filled = [text for text in texts if text]
    listed = f"[{','.join(filled)}]"
    try:
        # Read for nothing but to know that they are numbers; a line feed would end a message.
        are_json = listed.isprintable() and len(_JSON_NUMBERS.decode(listed)) == len(filled)
    except msgspec.DecodeError:
        are_json = False
    if not are_json:
        return [_number(text) if text else None for text in texts]
    return [Raw(text) if text else None for text in texts]


def _truths(texts: Sequence[str | None]) -> Sequence[Value]:
    try:
        return list(map(_WRITTEN_TRUTHS.__getitem__, texts))
    except KeyError:
        return [_truth(text) if text else None for text in texts]


def _dates(texts: Sequence[str | None]) -> Sequence[Value]:
    return [_date(text) if text else None for text in texts]


def _datetimes(texts: Sequence[str | None]) -> Sequence[Value]:
    filled = [text for text in texts if text]
    # Looked at in C, all of them: each is the value already, if it is one and ends with a Z.
    deque(map(datetime.fromisoformat, filled), maxlen=0)
    if "".join(filled).count("Z") == len(filled):
        return _texts(texts)
    return [_datetime(text) if text else None for text in texts]


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
    moment = datetime.fromisoformat(text)
    if moment.tzinfo:
        return text
    # A day alone is no moment to anybody, with or without a zone.
    return f"{text if len(text) > _DATE_LENGTH else moment.isoformat()}Z"


def _from_epoch(text: str) -> datetime:
    try:
        return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(text))
    except OverflowError:
        raise ValueError from None
