"""Answers about records: the list, one record, the batch read."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final

from hubspot_sandbox.calls import (
    Answer,
    Call,
    JsonObject,
    comma_list,
    could_not_get,
    flag,
    input_ids,
    texts,
    whole_number,
)
from hubspot_sandbox.clock import iso
from hubspot_sandbox.cursors import read_cursor, write_cursor
from hubspot_sandbox.errors import invalid_request, not_found
from hubspot_sandbox.faults import share
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

LIST_LIMIT: Final = 100
BATCH_LIMIT: Final = 100
HISTORY_LIMIT: Final = 50
INLINE_ASSOCIATIONS: Final = 100


class Selection:
    """The properties a request asked for, ready to be read from many records."""

    def __init__(self, call: Call, object_type: ObjectType, names: Iterable[str] | None) -> None:
        definitions = call.portal.properties[object_type]
        readable = call.sensitivities(object_type)
        asked = tuple(names or ()) or DEFAULT_PROPERTIES[object_type]
        always = ("createdate", "hs_object_id", MODIFIED_PROPERTY[object_type])
        known = [
            name
            for name in dict.fromkeys((*always, *asked))
            if (definition := definitions.get(name)) is not None
            and definition.archived_at is None
            and definition.sensitivity in readable
        ]
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


def list_records(call: Call) -> Answer:
    """Answer a page of the list, in order of id.

    `after` is the id of the first record wanted (HubSpot: using object APIs; their sample gives
    the last id plus one), unless the dialect has it otherwise. With history a page holds half as
    many.
    """
    object_type = call.object_type()
    history = comma_list(call.query, "propertiesWithHistory")
    limit = whole_number(
        call.query.get("limit", "10"), "limit", low=1, high=HISTORY_LIMIT if history else LIST_LIMIT
    )
    archived = flag(call.query, "archived")
    associations = comma_list(call.query, "associations")
    select = Selection(call, object_type, comma_list(call.query, "properties"))
    style = call.dialect.list_cursor
    with call.portal.lock:
        store = call.portal.stores[object_type]
        given = call.query.get("after")
        after = read_cursor(style, given, store) if given else 0
        found = store.page(after=after, limit=limit + 1, archived=archived)
        page = found[:limit]
        if call.dialect.shuffles_list_pages:
            page.sort(key=lambda record: share("shuffled", record.id))
        results = _rows(call, select, page, history, associations)
    body: JsonObject = {"results": results}
    if len(found) > limit:
        body["paging"] = call.next_page(write_cursor(style, found[limit - 1].id))
    return Answer(body=body)


def _rows(
    call: Call,
    select: Selection,
    page: list[Record],
    history: list[str] | None,
    associations: list[str] | None,
) -> Sequence[object]:
    if history or associations:
        return [_full_body(call, select, record, history, associations) for record in page]
    kept = call.portal.kept_rows[select.object_type]
    make = partial(select.body, call.portal)
    return [kept.row(select.names, record, make) for record in page]


def read_record(call: Call) -> Answer:
    """Answer one record by its id, by an id merged into it, or by a unique property."""
    object_type = call.object_type()
    select = Selection(call, object_type, comma_list(call.query, "properties"))
    archived = flag(call.query, "archived")
    with call.portal.lock:
        record = _find(
            call.portal,
            object_type,
            call.path["record_id"],
            call.query.get("idProperty"),
            archived=archived,
        )
        if record is None:
            raise not_found("resource not found")
        return Answer(
            body=_full_body(
                call,
                select,
                record,
                comma_list(call.query, "propertiesWithHistory"),
                comma_list(call.query, "associations"),
            )
        )


def batch_read(call: Call) -> Answer:
    """Answer up to 100 records by id; what isn't there becomes an error in a 207.

    An id that was merged away answers the survivor under the survivor's id, once however many of
    its ids are asked for.
    """
    object_type = call.object_type()
    history = texts(call.body, "propertiesWithHistory")
    ids = input_ids(call.body, BATCH_LIMIT)
    if history and len(ids) > HISTORY_LIMIT:
        raise invalid_request(
            "The maximum number of inputs supported in a batch request for property histories "
            f"is {HISTORY_LIMIT}",
            field=["inputs"],
        )
    id_property = call.body.get("idProperty")
    by = id_property if isinstance(id_property, str) else None
    select = Selection(call, object_type, texts(call.body, "properties"))
    started = iso(call.portal.clock.now_ms())
    archived = flag(call.query, "archived")
    found: dict[int, JsonObject] = {}
    missing: list[str] = []
    with call.portal.lock:
        for text in dict.fromkeys(ids):
            record = _find(call.portal, object_type, text, by, archived=archived)
            if record is None:
                missing.append(text)
            elif record.id not in found:
                found[record.id] = _full_body(call, select, record, history, None)
    body: JsonObject = {"status": "COMPLETE", "results": list(found.values())}
    if missing:
        body["numErrors"] = 1
        body["errors"] = [could_not_get(object_type, missing)]
    body |= {"startedAt": started, "completedAt": iso(call.portal.clock.now_ms())}
    return Answer(body=body, status=call.dialect.partial_status if missing else 200)


def _find(
    portal: Portal,
    object_type: ObjectType,
    text: str,
    id_property: str | None,
    *,
    archived: bool,
) -> Record | None:
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


def _full_body(
    call: Call,
    select: Selection,
    record: Record,
    history: list[str] | None,
    associations: list[str] | None,
) -> JsonObject:
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
