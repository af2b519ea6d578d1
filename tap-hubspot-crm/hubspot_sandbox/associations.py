"""Answers about associations: the batch read, one record's links, the labels."""

from typing import Final

from hubspot_sandbox.calls import (
    Answer,
    Call,
    JsonObject,
    batch_error,
    input_ids,
    objects,
    whole_number,
)
from hubspot_sandbox.clock import iso
from hubspot_sandbox.links import LINK_TYPES, are_linked, link_types
from hubspot_sandbox.object_types import SINGULARS, ObjectType

BATCH_LIMIT: Final = 1_000
#: A single record's links a page.
PAGE_LIMIT: Final = 500


def batch_read_links(call: Call) -> Answer:
    """Answer the links of up to 1,000 records.

    A record without any is an error in a 207, as HubSpot has it; a record with many is paged by
    itself, `after` in its input.
    """
    from_type, to_type = call.object_type("from_type"), call.object_type("to_type")
    input_ids(call.body, BATCH_LIMIT)
    started = iso(call.portal.clock.now_ms())
    results: list[JsonObject] = []
    errors: list[JsonObject] = []
    with call.portal.lock:
        for entry in objects(call.body, "inputs"):
            record_id = str(entry["id"])
            after = whole_number(str(entry.get("after") or 0), "after")
            found = _links(call, (from_type, to_type), record_id, after)
            if not found:
                errors.append(_no_links(from_type, to_type, record_id))
                continue
            page = found[: call.dialect.associations_page]
            result: JsonObject = {"from": {"id": record_id}, "to": page}
            if len(found) > len(page):
                following = str(int(str(page[-1]["toObjectId"])) + 1)
                result["paging"] = {"next": {"after": following, "link": call.address}}
            results.append(result)
    body: JsonObject = {"status": "COMPLETE", "results": results}
    if errors:
        body |= {"numErrors": len(errors), "errors": errors}
    body |= {"startedAt": started, "completedAt": iso(call.portal.clock.now_ms())}
    return Answer(body=body, status=call.dialect.partial_status if errors else 200)


def read_links(call: Call) -> Answer:
    """Answer a page of one record's links; none is an empty list here."""
    from_type = call.object_type()
    to_type = call.object_type("to_type")
    limit = whole_number(call.query.get("limit", str(PAGE_LIMIT)), "limit", low=1, high=PAGE_LIMIT)
    after = whole_number(call.query.get("after") or "0", "after")
    with call.portal.lock:
        found = _links(call, (from_type, to_type), call.path["record_id"], after)
    body: JsonObject = {"results": found[:limit]}
    if len(found) > limit:
        body["paging"] = call.next_page(str(int(str(found[limit - 1]["toObjectId"])) + 1))
    return Answer(body=body)


def list_labels(call: Call) -> Answer:
    """Answer the types of links between two types, as seen from the first."""
    from_type = call.object_type("from_type")
    to_type = call.object_type("to_type")
    results = [
        {"category": kind.category, "typeId": kind.type_id(from_type), "label": kind.label}
        for kind in LINK_TYPES
        if are_linked(from_type, to_type)
    ]
    return Answer(body={"results": results})


def _links(
    call: Call, ends: tuple[ObjectType, ObjectType], text: str, after: int
) -> list[JsonObject]:
    from_type, to_type = ends
    record = call.portal.stores[from_type].get(int(text)) if text.isdecimal() else None
    if record is None or not are_linked(from_type, to_type):
        return []
    return [
        {
            # The specification says text; the legacy answers recorded hold a number.
            "toObjectId": other if call.family == "legacy" else str(other),
            "associationTypes": [
                {"category": kind.category, "typeId": kind.type_id(from_type), "label": kind.label}
                for kind in link_types(labels)
            ],
        }
        for other, labels in call.portal.linked(from_type, record.id).items()
        if other >= after
    ]


def _no_links(from_type: ObjectType, to_type: ObjectType, record_id: str) -> JsonObject:
    message = f"No {SINGULARS[to_type]} is associated with {SINGULARS[from_type]} {record_id}."
    return batch_error(
        "OBJECT_NOT_FOUND",
        message,
        {"fromObjectId": [record_id]},
        subCategory="crm.associations.NO_ASSOCIATIONS_FOUND",
    )
