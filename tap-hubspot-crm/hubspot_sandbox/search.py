"""The search: filters, one sort, offset paging up to 10,000 results (HubSpot: search guide)."""

from dataclasses import dataclass
from typing import Final

from hubspot_sandbox.calls import Answer, Call, JsonObject, objects, texts, whole_number
from hubspot_sandbox.errors import invalid_request
from hubspot_sandbox.filters import reader_for, unknown_property
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.records import RecordStore
from hubspot_sandbox.search_matches import Filters, Found, SearchIndexes, matching_ids
from hubspot_sandbox.search_order import (
    by_id,
    by_value,
    displaced,
    unsorted,
    with_swapped_ends,
    wrong_orders,
)
from hubspot_sandbox.selection import Selection
from hubspot_sandbox.strays import with_stray

RESULT_LIMIT: Final = 10_000
PAGE_LIMIT: Final = 200
GROUP_LIMIT: Final = 5
FILTERS_A_GROUP: Final = 6
FILTER_LIMIT: Final = 18
QUERY_LIMIT: Final = 3_000


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """Which part of what is found, and in which order."""

    limit: int
    offset: int
    sort_by: str
    descending: bool


def search_records(call: Call, indexes: SearchIndexes) -> Answer:
    """Answer a page of a search among live records; archived ones are never found."""
    object_type = call.object_type()
    limit, offset = _page(call.body)
    groups = _groups(call)
    query = call.body.get("query") or ""
    if not isinstance(query, str) or len(query) > QUERY_LIMIT:
        raise invalid_request(f"query must be text of at most {QUERY_LIMIT} characters")
    descending, sort_by = _sort(call, object_type)
    wanted = _Wanted(limit=limit, offset=offset, sort_by=sort_by, descending=descending)
    filtered = [str(entry.get("propertyName")) for group in groups for entry in group]
    sensitive = call.dialect.search_sensitive
    call.readable(object_type, [*filtered, sort_by], sensitive)
    select = Selection(call, object_type, texts(call.body, "properties"), sensitive)
    has_text_ids = call.dialect.search_filter == "text"
    call.quirks.count("search_filter", has_text_ids and "hs_object_id" in filtered)
    filters = Filters(groups=groups, query=query, has_text_ids=has_text_ids)
    with call.portal.lock:
        side = call.portal.search_side(object_type)
        store = side.records()
        index = indexes.of(call.portal, object_type)
        matches = matching_ids(call.portal, object_type, store, filters, index)
        found = _ordered_page(call, object_type, matches, store, wanted)
        page = found
        if side.habits.strays and sort_by == "hs_object_id" and not descending:
            page = with_stray(found, store.ids(), limit, side.habits, call.body)
        results = [select.body(call.portal, side.hit(store.live[hit])) for hit in page]
    body: JsonObject = {**_total(call, matches.count), "results": results}
    following = offset + len(set(found) & set(page))
    if following < matches.count:
        body["paging"] = {"next": {"after": str(following)}}
    return Answer(body=body)


def _ordered_page(
    call: Call, object_type: ObjectType, matches: Found, store: RecordStore, wanted: _Wanted
) -> list[int]:
    dialect, limit, offset = call.dialect, wanted.limit, wanted.offset
    is_by_id = wanted.sort_by == "hs_object_id"
    wrong = wrong_orders(dialect)
    if is_by_id and not wrong:
        return matches.page(offset, limit, descending=wanted.descending)
    if dialect.search_sort == "none":
        ids = unsorted(matches.all(), dialect)
    elif is_by_id:
        ids = by_id(matches.all(), dialect, descending=wanted.descending)
    else:
        read = reader_for(object_type, call.portal.properties[object_type][wanted.sort_by])
        ids = by_value(matches.all(), store.live, read, descending=wanted.descending)
    page = with_swapped_ends(displaced(ids, dialect), dialect, offset=offset, limit=limit)
    if is_by_id and page != matches.page(offset, limit, descending=wanted.descending):
        for switch in wrong:
            call.quirks.count(switch)
    return page


def _total(call: Call, count: int) -> JsonObject:
    said = call.dialect.search_total
    if said == "exact":
        return {"total": count}
    call.quirks.count("search_total")
    match said:
        case "negative":
            return {"total": -1}
        case "growing":
            return {"total": count + call.quirks.played["search_total"]}
        case "low":
            return {"total": count // 2}
        case "high":
            return {"total": count + 1}
        case _:
            return {}


def _page(body: JsonObject) -> tuple[int, int]:
    limit = whole_number(str(_given(body, "limit", 10)), "limit", low=1, high=PAGE_LIMIT)
    offset = whole_number(str(_given(body, "after", 0)), "after")
    if offset + limit > RESULT_LIMIT:
        raise invalid_request(
            f"There is a maximum of {RESULT_LIMIT} results a search can page through",
            parameter=["after"],
        )
    return limit, offset


def _given(body: JsonObject, name: str, otherwise: int) -> object:
    value = body.get(name)
    return otherwise if value is None or not str(value) else value


def _groups(call: Call) -> list[list[JsonObject]]:
    limit = call.dialect.search_body_limit
    if limit is not None and call.body_length > limit:
        raise invalid_request(f"The body of a search must not exceed {limit} characters")
    groups = [objects(group, "filters") for group in objects(call.body, "filterGroups")]
    loose = objects(call.body, "filters")
    if loose:
        groups.append(loose)
    if len(groups) > GROUP_LIMIT:
        raise invalid_request(f"at most {GROUP_LIMIT} filterGroups", field=["filterGroups"])
    if any(len(group) > FILTERS_A_GROUP for group in groups):
        raise invalid_request(f"at most {FILTERS_A_GROUP} filters a group", field=["filters"])
    if sum(map(len, groups)) > FILTER_LIMIT:
        raise invalid_request(f"at most {FILTER_LIMIT} filters altogether", field=["filters"])
    return [group for group in groups if group]


def _sort(call: Call, object_type: ObjectType) -> tuple[bool, str]:
    """Return whether to sort downwards, and by which property."""
    sorts = call.body.get("sorts") or []
    if not isinstance(sorts, list) or len(sorts) > 1:
        raise invalid_request("sorts must be a list of at most one sort", field=["sorts"])
    first = sorts[0] if sorts else "createdate"
    if isinstance(first, str):
        descending, name = first.startswith("-"), first.removeprefix("-")
    elif isinstance(first, dict):
        direction, name = first.get("direction", "ASCENDING"), str(first.get("propertyName"))
        if direction not in {"ASCENDING", "DESCENDING"}:
            raise invalid_request("direction must be ASCENDING or DESCENDING", field=["sorts"])
        descending = direction == "DESCENDING"
    else:
        raise invalid_request("a sort must be an object or a string", field=["sorts"])
    if name not in call.portal.properties[object_type]:
        raise unknown_property(name)
    return descending, name
