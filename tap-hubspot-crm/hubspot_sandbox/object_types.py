"""The kinds of records a portal holds and HubSpot's several names for each."""

from typing import Final, Literal, TypeAlias

ObjectType: TypeAlias = Literal["contacts", "deals", "companies"]

OBJECT_TYPES: Final[tuple[ObjectType, ...]] = ("contacts", "deals", "companies")

#: HubSpot's numeric ids of the types, used in paths and in record addresses.
TYPE_IDS: Final[dict[ObjectType, str]] = {"contacts": "0-1", "deals": "0-3", "companies": "0-2"}

SINGULARS: Final[dict[ObjectType, str]] = {
    "contacts": "contact",
    "deals": "deal",
    "companies": "company",
}

#: The property that tells when a record last changed (HubSpot: search guide).
MODIFIED_PROPERTY: Final[dict[ObjectType, str]] = {
    "contacts": "lastmodifieddate",
    "deals": "hs_lastmodifieddate",
    "companies": "hs_lastmodifieddate",
}

#: What a list or a search answers with where no properties are asked for.
DEFAULT_PROPERTIES: Final[dict[ObjectType, tuple[str, ...]]] = {
    "contacts": ("email", "firstname", "lastname"),
    "deals": ("amount", "closedate", "dealname", "dealstage", "pipeline"),
    "companies": ("domain", "name"),
}

_BY_NAME: Final[dict[str, ObjectType]] = {
    name: object_type
    for object_type in OBJECT_TYPES
    for name in (object_type, SINGULARS[object_type], TYPE_IDS[object_type])
}


def find_object_type(name: str) -> ObjectType | None:
    """Return the type called `contacts`, `contact`, `CONTACT` or `0-1`; None for another."""
    return _BY_NAME.get(name.lower())
