"""What a JSON Schema lets a property hold, and HubSpot's texts converted to that.

The schema is the one that the SCHEMA message announces: HubSpot's own types or, where a catalog is
given, the catalog's, which may be older than a change of the property's type in HubSpot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias, get_args

import msgspec
from jsonschema import Draft7Validator, FormatChecker
from jsonschema.exceptions import SchemaError
from msgspec import UNSET, Meta
from typing_extensions import override

from tap_hubspot_crm.values import Kind, column_converter, converter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from msgspec import UnsetType

    from tap_hubspot_crm.values import Value

Schema: TypeAlias = Mapping[str, Any]

_ZONED_TIME: Final = Annotated[datetime, Meta(tz=True)]
_KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
_FORMATS: Final = frozenset({"date", "date-time"})
_TYPES: Final = frozenset({"string", "number", "integer", "boolean", "null", "array", "object"})
#: Keywords that say nothing about which values are valid (JSON Schema Validation, section 10).
_ANNOTATIONS: Final = frozenset(
    {"title", "description", "default", "deprecated", "contentMediaType", "contentEncoding"}
    | {"x-sql-datatype", "x-sql-datatype-properties", "$id", "$schema"}
)
#: To what else a value is converted first, because nothing of it is lost.
_CLOSE_KINDS: Final[Mapping[Kind, tuple[Kind, ...]]] = {
    "number": ("integer",),
    "date": ("date-time",),
}


@dataclass(frozen=True, kw_only=True)
class ValueType:
    """What a property may hold."""

    #: The kinds that a text is converted to; the first that succeeds is taken.
    kinds: tuple[Kind, ...]
    #: What is sent in place of a value: null or, where the schema forbids null, no field.
    nothing: UnsetType | None
    #: Whether the schema admits a converted value; None where it admits all of the kinds.
    admits: Callable[[Value], bool] | None = None

    @override
    def __str__(self) -> str:
        """Return the kinds in words."""
        return " or ".join(self.kinds) or "null"

    def column(self, texts: Sequence[str | None]) -> Sequence[Value]:
        """Return the values of many rows.

        Raises ValueError where one of them may not be of the type; `value` decides.
        """
        if self.admits is not None or not self.kinds:
            return [self.value(text) for text in texts]
        values = column_converter(self.kinds[0])(texts)
        if self.nothing is None:
            return values
        return [self.nothing if value is None else value for value in values]

    def value(self, text: str | None) -> Value:
        """Return the value of one row.

        Raises ValueError where the text is not of the type.
        """
        if not text:
            return self.nothing
        for kind in self.kinds:
            try:
                value = converter(kind)(text)
            except ValueError:
                continue
            if self.admits is None or self.admits(value):
                return value
        raise ValueError


def value_type(schema: Schema, own: Kind) -> ValueType:
    """Return what a schema lets a property hold.

    A value keeps the kind that the property has in HubSpot where the schema admits it; otherwise
    it becomes a text, from which nothing is lost, or what else is admitted.

    Args:
        schema: JSON Schema of the property.
        own: The kind that the property has in HubSpot.
    """
    admitted = _kinds(schema)
    preferred = (own, *_CLOSE_KINDS.get(own, ()), "string", *_KINDS)
    kinds = tuple(kind for kind in dict.fromkeys(preferred) if kind in admitted)
    if _is_plain(schema):
        return ValueType(kinds=kinds, nothing=None if "null" in admitted else UNSET)
    validator = Draft7Validator(schema, format_checker=_FORMAT_CHECKER)

    def admits(value: Value) -> bool:
        # Most readers take a number as a double; jsonschema cannot divide a Decimal by one.
        return validator.is_valid(float(value) if isinstance(value, Decimal) else value)

    return ValueType(kinds=kinds, nothing=None if admits(None) else UNSET, admits=admits)


def admits_kind(schema: Schema, kind: Kind) -> bool:
    """Say whether a schema admits every value of a kind."""
    admitted = _kinds(schema)
    return _is_plain(schema) and (kind in admitted or (kind in _FORMATS and "string" in admitted))


def invalid_schemas(schemas: Mapping[str, Schema]) -> list[str]:
    """Return the names of those that are not valid JSON Schemas."""
    return [name for name, schema in schemas.items() if not _is_valid(schema)]


def _is_valid(schema: Schema) -> bool:
    if _is_plain(schema):
        return True
    try:
        Draft7Validator.check_schema(schema)
    except SchemaError:
        return False
    return True


def _is_plain(schema: Schema) -> bool:
    """Say whether a schema is valid, and `_kinds` is all that it says about values."""
    keywords = schema.keys() - _ANNOTATIONS
    if keywords == {"anyOf"}:
        options = schema["anyOf"]
        return isinstance(options, list) and bool(options) and all(map(_is_plain_option, options))
    return (
        keywords <= {"type", "format"}
        and bool(_types(schema))
        and _types(schema) <= _TYPES
        and (_format(schema) != "" or "format" not in schema)
    )


def _is_plain_option(option: object) -> bool:
    return isinstance(option, Mapping) and _is_plain(option)


def _kinds(schema: Schema) -> frozenset[str]:
    """Return the kinds of which a schema admits some value, and `null` where it admits that."""
    options = [] if "type" in schema else _options(schema)
    if options:
        return frozenset[str]().union(*map(_kinds, options))
    types = _types(schema)
    if "string" not in types:
        return types
    if found := _format(schema):
        return types - {"string"} | {found}
    # Where a schema names a text of no format, the text stays as it is.
    return types if "type" in schema else types | _FORMATS


def _options(schema: Schema) -> list[Schema]:
    """Return the schemas that a schema is made of."""
    listed = (schema.get(keyword) for keyword in ("anyOf", "oneOf", "allOf"))
    return [
        option
        for options in listed
        if isinstance(options, list)
        for option in options
        if isinstance(option, Mapping)
    ]


def _types(schema: Schema) -> frozenset[str]:
    types = schema.get("type", _TYPES)
    return frozenset(map(str, types) if isinstance(types, list | frozenset) else [str(types)])


def _format(schema: Schema) -> str:
    """Return the format of a date or a time; empty where the schema names another, or none."""
    named = str(schema.get("format"))
    return named if named in _FORMATS else ""


def _is_time(value: object) -> bool:
    if not isinstance(value, str):
        return True
    msgspec.convert(value, _ZONED_TIME)
    # msgspec reads RFC 3339, as the format says, and a space in place of the `T`.
    return " " not in value


#: jsonschema's own check of times needs a further package; without it, each text would pass.
_FORMAT_CHECKER: Final = FormatChecker()
_FORMAT_CHECKER.checks("date-time", raises=msgspec.ValidationError)(_is_time)
