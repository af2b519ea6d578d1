"""HubSpot's object types that the tap reads: all that differs between them.

Names, scopes and properties: HubSpot's search guide and list of scopes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class ObjectType:
    """One type of records, each of them flat; a stream of the same name sends them."""

    #: HubSpot's plural, which is also its part of a path.
    name: str
    #: What a token must be allowed to read its records and its properties.
    scope: str
    #: The property that holds when a record last changed. A search that filters one type on the
    #: property of another finds nothing, without an error.
    modified_property: str


CONTACTS = ObjectType(
    name="contacts", scope="crm.objects.contacts.read", modified_property="lastmodifieddate"
)
DEALS = ObjectType(
    name="deals", scope="crm.objects.deals.read", modified_property="hs_lastmodifieddate"
)

#: By name, in the order of the state.
OBJECT_TYPES: Mapping[str, ObjectType] = {item.name: item for item in (CONTACTS, DEALS)}


def names_in_words() -> str:
    """Return the names of all object types as a sentence has them: `contacts and deals`."""
    *others, last = OBJECT_TYPES
    return f"{', '.join(others)} and {last}"
