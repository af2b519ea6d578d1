"""Reads one type of records: listings by HubSpot's cursor, searches by keyset, batches by id."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tap_hubspot_crm.errors import UnexpectedResponseError
from tap_hubspot_crm.id_search import SEARCH_LIMIT, IdSearch
from tap_hubspot_crm.object_types import OBJECT_TYPES
from tap_hubspot_crm.paging import following_cursor
from tap_hubspot_crm.rows import MERGED_IDS, Row, RowReader
from tap_hubspot_crm.spans import Found
from tap_hubspot_crm.windows import Hit, search_filters

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from tap_hubspot_crm.client import HubSpotClient
    from tap_hubspot_crm.endpoints import Endpoint
    from tap_hubspot_crm.exchange import Answer
    from tap_hubspot_crm.spans import Query
    from tap_hubspot_crm.windows import Window

LIST_LIMIT = 100
BATCH_LIMIT = 100

#: HubSpot answers 414 to long addresses, seen from 8,000 characters on.
_LONGEST_QUERY = 5_000


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a read by ids brought."""

    rows: tuple[Row, ...]
    #: Asked id to the row that HubSpot sent for it under another id.
    merged: Mapping[str, Row]
    #: Ids that HubSpot does not know, in the asked state of archival.
    missing: frozenset[str]
    answered_at: datetime


@dataclass(frozen=True, kw_only=True)
class ListedPage:
    """One page of a listing."""

    reading: Reading
    #: Every id the listing showed, also of rows that were gone when they were read.
    ids: tuple[str, ...]
    #: HubSpot's cursor of the next page; None ends the listing.
    after: str | None
    asked_at: datetime


@dataclass(frozen=True, kw_only=True)
class SearchPage:
    """One page of search results."""

    found: Found
    asked_at: datetime


