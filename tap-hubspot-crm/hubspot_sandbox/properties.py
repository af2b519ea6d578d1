"""Property definitions: what a portal knows about each of its properties."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from hubspot_sandbox.clock import iso

Sensitivity: TypeAlias = Literal["non_sensitive", "sensitive", "highly_sensitive"]
SENSITIVITIES: Final[tuple[Sensitivity, ...]] = ("non_sensitive", "sensitive", "highly_sensitive")

#: HubSpot defined its own properties before any portal existed.
DEFINED_AT = 1_577_836_800_000


@dataclass(frozen=True, kw_only=True)
class PropertyDefinition:
    """One property of a type of records (HubSpot: properties guide)."""

    name: str
    label: str
    type: str = "string"
    field_type: str = "text"
    group: str
    description: str = ""
    #: Value and label of each choice.
    options: tuple[tuple[str, str], ...] = ()
    calculated: bool = False
    #: Only HubSpot writes it.
    read_only: bool = False
    hidden: bool = False
    unique: bool = False
    currency: bool = False
    external_options: bool = False
    sensitivity: Sensitivity = "non_sensitive"
    #: False for a property the portal's own people made.
    hubspot_defined: bool = True
    #: Milliseconds since 1970, where it was archived.
    archived_at: int | None = None


def describe(definition: PropertyDefinition) -> dict[str, object]:
    """Return a definition as HubSpot answers it."""
    body: dict[str, object] = {
        "updatedAt": iso(DEFINED_AT),
        "createdAt": iso(DEFINED_AT),
        "name": definition.name,
        "label": definition.label,
        "type": definition.type,
        "fieldType": definition.field_type,
        "description": definition.description,
        "groupName": definition.group,
        "options": [
            {
                "label": label,
                "value": value,
                "description": "",
                "displayOrder": order,
                "hidden": False,
            }
            for order, (value, label) in enumerate(definition.options)
        ],
        "displayOrder": -1,
        "calculated": definition.calculated,
        "externalOptions": definition.external_options,
        "archived": definition.archived_at is not None,
        "hasUniqueValue": definition.unique,
        "hidden": definition.hidden,
        "hubspotDefined": definition.hubspot_defined,
        "modificationMetadata": {
            "archivable": not definition.hubspot_defined,
            "readOnlyDefinition": definition.hubspot_defined,
            "readOnlyOptions": definition.hubspot_defined,
            "readOnlyValue": definition.read_only or definition.calculated,
        },
        "formField": definition.type == "string" and not definition.read_only,
        "dataSensitivity": definition.sensitivity,
    }
    if definition.currency:
        body["showCurrencySymbol"] = True
    if definition.archived_at is not None:
        body["archivedAt"] = iso(definition.archived_at)
    if definition.sensitivity != "non_sensitive":
        body["sensitiveDataCategories"] = ["PII"]
    return body


def by_name(definitions: tuple[PropertyDefinition, ...]) -> Mapping[str, PropertyDefinition]:
    """Return the definitions under their names."""
    return {definition.name: definition for definition in definitions}
