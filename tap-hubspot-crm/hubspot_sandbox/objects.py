"""Answers about records: the list, and one record."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from hubspot_sandbox.calls import Answer, Call, JsonObject, comma_list, flag, whole_number
from hubspot_sandbox.cursors import before_next, is_made_up, read_cursor, write_cursor
from hubspot_sandbox.errors import internal_error, not_found
from hubspot_sandbox.faults import share
from hubspot_sandbox.quirks import is_refused
from hubspot_sandbox.records import Record
from hubspot_sandbox.selection import Selection, find_record, full_body

HISTORY_LIMIT: Final = 50


def list_records(call: Call) -> Answer:
    """Answer a page of the list, in order of id.

    `after` is the id of the first record wanted (HubSpot: using object APIs; their sample gives
    the last id plus one), unless the dialect has it otherwise. With history a page holds half as
    many.
    """
    object_type = call.object_type()
    history = comma_list(call.query, "propertiesWithHistory")
    dialect = call.dialect
    most = min(dialect.list_limit, HISTORY_LIMIT) if history else dialect.list_limit
    asked = call.query.get("limit", "10")
    call.quirks.count("list_limit", asked.isdecimal() and int(asked) > dialect.list_limit)
    limit = whole_number(asked, "limit", low=1, high=most)
    archived = flag(call.query, "archived")
    associations = comma_list(call.query, "associations")
    names = comma_list(call.query, "properties")
    select = Selection(call, object_type, names, dialect.list_sensitive)
    style = dialect.list_cursor
    with call.portal.lock:
        store = call.portal.stores[object_type]
        given = call.query.get("after")
        after = 0
        if given:
            call.quirks.count("list_cursor", style != "id" and is_made_up(style, given, store))
            after = read_cursor(style, given, store)
        found = store.page(after=after, limit=limit + 1, archived=archived)
        page = found[:limit]
        if dialect.list_refuses and names:
            _refuse_page(call, select, page)
        if dialect.shuffles_list_pages:
            page.sort(key=lambda record: share("shuffled", record.id))
            call.quirks.count("shuffles_list_pages", page != found[:limit])
        results = _rows(call, select, page, history, associations)
        body: JsonObject = {"results": results}
        if len(found) > limit:
            last = found[limit - 1].id
            call.quirks.count("list_cursor", style == "opaque")
            if dialect.list_cursor_cycle:
                ids = store.ids(archived=archived)
                last = before_next(ids, last, limit, dialect.list_cursor_cycle)
                call.quirks.count("list_cursor_cycle", last != found[limit - 1].id)
            body["paging"] = call.next_page(write_cursor(style, last))
    return Answer(body=body)


def _refuse_page(call: Call, select: Selection, page: list[Record]) -> None:
    refusal, object_type = call.dialect.batch_refusal, select.object_type
    if any(is_refused(call.dialect, refusal, object_type, record.id) for record in page):
        call.quirks.count("list_refuses")
        raise internal_error()


def _rows(
    call: Call,
    select: Selection,
    page: list[Record],
    history: list[str] | None,
    associations: list[str] | None,
) -> Sequence[object]:
    if history or associations:
        return [full_body(call, select, record, history, associations) for record in page]
    kept = call.portal.kept_rows[select.object_type]
    make = partial(select.body, call.portal)
    return [kept.row(select.names, record, make) for record in page]


def read_record(call: Call) -> Answer:
    """Answer one record by its id, by an id merged into it, or by a unique property."""
    object_type = call.object_type()
    select = Selection(call, object_type, comma_list(call.query, "properties"))
    archived = flag(call.query, "archived")
    with call.portal.lock:
        record = find_record(
            call.portal,
            object_type,
            call.path["record_id"],
            call.query.get("idProperty"),
            archived=archived,
        )
        if record is None:
            raise not_found("resource not found")
        if is_refused(call.dialect, call.dialect.batch_refusal, object_type, record.id):
            call.quirks.count("batch_refusal")
            raise internal_error()
        return Answer(
            body=full_body(
                call,
                select,
                record,
                comma_list(call.query, "propertiesWithHistory"),
                comma_list(call.query, "associations"),
            )
        )
