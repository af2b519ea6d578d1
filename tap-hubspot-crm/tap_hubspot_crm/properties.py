"""The properties of a HubSpot object, and the JSON Schema of its records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_hubspot_crm.definitions import PropertyDefinition
    from tap_hubspot_crm.values import Kind

#: The kind of each field that a record holds beside the portal's own properties, in this order.
FIELD_KINDS: Final[Mapping[str, Kind]] = {
    "id": "string",
    "createdAt": "date-time",
    "updatedAt": "date-time",
    "archived": "boolean",
    "archivedAt": "date-time",
    "mergedInto": "string",
}
#: The fields that every record has, a tombstone too.
REQUIRED_FIELDS: Final = frozenset({"id", "updatedAt", "archived"})

_KINDS: Final[Mapping[str, Kind]] = {
    "number": "number",
    "bool": "boolean",
    "date": "date",
    "datetime": "date-time",
}


def kind_of(property_type: str) -> Kind:
    """Return the kind of a property type of HubSpot's; an unknown one is text."""
    return _KINDS.get(property_type, "string")


def object_schema(definitions: Iterable[PropertyDefinition]) -> dict[str, Any]:
    """Return the JSON Schema of a record with these properties."""
    properties = {name: _schema(kind) for name, kind in FIELD_KINDS.items()}
    properties["id"] = {"type": "string"}
    for definition in definitions:
        properties.setdefault(definition.name, value_schema(definition.type))
    return {"type": "object", "properties": properties, "required": ["id"]}


def value_schema(property_type: str) -> dict[str, Any]:
    """Return the JSON Schema of a property type of HubSpot's."""
    return _schema(kind_of(property_type))


def _schema(kind: Kind) -> dict[str, Any]:
    if kind in {"date", "date-time"}:
        return {"type": ["string", "null"], "format": kind}
    return {"type": [kind, "null"]}


def shadowed_names(definitions: Iterable[PropertyDefinition]) -> list[str]:
    """Return the properties that lose to a field of the record with the same name."""
    return [item.name for item in definitions if item.name in FIELD_KINDS]
