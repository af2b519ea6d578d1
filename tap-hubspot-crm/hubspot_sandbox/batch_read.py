"""The batch read of records."""

from hubspot_sandbox.batches import BatchAnswer, input_ids
from hubspot_sandbox.calls import Answer, Call, JsonObject, flag, texts
from hubspot_sandbox.errors import internal_error, invalid_request, not_found
from hubspot_sandbox.object_types import SINGULARS, ObjectType
from hubspot_sandbox.objects import HISTORY_LIMIT
from hubspot_sandbox.quirks import is_refused
from hubspot_sandbox.records import Record
from hubspot_sandbox.selection import Selection, find_record, full_body


def batch_read(call: Call) -> Answer:
    """Answer up to 100 records by id; what isn't there becomes an error in a 207.

    An id that was merged away answers the survivor under the survivor's id, once however many of
    its ids are asked for.
    """
    object_type, dialect = call.object_type(), call.dialect
    history = texts(call.body, "propertiesWithHistory")
    ids = list(dict.fromkeys(input_ids(call, "batch_inputs", dialect.batch_inputs)))
    if history and len(ids) > HISTORY_LIMIT:
        raise invalid_request(
            "The maximum number of inputs supported in a batch request for property histories "
            f"is {HISTORY_LIMIT}",
            field=["inputs"],
        )
    names = texts(call.body, "properties")
    if dialect.batch_properties is not None and len(names or ()) > dialect.batch_properties:
        call.quirks.count("batch_properties")
        raise internal_error()
    select = Selection(call, object_type, names, dialect.batch_sensitive)
    answer = BatchAnswer(call, dialect.batch_silence, "batch", object_type)
    found: dict[int, JsonObject] = {}
    missing: list[str] = []
    refused: list[str] = []
    with call.portal.lock:
        for text in ids:
            record = _find(call, object_type, text)
            if record and is_refused(dialect, dialect.batch_refusal, object_type, record.id):
                refused.append(text)
            elif answer.is_silent(text, is_alone=len(ids) == 1):
                continue
            elif record is None or answer.is_said_missing(text):
                missing.append(text)
            elif record.id not in found:
                found[record.id] = full_body(call, select, record, history, None)
    answer.refuse(dialect.batch_refusal, "ids", refused)
    if missing:
        message = (
            f"Could not get some {SINGULARS[object_type].upper()} objects, they may be deleted or "
            "not exist. Check that ids are valid."
        )
        if missing == ids and dialect.batch_all_missing == "404":
            call.quirks.count("batch_all_missing")
            raise not_found(message)
        answer.add_error("OBJECT_NOT_FOUND", message, {"ids": missing})
    answer.results = list(found.values())
    return answer.answer()


def _find(call: Call, object_type: ObjectType, text: str) -> Record | None:
    archived = flag(call.query, "archived")
    if archived and not call.dialect.batch_reads_archived:
        call.quirks.count("batch_reads_archived")
        return None
    id_property = call.body.get("idProperty")
    by = id_property if isinstance(id_property, str) else None
    return find_record(call.portal, object_type, text, by, archived=archived)