class ObjectReader:
    """Reads one object type with one set of properties."""

    def __init__(
        self, client: HubSpotClient, object_type: str, properties: Sequence[str] = ()
    ) -> None:
        """Prepare reading.

        Args:
            client: Sends the requests.
            object_type: The name of one of `OBJECT_TYPES`.
            properties: HubSpot properties to ask for, beside the two that the tap itself needs.
        """
        self.client = client
        self.object_type = object_type
        self.modified_property = OBJECT_TYPES[object_type].modified_property
        self._properties = list(dict.fromkeys((*properties, self.modified_property, MERGED_IDS)))
        self._reader = RowReader(self._properties, self.modified_property)

    @property
    def property_count(self) -> int:
        """How many properties are asked for of each row."""
        return len(self._properties)

    @cached_property
    def lists_ids_only(self) -> bool:
        """Whether the rows of a listing are read by id: their properties would not fit in it."""
        return len(urlencode(self._list_query(archived=False))) > _LONGEST_QUERY

    def list_page(self, *, archived: bool, after: str | None = None) -> ListedPage:
        """Return one page of the live or the archived listing from a cursor on.

        Where `lists_ids_only`, its rows have no property but the modification time.
        """
        endpoint = self.client.paths.listing(self.object_type)
        query = self._list_query(archived=archived)
        if self.lists_ids_only:
            # Without the parameter HubSpot would send its default properties.
            query["properties"] = self.modified_property
        query = query if after is None else {**query, "after": after}
        answer = self.client.get(endpoint, query, read=self._reader.read)
        rows = self._rows(answer, endpoint)
        following = following_cursor(answer.body, endpoint)
        if following is not None and following == after:
            raise UnexpectedResponseError(f"the cursor of GET {endpoint.path} does not advance")
        return ListedPage(
            reading=Reading(
                rows=rows, merged={}, missing=frozenset(), answered_at=answer.answered_at
            ),
            ids=tuple(row.id for row in rows),
            after=following,
            asked_at=answer.asked_at,
        )

    def list_pages(self, *, archived: bool, after: str | None = None) -> Iterator[ListedPage]:
        """Yield every page of the live or the archived listing from a cursor on, rows in full.

        Only the absence of HubSpot's cursor ends it: a page may be short, or empty.
        """
        while True:
            page = self.list_page(archived=archived, after=after)
            if self.lists_ids_only and page.ids:
                page = replace(page, reading=self.read(page.ids, archived=archived))
            yield page
            if page.after is None:
                return
            after = page.after

    def search(self, window: Window) -> Iterator[SearchPage]:
        """Yield every row that the index shows as modified in the window."""
        plan = IdSearch(self.client.paths.search(self.object_type).path)
        while (query := plan.next_query()) is not None:
            page = self.search_page(query, window.lower)
            yield replace(page, found=replace(page.found, hits=plan.place(query, page.found)))

    def search_page(self, query: Query, lower: int) -> SearchPage:
        """Return the answer to one search for rows modified at a moment or later."""
        endpoint = self.client.paths.search(self.object_type)
        payload: dict[str, Any] = {
            "filterGroups": [{"filters": search_filters(self.modified_property, lower, query)}],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": [self.modified_property, MERGED_IDS],
            "limit": SEARCH_LIMIT,
        }
        if query.offset is not None:
            payload["after"] = query.offset
        answer = self.client.post(endpoint, payload, read=self._reader.read)
        rows = self._rows(answer, endpoint)
        return SearchPage(
            found=Found(
                hits=[
                    Hit(id=row.id, modified=row.modified, is_survivor=bool(row.merged_ids))
                    for row in rows
                ],
                following=following_cursor(answer.body, endpoint),
                total=_total(answer),
            ),
            asked_at=answer.asked_at,
        )

    def greatest_id(self) -> tuple[int, int] | None:
        """Return the greatest live id and how many live rows there are, as the index knows.

        None where it knows none, or does not tell how many.
        """
        endpoint = self.client.paths.search(self.object_type)
        answer = self.client.post(
            endpoint,
            {
                "filterGroups": [],
                "sorts": [{"propertyName": "hs_object_id", "direction": "DESCENDING"}],
                "properties": [self.modified_property],
                "limit": 1,
            },
            read=self._reader.read,
        )
        rows = self._rows(answer, endpoint)
        total = _total(answer)
        return None if not rows or total is None else (int(rows[0].id), total)

    def lowest_ids(self) -> tuple[str, ...]:
        """Return the ids of the live listing's first page, which are the lowest."""
        endpoint = self.client.paths.listing(self.object_type)
        query = {**self._list_query(archived=False), "properties": self.modified_property}
        answer = self.client.get(endpoint, query, read=self._reader.read)
        return tuple(row.id for row in self._rows(answer, endpoint))

    def _list_query(self, *, archived: bool) -> dict[str, str]:
        return {
            "limit": str(LIST_LIMIT),
            "archived": "true" if archived else "false",
            "properties": ",".join(self._properties),
        }

    def read(self, ids: Sequence[str], *, archived: bool = False) -> Reading:
        """Return up to 100 rows by id, fresh from the store.

        A merged id brings the row it is part of now, under that row's id (HubSpot: changelog on
        merging). The answer does not say which asked id a foreign row stands for unless the row
        lists it, so what stays open is asked for one by one.
        """
        answer = self._read(ids, archived=archived)
        endpoint = self.client.paths.batch_read(self.object_type)
        rows = {row.id: row for row in self._rows(answer, endpoint)}
        asked = set(ids)
        merged = {
            loser: row
            for row in rows.values()
            for loser in row.merged_ids
            if loser in asked and loser not in rows
        }
        missing = _unknown_ids(answer) & asked
        for id_ in sorted(asked - set(rows) - set(merged) - missing, key=int):
            if len(asked) == 1:
                survivors = [row for row in rows.values() if row.id != id_]
            else:
                alone = self.read([id_], archived=archived)
                rows |= {row.id: row for row in alone.rows}
                survivors = list(alone.merged.values())
            if survivors:
                merged[id_] = survivors[0]
            elif id_ not in rows:
                missing |= {id_}
        return Reading(
            rows=tuple(rows[id_] for id_ in ids if id_ in rows),
            merged=merged,
            missing=frozenset(missing),
            answered_at=answer.answered_at,
        )

    def _read(self, ids: Sequence[str], *, archived: bool) -> Answer:
        return self.client.post(
            self.client.paths.batch_read(self.object_type),
            {
                "inputs": [{"id": id_} for id_ in ids],
                "properties": self._properties,
                "propertiesWithHistory": [],
            },
            {"archived": "true" if archived else "false"},
            read=self._reader.read,
        )

    def _rows(self, answer: Answer, endpoint: Endpoint) -> tuple[Row, ...]:
        results = answer.body.get("results")
        if not isinstance(results, list):
            raise UnexpectedResponseError(f"HubSpot's answer to {endpoint.path} has no results")
        try:
            return self._reader.rows(results)
        except (TypeError, KeyError, ValueError, AttributeError):
            raise UnexpectedResponseError(
                f"a row in HubSpot's answer to {endpoint.path} lacks its id or a time"
            ) from None


def _total(answer: Answer) -> int | None:
    total = answer.body.get("total")
    return total if isinstance(total, int) and not isinstance(total, bool) else None


def _unknown_ids(answer: Answer) -> set[str]:
    """Return the ids that a batch read names as not found."""
    errors = answer.body.get("errors")
    unknown: set[str] = set()
    for error in errors if isinstance(errors, list) else ():
        context = error.get("context") if isinstance(error, dict) else None
        ids = context.get("ids") if isinstance(context, dict) else None
        unknown.update(str(id_) for id_ in (ids if isinstance(ids, list) else ()))
    return unknown
