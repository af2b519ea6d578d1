"""Search filters as predicates over records (HubSpot: search guide)."""

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Final, TypeAlias

from hubspot_sandbox.calls import JsonObject
from hubspot_sandbox.clock import parse_moment
from hubspot_sandbox.errors import internal_error, invalid_request
from hubspot_sandbox.object_types import MODIFIED_PROPERTY, ObjectType
from hubspot_sandbox.properties import PropertyDefinition
from hubspot_sandbox.records import Record
from hubspot_sandbox.stamps import value_of

Comparable: TypeAlias = int | Decimal | str
Predicate: TypeAlias = Callable[[Record], bool]
Reader: TypeAlias = Callable[[Record], Comparable | None]

_COMPARE: Final[dict[str, Callable[[Comparable, Comparable], bool]]] = {
    "LT": lambda value, bound: value < bound,  # type: ignore[operator]  # one reader gives one type
    "LTE": lambda value, bound: value <= bound,  # type: ignore[operator]  # as above
    "GT": lambda value, bound: value > bound,  # type: ignore[operator]  # as above
    "GTE": lambda value, bound: value >= bound,  # type: ignore[operator]  # as above
}
_OPERATORS: Final = {
    *_COMPARE,
    "EQ",
    "NEQ",
    "BETWEEN",
    "IN",
    "NOT_IN",
    "HAS_PROPERTY",
    "NOT_HAS_PROPERTY",
    "CONTAINS_TOKEN",
    "NOT_CONTAINS_TOKEN",
}
_TOKEN: Final = re.compile(r"[^\W_]+")


def reader_for(object_type: ObjectType, definition: PropertyDefinition) -> Reader:
    """Return what reads a property as something that can be compared; None where empty.

    Ids and numbers compare as numbers, moments as milliseconds, text without regard to case.
    """
    name = definition.name
    if name == "hs_object_id":
        return lambda record: record.id
    if name in {"createdate", "hs_createdate"}:
        return lambda record: record.created_at
    if name == MODIFIED_PROPERTY[object_type]:
        return lambda record: record.modified_at
    convert = _converter(definition)

    def read(record: Record) -> Comparable | None:
        text = value_of(object_type, record, name)
        return convert(text) if text else None

    return read


def compile_filter(
    object_type: ObjectType, definitions: dict[str, PropertyDefinition], entry: JsonObject
) -> Predicate:
    """Return one filter of a search as a predicate.

    Contacts filtered on `hs_lastmodifieddate` match nothing, without an error: their property is
    called `lastmodifieddate` (HubSpot: seen by peers).

    Raises:
        ApiError: unknown property or operator, or a value that is missing or of another type.
    """
    name, operator = entry.get("propertyName"), entry.get("operator")
    if not isinstance(operator, str) or operator not in _OPERATORS:
        raise invalid_request("operator must be one that is documented", field=["operator"])
    if object_type == "contacts" and name == "hs_lastmodifieddate":
        return lambda _: False
    definition = definitions.get(name) if isinstance(name, str) else None
    if definition is None or definition.archived_at is not None:
        raise unknown_property(name)
    read = reader_for(object_type, definition)
    if operator == "HAS_PROPERTY":
        return lambda record: read(record) is not None
    if operator == "NOT_HAS_PROPERTY":
        return lambda record: read(record) is None
    if operator in {"CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"}:
        contains = _token_predicate(object_type, definition, _operand(entry, "value"))
        if operator == "CONTAINS_TOKEN":
            return contains
        return lambda record: not contains(record)
    return _value_predicate(definition, operator, entry, read)


def unknown_property(name: object) -> Exception:
    """Return the error for a property that the portal doesn't have."""
    shown = name if isinstance(name, str) else ""
    return invalid_request(
        f'Property "{shown}" does not exist', code="PROPERTY_DOESNT_EXIST", propertyName=[shown]
    )


def _value_predicate(
    definition: PropertyDefinition, operator: str, entry: JsonObject, read: Reader
) -> Predicate:
    if operator in {"IN", "NOT_IN"}:
        values = entry.get("values")
        if not isinstance(values, list) or not values:
            raise invalid_request(f"{operator} needs a list of values", field=["values"])
        return _membership(
            definition, {_bound(definition, str(v)) for v in values}, read, is_in=operator == "IN"
        )
    bound = _bound(definition, _operand(entry, "value"))
    if operator in {"EQ", "NEQ"}:
        return _membership(definition, {bound}, read, is_in=operator == "EQ")
    if operator == "BETWEEN":
        high = _bound(definition, _operand(entry, "highValue"))
        at_least, at_most = _COMPARE["GTE"], _COMPARE["LTE"]

        def lies_between(record: Record) -> bool:
            value = read(record)
            return value is not None and at_least(value, bound) and at_most(value, high)

        return lies_between
    compare = _COMPARE[operator]

    def compares(record: Record) -> bool:
        value = read(record)
        return value is not None and compare(value, bound)

    return compares


def _membership(
    definition: PropertyDefinition, wanted: set[Comparable], read: Reader, *, is_in: bool
) -> Predicate:
    """Return whether a value, or one of several choices, is among the wanted ones."""
    if definition.field_type == "checkbox":

        def has_choice(record: Record) -> bool:
            chosen = str(read(record) or "").split(";")
            return any(choice in wanted for choice in chosen) is is_in

        return has_choice
    return lambda record: (read(record) in wanted) is is_in


def _token_predicate(
    object_type: ObjectType, definition: PropertyDefinition, wanted: str
) -> Predicate:
    """Return whether a text holds a word; `*` stands for any letters (HubSpot: search guide)."""
    pattern = re.compile(
        r"(?<!\w)" + ".*".join(re.escape(part) for part in wanted.lower().split("*")) + r"(?!\w)"
    )
    if wanted.startswith("*") or wanted.endswith("*"):
        pattern = re.compile(".*".join(re.escape(p) for p in wanted.lower().split("*") if p))
    name = definition.name
    return lambda record: bool(pattern.search((value_of(object_type, record, name) or "").lower()))


def matches_words(text: str, words: list[str]) -> bool:
    """Return whether every word begins some word of a text, as a search's `query` asks."""
    tokens = _TOKEN.findall(text.lower())
    return all(any(token.startswith(word) for token in tokens) for word in words)


def split_words(query: str) -> list[str]:
    """Return the words of a search's `query`."""
    return _TOKEN.findall(query.lower())


def _operand(entry: JsonObject, name: str) -> str:
    value = entry.get(name)
    if value is None or isinstance(value, (dict, list)):
        raise invalid_request(f"{entry['operator']} needs {name}", field=[name])
    return str(value)


def _bound(definition: PropertyDefinition, text: str) -> Comparable:
    """Return a filter's value in the form of the property's own values."""
    try:
        bound = _converter(definition)(text)
    except (ValueError, InvalidOperation):
        message = f"A filter's value must be a {definition.type}"
        raise invalid_request(message, propertyName=[definition.name]) from None
    # HubSpot stumbles over the first moment of 1970 (seen by peers).
    if definition.type in {"date", "datetime"} and bound == 0:
        raise internal_error()
    return bound


def _converter(definition: PropertyDefinition) -> Callable[[str], Comparable]:
    if definition.type == "number":
        return Decimal
    if definition.type in {"date", "datetime"}:
        return parse_moment
    return str.lower
