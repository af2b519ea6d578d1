"""Which records a search finds: filters and words over what its index knows."""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import ge, gt, le, lt
from typing import Final

from hubspot_sandbox.calls import JsonObject
from hubspot_sandbox.filters import Predicate, compile_filter, matches_words, split_words
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.portal import Portal
from hubspot_sandbox.records import Record, RecordStore

_CACHED_SEARCHES: Final = 8
_QUERY_PROPERTIES: Final[dict[ObjectType, tuple[str, ...]]] = {
    "contacts": ("firstname", "lastname", "email", "hs_additional_emails", "phone", "company"),
    "deals": ("dealname", "description"),
    "companies": ("name", "domain"),
}
_TEXT_COMPARE: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "GT": gt,
    "GTE": ge,
    "LT": lt,
    "LTE": le,
}


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What a search asks for: groups of filters, and words."""

    groups: list[list[JsonObject]]
    query: str
    #: Whether filters compare ids as text.
    has_text_ids: bool


@dataclass(frozen=True, kw_only=True)
class Found:
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


def matching_ids(
    portal: Portal,
    object_type: ObjectType,
    store: RecordStore,
    wanted: Filters,
    index: SearchIndex,
) -> Found:
    """Return the ids of the records found, in ascending order.

    Bounds on the id in a search of one group are taken from the sorted result of the rest, unless
    ids are compared as text.
    """
    bounds, rest = _split_id_bounds([] if wanted.has_text_ids else wanted.groups)
    if wanted.has_text_ids:
        rest = wanted.groups
    predicates = _predicates(portal, object_type, rest, has_text_ids=wanted.has_text_ids)

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

    key = json.dumps([rest, wanted.query, wanted.has_text_ids], sort_keys=True)
    ids = index.matching(store, key, find)
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
    return Found(ids=ids, start=start, end=max(start, end))


def _split_id_bounds(
    groups: Sequence[list[JsonObject]],
) -> tuple[list[tuple[str, int]], list[list[JsonObject]]]:
    if len(groups) != 1:
        return [], list(groups)
    bounds: list[tuple[str, int]] = []
    rest: list[JsonObject] = []
    for entry in groups[0]:
        operator, value = str(entry.get("operator")), str(entry.get("value"))
        is_bound = entry.get("propertyName") == "hs_object_id" and operator in _TEXT_COMPARE
        if is_bound and value.isdecimal():
            bounds.append((operator, int(value)))
        else:
            rest.append(entry)
    return bounds, [rest] if rest else []


def _predicates(
    portal: Portal,
    object_type: ObjectType,
    groups: Sequence[list[JsonObject]],
    *,
    has_text_ids: bool,
) -> list[list[Predicate]]:
    definitions = portal.properties[object_type]
    return [
        [
            (_text_id_filter(entry) if has_text_ids else None)
            or compile_filter(object_type, definitions, entry)
            for entry in group
        ]
        for group in groups
    ]


def _text_id_filter(entry: JsonObject) -> Predicate | None:
    """Return a filter that compares ids as text, None for any other filter."""
    compare = _TEXT_COMPARE.get(str(entry.get("operator")))
    if compare is None or entry.get("propertyName") != "hs_object_id":
        return None
    bound = str(entry.get("value"))
    return lambda record: compare(str(record.id), bound)


def _matches(
    record: Record, object_type: ObjectType, groups: list[list[Predicate]], query: str
) -> bool:
    if groups and not any(all(predicate(record) for predicate in group) for group in groups):
        return False
    if not query:
        return True
    values = (record.properties.get(name, "") for name in _QUERY_PROPERTIES[object_type])
    return matches_words(" ".join(values), split_words(query))
