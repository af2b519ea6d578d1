"""HubSpot's texts turned into exact values of a kind, one by one or a column at a time.

HubSpot sends every value as a text or null, and an emptied value as `""` (properties guide).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final, Literal, TypeAlias

import msgspec
from msgspec import Raw, UnsetType

#: What a value is in JSON; a date or a date-time is a text of that format (JSON Schema).
Kind: TypeAlias = Literal["string", "number", "integer", "boolean", "date", "date-time"]
#: A converted value: text, exact number (`Raw`: as JSON has it), boolean, null or no field at all.
Value: TypeAlias = str | Decimal | int | Raw | bool | UnsetType | None
Converter: TypeAlias = Callable[[str], Value]
ColumnConverter: TypeAlias = Callable[[Sequence[str | None]], Sequence[Value]]

#: The most digits of a number on either side of its point. Every JSON reader that follows RFC 8259
#: (section 6) takes a number in the range of a double, which ends at 10^308. Beyond it, readers
#: make infinity of a number, refuse it (Python above 4,300 digits) or write out a billion zeros
#: (1E1000000000). No amount of a CRM comes near; HubSpot's longest have some 50 digits.
MOST_DIGITS: Final = 308
#: Fewer milliseconds since 1970 than these are none: ten digits are a time in seconds, and fewer
#: are a year, a count or an id. As milliseconds all of them would be days around the spring of
#: 1970. That costs the few months around 1970, where a property still holds them in this form.
_LEAST_MILLISECONDS: Final = 10_000_000_000
#: A whole number with fewer digits fits the machine's own, which is quicker to make and to write.
_QUICK_DIGITS: Final = 19
_DAY_DIGITS: Final = len("20261122")
#: Reads numbers as JSON has them (RFC 8259, section 6).
_JSON_NUMBERS: Final = msgspec.json.Decoder(list[float])
_BOOLEANS: Final = {"true": True, "false": False}
_WRITTEN_BOOLEANS: Final[Mapping[str | None, bool | None]] = {
    "true": True,
    "false": False,
    "": None,
    None: None,
}
#: A day or a time of ISO 8601. Python reads more, such as a week, or any sign before the hour.
_IS_ISO_TIME: Final = re.compile(
    r"\d{4}-\d\d-\d\d"
    r"(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?",
    re.ASCII,
).fullmatch


def converter(kind: Kind) -> Converter:
    """Return what converts a text that is not empty.

    The converter raises ValueError where the text is not of the kind.
    """
    converters: Mapping[Kind, Converter] = {
        "string": str,
        "number": _number,
        "integer": _integer,
        "boolean": _boolean,
        "date": _date,
        "date-time": _time,
    }
    return converters[kind]


def column_converter(kind: Kind) -> ColumnConverter:
    """Return what converts the texts of many rows; an empty text becomes None.

    The column converter raises ValueError where one of them is not of the kind, or may not be;
    `converter` decides.
    """
    converters: Mapping[Kind, ColumnConverter] = {
        "string": _strings,
        "number": _numbers,
        "integer": _integers,
        "boolean": _booleans,
        "date": _dates,
        "date-time": _times,
    }
    return converters[kind]


def _strings(texts: Sequence[str | None]) -> Sequence[Value]:
    return [text or None for text in texts] if "" in texts else texts


def _numbers(texts: Sequence[str | None]) -> Sequence[Value]:
    """Return the numbers as they stand, where JSON writes them so, too: nearly always."""
    filled = [text for text in texts if text]
    listed = f"[{','.join(filled)}]"
    try:
        # Read only to learn that they are numbers; a line feed would end a message.
        as_they_stand = (
            max(map(len, filled), default=0) <= MOST_DIGITS
            and "e" not in listed
            and "E" not in listed
            and listed.isprintable()
            and len(_JSON_NUMBERS.decode(listed)) == len(filled)
        )
    except msgspec.DecodeError:
        as_they_stand = False
    if not as_they_stand:
        return [_number(text) if text else None for text in texts]
    return [Raw(text) if text else None for text in texts]


def _integers(texts: Sequence[str | None]) -> Sequence[Value]:
    return [_integer(text) if text else None for text in texts]


def _booleans(texts: Sequence[str | None]) -> Sequence[Value]:
    try:
        return list(map(_WRITTEN_BOOLEANS.__getitem__, texts))
    except KeyError:
        return [_boolean(text) if text else None for text in texts]


def _dates(texts: Sequence[str | None]) -> Sequence[Value]:
    return [_date(text) if text else None for text in texts]


def _times(texts: Sequence[str | None]) -> Sequence[Value]:
    if _are_utc_times([text for text in texts if text]):
        return _strings(texts)
    return [_time(text) if text else None for text in texts]


def _are_utc_times(texts: Sequence[str]) -> bool:
    """Say whether all are times as HubSpot writes nearly all: RFC 3339's form, in UTC."""
    try:
        # msgspec reads RFC 3339 alone, in C.
        msgspec.convert(texts, list[datetime])
    except msgspec.ValidationError:
        return False
    # It takes `t` and a space for the `T`, too, and times of other zones, or of none.
    joined = "".join(texts)
    return joined.count("T") == joined.count("Z") == len(texts)


def _number(text: str) -> Decimal | int:
    if len(text) < _QUICK_DIGITS and text.isdecimal():
        return int(text)
    try:
        # Not float: HubSpot holds decimals that no binary number can.
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError from None
    exponent = number.as_tuple().exponent
    # The exponent of infinity and of what is no number is a letter.
    if not isinstance(exponent, int) or "_" in text:
        raise ValueError
    if number.adjusted() >= MOST_DIGITS or exponent < -MOST_DIGITS:
        raise ValueError
    return number


def _integer(text: str) -> int:
    number = _number(text)
    whole = int(number)
    if whole != number:
        raise ValueError
    return whole


def _boolean(text: str) -> bool:
    try:
        return _BOOLEANS[text.lower()]
    except KeyError:
        raise ValueError from None


# Many records hold the same few days.
@lru_cache(maxsize=4096)
def _date(text: str) -> str:
    return _parsed_time(text).date().isoformat()


def _time(text: str) -> str:
    if _are_utc_times([text]):
        return text
    time = _parsed_time(text)
    # HubSpot's own precision, unless the text has a finer one.
    precision = "auto" if time.microsecond % 1000 else "milliseconds"
    # A day or a time without a zone is in UTC, as all that HubSpot keeps.
    zone = "" if time.tzinfo else "Z"
    return time.isoformat(timespec=precision).replace("+00:00", "Z") + zone


def _parsed_time(text: str) -> datetime:
    if _IS_ISO_TIME(text):
        return datetime.fromisoformat(text)
    if len(text) == _DAY_DIGITS and text.isascii() and text.isdecimal():
        # ISO 8601's short form of a day, such as 20260115, which a property holds whose type was
        # changed to a date. As milliseconds, eight digits would be the first day of 1970.
        return datetime.fromisoformat(text)
    # Older properties hold milliseconds, the day of a date as its midnight in UTC. Some are
    # written as floats: "1600000000000.0", "1.6E12".
    milliseconds = int(_number(text))
    if abs(milliseconds) < _LEAST_MILLISECONDS:
        raise ValueError
    try:
        return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=milliseconds)
    except OverflowError:
        raise ValueError from None
