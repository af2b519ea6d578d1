"""The search: filters, one sort, offset paging up to 10,000 results (HubSpot: search guide)."""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from hubspot_sandbox.calls import Answer, Call, JsonObject, objects, texts, whole_number
from hubspot_sandbox.errors import invalid_request
from hubspot_sandbox.filters import (
    Comparable,
    Predicate,
    Reader,
    compile_filter,
    matches_words,
    reader_for,
    split_words,
    unknown_property,
)
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.objects import Selection
from hubspot_sandbox.portal import Portal
from hubspot_sandbox.records import Record, RecordStore
from hubspot_sandbox.strays import with_stray

RESULT_LIMIT: Final = 10_000
PAGE_LIMIT: Final = 200
GROUP_LIMIT: Final = 5
FILTERS_A_GROUP: Final = 6
FILTER_LIMIT: Final = 18
QUERY_LIMIT: Final = 3_000
_CACHED_SEARCHES: Final = 8

_QUERY_PROPERTIES: Final[dict[ObjectType, tuple[str, ...]]] = {
    "contacts": ("firstname", "lastname", "email", "hs_additional_emails", "phone", "company"),
    "deals": ("dealname", "description"),
    "companies": ("name", "domain"),
}


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """What a search asks for: groups of filters, and words."""

    groups: list[list[JsonObject]]
    query: str


@dataclass(frozen=True, kw_only=True)
class _Found:
    """A stretch of ascending ids; not copied, since there may be a million."""

    ids: Sequence[int]
    start: int
    end: int

    @property
    def count(self) -> int:
        """How many there are."""
        return self.end - self.start

    def all(self) -> Sequence[int]:
        """Return all of them."""
        return self.ids[self.start : self.end]

    def page(self, offset: int, limit: int, *, descending: bool) -> list[int]:
        """Return up to `limit` of them by id, from the lowest or from the highest."""
        if descending:
            end = max(self.start, self.end - offset)
            return list(self.ids[max(self.start, end - limit) : end])[::-1]
        start = self.start + offset
        return list(self.ids[start : min(self.end, start + limit)])


class SearchIndex:
    """The matching ids of recent searches, so that a walk by id doesn't filter all over again.

    Kept for one state of a store: any change to its records empties it.
    """

    def __init__(self) -> None:
        self._state: tuple[RecordStore, int] | None = None
        self._matches: dict[str, list[int]] = {}

    def matching(self, store: RecordStore, key: str, find: Callable[[], list[int]]) -> list[int]:
        """Return the ids `find` gives, in ascending order, found before or now."""
        state = (store, store.revision)
        if state != self._state or len(self._matches) > _CACHED_SEARCHES:
            self._state, self._matches = state, {}
        if key not in self._matches:
            self._matches[key] = find()
        return self._matches[key]


class SearchIndexes:
    """One search index per portal and type."""

    def __init__(self) -> None:
        self._indexes: dict[tuple[int, ObjectType], SearchIndex] = {}

    def of(self, portal: Portal, object_type: ObjectType) -> SearchIndex:
        """Return the index of a portal's records of one type."""
        return self._indexes.setdefault((portal.portal_id, object_type), SearchIndex())


def search_records(call: Call, indexes: SearchIndexes) -> Answer:
    """Answer a page of a search among live records; archived ones are never found."""
    object_type = call.object_type()
    limit, offset = _page(call.body)
    groups = _groups(call)
    query = call.body.get("query") or ""
    if not isinstance(query, str) or len(query) > QUERY_LIMIT:
        raise invalid_request(f"query must be text of at most {QUERY_LIMIT} characters")
    descending, sort_by = _sort(call, object_type)
    select = Selection(call, object_type, texts(call.body, "properties"))
    with call.portal.lock:
        side = call.portal.search_side(object_type)
        store = side.records()
        index = indexes.of(call.portal, object_type)
        wanted = _Wanted(groups=groups, query=query)
        matches = _matching_ids(call.portal, object_type, store, wanted, index)
        if sort_by == "hs_object_id":
            found = matches.page(offset, limit, descending=descending)
        else:
            definition = call.portal.properties[object_type][sort_by]
            read = reader_for(object_type, definition)
            span = slice(offset, offset + limit)
            found = _sorted_page(matches.all(), span, store.live, read, descending=descending)
        page = found
        if side.habits.strays and sort_by == "hs_object_id" and not descending:
            page = with_stray(found, store.ids(), limit, side.habits, call.body)
        results = [select.body(call.portal, side.hit(store.live[hit])) for hit in page]
    body: JsonObject = {"total": matches.count, "results": results}
    following = offset + len(set(found) & set(page))
    if following < matches.count:
        body["paging"] = {"next": {"after": str(following)}}
    return Answer(body=body)


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


