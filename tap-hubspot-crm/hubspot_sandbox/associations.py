"""Answers about associations: the batch read, one record's links, the labels."""

from typing import Final

from hubspot_sandbox.batches import BatchAnswer, input_ids
from hubspot_sandbox.calls import Answer, Call, JsonObject, objects, whole_number
from hubspot_sandbox.links import LINK_TYPES, are_linked, link_types
from hubspot_sandbox.object_types import SINGULARS, ObjectType
from hubspot_sandbox.quirks import is_refused

#: A single record's links a page.
PAGE_LIMIT: Final = 500


def batch_read_links(call: Call) -> Answer:
    """Answer the links of up to 1,000 records.

    A record without any is an error in a 207, as HubSpot has it; a record with many is paged by
    itself, `after` in its input.
    """
    from_type, to_type = call.object_type("from_type"), call.object_type("to_type")
    dialect = call.dialect
    ids = input_ids(call, "associations_inputs", dialect.associations_inputs)
    answer = BatchAnswer(call, dialect.associations_silence, "associations", from_type, to_type)
    refused: list[str] = []
    with call.portal.lock:
        for entry in objects(call.body, "inputs"):
            record_id = str(entry["id"])
            after = whole_number(str(entry.get("after") or 0), "after")
            if is_refused(dialect, dialect.associations_refusal, from_type, record_id):
                refused.append(record_id)
                continue
            if answer.is_silent(record_id, is_alone=len(ids) == 1):
                continue
            found = _links(call, (from_type, to_type), record_id)
            if found and not after and answer.is_said_missing(record_id):
                found = []
            page, following = _page(call, found, after)
            if not page:
                _add_no_links(answer, from_type, to_type, record_id)
                continue
            result: JsonObject = {"from": {"id": record_id}, "to": page}
            if following is not None:
                call.quirks.count("associations_page")
                result["paging"] = {"next": {"after": following, "link": call.address}}
            answer.results.append(result)
    answer.refuse(dialect.associations_refusal, "fromObjectId", refused)
    return answer.answer()


def read_links(call: Call) -> Answer:
    """Answer a page of one record's links; none is an empty list here."""
    from_type = call.object_type()
    to_type = call.object_type("to_type")
    limit = whole_number(call.query.get("limit", str(PAGE_LIMIT)), "limit", low=1, high=PAGE_LIMIT)
    after = whole_number(call.query.get("after") or "0", "after")
    with call.portal.lock:
        found = _links(call, (from_type, to_type), call.path["record_id"])
    found = [link for link in found if _id(link) >= after]
    body: JsonObject = {"results": found[:limit]}
    if len(found) > limit:
        body["paging"] = call.next_page(str(_id(found[limit - 1]) + 1))
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


def _page(call: Call, found: list[JsonObject], after: int) -> tuple[list[JsonObject], str | None]:
    """Return a page of one record's links and the cursor of the next, None after the last."""
    size, cycle = call.dialect.associations_page, call.dialect.associations_cursor_cycle
    start = sum(_id(link) < after for link in found)
    page = found[start : start + size]
    if cycle and len(found) > size:
        call.quirks.count("associations_cursor_cycle")
        following = (start // size + 1) % min(cycle, -(-len(found) // size))
        return page, str(_id(found[following * size]))
    return page, str(_id(page[-1]) + 1) if start + size < len(found) else None


def _id(link: JsonObject) -> int:
    return int(str(link["toObjectId"]))


def _links(call: Call, ends: tuple[ObjectType, ObjectType], text: str) -> list[JsonObject]:
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
    ]


def _add_no_links(
    answer: BatchAnswer, from_type: ObjectType, to_type: ObjectType, record_id: str
) -> None:
    message = f"No {SINGULARS[to_type]} is associated with {SINGULARS[from_type]} {record_id}."
    answer.add_error(
        "OBJECT_NOT_FOUND",
        message,
        {"fromObjectId": [record_id]},
        subCategory="crm.associations.NO_ASSOCIATIONS_FOUND",
    )
