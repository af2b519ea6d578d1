"""Reads one value of a record as a kind of the mapping file says: clean and typed, or refused.

A refusal names the kind of thing that was due and that came, never the value.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final, cast

import msgspec

from target_crmhub_postgres.redaction import names_a_person, redacted, without_emails

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from target_crmhub_postgres.mapping import Kind

#: HubSpot: a property holds at most 65,536 characters; what is longer is no CRM value.
LONGEST_TEXT: Final = 65_536
#: Bytes in UTF-8. An index of the totals holds four ids, and its entries end at 2,704 bytes
#: (PostgreSQL: btree).
LONGEST_ID: Final = 640
#: More digits than this are no amount; PostgreSQL's numeric would take 131,072.
MOST_DIGITS: Final = 1_000
_INT4: Final = 2**31

#: Most ids; a plus and a digit begin a phone number.
_PLAIN_ID: Final = re.compile(r"(?!\+\d)[\w.:;|/+=-]+", re.ASCII)
#: Any id: no control character, and no half of a character, nor what has replaced one.
_ID: Final = re.compile(r"(?=.*\S)[^\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffd]+")
_NUMBER: Final = re.compile(r"-?\d{1,1000}(?:\.\d{1,1000})?(?:[eE][+-]?\d{1,4})?", re.ASCII)
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TRUTH: Final = {"true": True, "false": False}


class UnfitError(Exception):
    """A value is not what the mapping expects; its text ends the sentence `<path> …`."""


def as_text(value: object) -> str | None:
    """Return text without NUL (PostgreSQL cannot hold it); None for empty text."""
    if not isinstance(value, str):
        raise UnfitError(f"must be text, is {_named(value)}")
    if len(value) > LONGEST_TEXT:
        raise UnfitError(f"is longer than {LONGEST_TEXT} characters")
    if "\0" in value:
        value = value.replace("\0", "")
    return value or None


def as_kept_text(value: object) -> str | None:
    """Return text whose e-mail addresses and phone numbers are redacted."""
    text = as_text(value)
    return None if text is None else redacted(text)


def as_enumeration(value: object) -> str | None:
    """Return the name of an option, without the e-mail addresses that a portal may put there."""
    text = as_text(value)
    return text if text is None or "@" not in text else without_emails(text)


def as_id(value: object) -> str | None:
    """Return an id as text, letters of any language and spaces too; whole numbers are ids as well.

    Text that holds an e-mail address or an international phone number is not an id: ids are kept
    as they are.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    text = as_text(value)
    if text is None:
        return None
    if not _PLAIN_ID.fullmatch(text):
        if not _ID.fullmatch(text):
            raise UnfitError("must be an id, holds control characters or nothing")
        if len(text) <= LONGEST_ID and names_a_person(text):
            raise UnfitError("must be an id, holds an e-mail address or a phone number")
    if len(text.encode()) > LONGEST_ID:
        raise UnfitError(f"must be an id of at most {LONGEST_ID} bytes")
    return text


def as_integer(value: object) -> int | None:
    """Return a whole number of 32 bits."""
    number = as_numeric(value)
    if number is None:
        return None
    if number != number.to_integral_value() or abs(number) >= _INT4:
        raise UnfitError("must be a whole number below 2,147,483,648")
    return int(number)


def as_numeric(value: object) -> Decimal | None:
    """Return the exact number; a CRM's own form of it as text is one too (HubSpot: properties)."""
    if isinstance(value, str):
        if not value:
            return None
        if not _NUMBER.fullmatch(value):
            raise UnfitError("must be a number, is text")
        value = Decimal(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        try:
            value = Decimal(value)
        except InvalidOperation:
            raise UnfitError(f"has more than {MOST_DIGITS} digits") from None
    if not isinstance(value, Decimal):
        raise UnfitError(f"must be a number, is {_named(value)}")
    if not value.is_finite():
        raise UnfitError("must be a finite number")
    if abs(value.adjusted()) > MOST_DIGITS or -cast("int", value.as_tuple().exponent) > MOST_DIGITS:
        raise UnfitError(f"has more than {MOST_DIGITS} digits")
    return value


def as_boolean(value: object) -> bool | None:
    """Return a truth value; a CRM's `true` and `false` as text are ones too."""
    if isinstance(value, bool):
        return value
    if value == "":
        return None
    if isinstance(value, str) and value.lower() in _TRUTH:
        return _TRUTH[value.lower()]
    raise UnfitError(f"must be true or false, is {_named(value)}")


def as_timestamp(value: object) -> dt.datetime | None:
    """Return a moment in UTC; one without a zone is taken for UTC."""
    if value == "":
        return None
    if not isinstance(value, str):
        raise UnfitError(f"must be a moment in ISO 8601, is {_named(value)}")
    try:
        moment = _moment(value)
        if moment.tzinfo is None:
            return moment.replace(tzinfo=dt.UTC)
        return moment.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise UnfitError("must be a moment in ISO 8601 of the years 1 to 9999") from None


def as_date(value: object) -> dt.date | None:
    """Return a day."""
    if value == "":
        return None
    if not isinstance(value, str):
        raise UnfitError(f"must be a date, is {_named(value)}")
    try:
        if _DATE.fullmatch(value):
            return dt.date.fromisoformat(value)
    except ValueError:
        pass
    raise UnfitError("must be a date, YYYY-MM-DD, of the years 1 to 9999")


def as_any(value: object) -> str | bool | Decimal | None:
    """Return a value of a property whose type the mapping does not know, text redacted."""
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, Decimal)):
        return as_numeric(value)
    return as_kept_text(value)


#: Kind → reader, for the kinds that take one value and no key.
READERS: Final[Mapping[Kind, Callable[[object], object]]] = {
    "text": as_kept_text,
    "enumeration": as_enumeration,
    "id": as_id,
    "integer": as_integer,
    "numeric": as_numeric,
    "boolean": as_boolean,
    "date": as_date,
    "timestamptz": as_timestamp,
    "any": as_any,
}


def _moment(text: str) -> dt.datetime:
    """Return the moment as msgspec reads it, which messages are decoded by; it takes RFC 3339."""
    try:
        return msgspec.convert(text, dt.datetime)
    except msgspec.ValidationError:
        return dt.datetime.fromisoformat(text)


def _named(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | Decimal():
            return "a number"
        case str():
            return "text"
        case list():
            return "an array"
        case _:
            return "an object"