def _matching_ids(
    portal: Portal,
    object_type: ObjectType,
    store: RecordStore,
    wanted: "_Wanted",
    index: SearchIndex,
) -> "_Found":
    """Return the ids of the records found, in ascending order.

    Bounds on the id in a search of one group are taken from the sorted result of the rest.
    """
    bounds, rest = _split_id_bounds(wanted.groups)
    predicates = _predicates(portal, object_type, rest)

    def find() -> list[int]:
        live = store.live
        # By the shortest way that serves: HubSpot's own index doesn't look at every record.
        if not wanted.query and not predicates:
            return list(store.ids())
        if not wanted.query and len(predicates) == 1 == len(predicates[0]):
            matches = predicates[0][0]
            return [record_id for record_id in store.ids() if matches(live[record_id])]
        return [
            record_id
            for record_id in store.ids()
            if _matches(live[record_id], object_type, predicates, wanted.query)
        ]

    ids = index.matching(store, json.dumps([rest, wanted.query], sort_keys=True), find)
    start, end = 0, len(ids)
    for operator, value in bounds:
        if operator == "GT":
            start = max(start, bisect_right(ids, value))
        elif operator == "GTE":
            start = max(start, bisect_left(ids, value))
        elif operator == "LT":
            end = min(end, bisect_left(ids, value))
        else:
            end = min(end, bisect_right(ids, value))
    return _Found(ids=ids, start=start, end=max(start, end))


def _split_id_bounds(
    groups: Sequence[list[JsonObject]],
) -> tuple[list[tuple[str, int]], list[list[JsonObject]]]:
    if len(groups) != 1:
        return [], list(groups)
    bounds: list[tuple[str, int]] = []
    rest: list[JsonObject] = []
    for entry in groups[0]:
        operator, value = str(entry.get("operator")), str(entry.get("value"))
        is_bound = entry.get("propertyName") == "hs_object_id" and operator in {
            "GT",
            "GTE",
            "LT",
            "LTE",
        }
        if is_bound and value.isdecimal():
            bounds.append((operator, int(value)))
        else:
            rest.append(entry)
    return bounds, [rest] if rest else []


def _predicates(
    portal: Portal, object_type: ObjectType, groups: Sequence[list[JsonObject]]
) -> list[list[Predicate]]:
    definitions = portal.properties[object_type]
    return [[compile_filter(object_type, definitions, entry) for entry in g] for g in groups]


def _matches(
    record: Record, object_type: ObjectType, groups: list[list[Predicate]], query: str
) -> bool:
    if groups and not any(all(predicate(record) for predicate in group) for group in groups):
        return False
    if not query:
        return True
    values = (record.properties.get(name, "") for name in _QUERY_PROPERTIES[object_type])
    return matches_words(" ".join(values), split_words(query))


def _sorted_page(
    ids: Sequence[int], span: slice, live: dict[int, Record], read: Reader, *, descending: bool
) -> list[int]:
    """Return a span of the ids sorted by a value; empty values come last, ties go by id."""
    filled: list[tuple[Comparable, int]] = []
    empty: list[int] = []
    for record_id in ids:
        value = read(live[record_id])
        if value is None:
            empty.append(record_id)
        else:
            filled.append((value, record_id))
    filled.sort(reverse=descending)
    return [*(record_id for _, record_id in filled), *empty][span]
