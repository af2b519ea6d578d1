"""Which record a request is about, which properties it asked for, and the record as JSON."""

from collections.abc import Sequence
from typing import Final

from hubspot_sandbox.calls import Call, JsonObject
from hubspot_sandbox.clock import iso
from hubspot_sandbox.errors import invalid_request
from hubspot_sandbox.links import are_linked, link_types
from hubspot_sandbox.object_types import (
    DEFAULT_PROPERTIES,
    MODIFIED_PROPERTY,
    SINGULARS,
    TYPE_IDS,
    ObjectType,
    find_object_type,
)
from hubspot_sandbox.portal import Portal
from hubspot_sandbox.records import Record
from hubspot_sandbox.stamps import STAMPS, value_of

INLINE_ASSOCIATIONS: Final = 100


class Selection:
    """The properties a request asked for, ready to be read from many records.

    Args:
        call: The request.
        object_type: The type of the records.
        names: What it named; empty or None: HubSpot's own few.
        more_sensitive: Names that need the sensitive scope in this kind of request.

    Raises:
        ApiError: it named one that its token may not read, and the dialect refuses that.
    """

    def __init__(
        self,
        call: Call,
        object_type: ObjectType,
        names: Sequence[str] | None,
        more_sensitive: tuple[str, ...] = (),
    ) -> None:
        asked = tuple(names or ()) or DEFAULT_PROPERTIES[object_type]
        always = ("createdate", "hs_object_id", MODIFIED_PROPERTY[object_type])
        names = list(dict.fromkeys((*always, *asked)))
        known = call.readable(object_type, names, more_sensitive)
        self.object_type = object_type
        self.names = tuple(known)
        self._stamps = [
            (name, STAMPS[object_type][name]) for name in known if name in STAMPS[object_type]
        ]
        self._plain = [name for name in known if name not in STAMPS[object_type]]

    def read(self, record: Record) -> dict[str, str | None]:
        """Return the asked properties of a record; null for one never filled."""
        get = record.properties.get
        values: dict[str, str | None] = {name: get(name) for name in self._plain}
        for name, stamp in self._stamps:
            values[name] = stamp(record)
        return values

    def body(self, portal: Portal, record: Record) -> JsonObject:
        """Return a record as HubSpot answers it."""
        body: JsonObject = {
            "id": str(record.id),
            "properties": self.read(record),
            "createdAt": iso(record.created_at),
            "updatedAt": iso(record.modified_at),
            "archived": record.archived_at is not None,
        }
        if record.archived_at is not None:
            body["archivedAt"] = iso(record.archived_at)
        type_id = TYPE_IDS[self.object_type]
        body["url"] = (
            f"https://app.hubspot.com/contacts/{portal.portal_id}/record/{type_id}/{record.id}"
        )
        return body


def find_record(
    portal: Portal,
    object_type: ObjectType,
    text: str,
    id_property: str | None,
    *,
    archived: bool,
) -> Record | None:
    """Return the record that an id, or a value of a unique property, leads to.

    Raises:
        ApiError: the property has no unique values.
    """
    store = portal.stores[object_type]
    if id_property in {None, "hs_object_id"}:
        return store.get(int(text), archived=archived) if text.isdecimal() else None
    definition = portal.properties[object_type].get(id_property or "")
    if definition is None or not definition.unique:
        raise invalid_request(
            "idProperty must be a property with unique values", field=["idProperty"]
        )
    records = store.archived if archived else store.live
    wanted = text.lower()
    return next(
        (
            record
            for record in records.values()
            if (value_of(object_type, record, definition.name) or "").lower() == wanted
        ),
        None,
    )


def full_body(
    call: Call,
    select: Selection,
    record: Record,
    history: list[str] | None,
    associations: list[str] | None,
) -> JsonObject:
    """Return a record as HubSpot answers it, with its history and its inline associations."""
    body = select.body(call.portal, record)
    if history:
        body["propertiesWithHistory"] = {
            name: [{"value": value, "timestamp": iso(record.modified_at), "sourceType": "CRM_UI"}]
            for name in history
            if (value := value_of(select.object_type, record, name)) is not None
        }
    if associations and record.archived_at is None:
        inline = _inline_associations(call.portal, select.object_type, record.id, associations)
        if inline:
            body["associations"] = inline
    return body


def _inline_associations(
    portal: Portal, object_type: ObjectType, record_id: int, names: list[str]
) -> JsonObject:
    """Return the linked ids by type, an id once per type of link, cut at 100 (HubSpot)."""
    inline: JsonObject = {}
    for to_type in {find_object_type(name) for name in names}:
        if to_type is None or not are_linked(object_type, to_type):
            continue
        kind = f"{SINGULARS[object_type]}_to_{SINGULARS[to_type]}"
        entries = [
            {"id": str(other), "type": kind if link.label is None else _slug(link.label)}
            for other, labels in portal.linked(object_type, record_id).items()
            for link in link_types(labels)
        ]
        if entries:
            inline[to_type] = {"results": entries[:INLINE_ASSOCIATIONS]}
    return inline


def _slug(label: str) -> str:
    return label.lower().replace(" ", "_")
