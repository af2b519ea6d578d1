"""A contact or deal as HubSpot sends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct
from typing_extensions import override

from tap_hubspot_crm.timekeeping import parse_moment, to_milliseconds

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The property that names the ids merged into a row.
MERGED_IDS = "hs_merged_object_ids"


class Row(Struct, frozen=True, kw_only=True):
    """A contact or deal as HubSpot sent it.

    No dataclass: a frozen one takes four times as long to make, and this one is made for every row.
    """

    id: str
    properties: Mapping[str, str | None]
    created_at: str | None
    updated_at: str
    archived: bool
    archived_at: str | None
    #: The modification time that searches filter on, in milliseconds since 1970.
    modified: int

    @override
    def __repr__(self) -> str:
        """Return the id alone: the properties are personal."""
        return f"Row(id={self.id!r})"

    @property
    def merged_ids(self) -> tuple[str, ...]:
        """Ids of the rows that were merged into this one."""
        listed = self.properties.get(MERGED_IDS)
        if not listed:
            return ()
        parts = (part.strip() for part in listed.split(";"))
        return tuple(part for part in parts if part.isdecimal())


def parse_row(item: Any, modified_property: str) -> Row:  # noqa: ANN401 - JSON of any form
    """Return an item of HubSpot's answer as a row.

    Raises KeyError, TypeError, ValueError or AttributeError where it is none.
    """
    id_ = str(item["id"])
    if not id_.isdecimal():
        raise ValueError
    properties = item.get("properties") or {}
    updated_at = item.get("updatedAt") or properties[modified_property]
    modified_at = properties.get(modified_property) or updated_at
    return Row(
        id=id_,
        properties=properties,
        created_at=item.get("createdAt"),
        updated_at=updated_at,
        archived=item.get("archived") is True,
        archived_at=item.get("archivedAt"),
        # Worked out here, so that a broken time is told where it came in.
        modified=to_milliseconds(parse_moment(modified_at)),
    )
