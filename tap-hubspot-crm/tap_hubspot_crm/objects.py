"""Reads one type of records: listings by HubSpot's cursor, searches by keyset, batches by id."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tap_hubspot_crm.batch_read import BATCH_LIMIT, BatchReader
from tap_hubspot_crm.counted_search import CountedSearch
from tap_hubspot_crm.errors import TapError
from tap_hubspot_crm.list_read import LIST_LIMIT, ListReader
from tap_hubspot_crm.object_requests import SEARCH_LIMIT, ObjectRequests
from tap_hubspot_crm.readable import ReadableProperties
from tap_hubspot_crm.retrying import BRIEF, PATIENT, STEADY, RetryPolicy
from tap_hubspot_crm.rows import MERGED_IDS
from tap_hubspot_crm.spans import Found
from tap_hubspot_crm.windows import Hit, search_filters

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from tap_hubspot_crm.client import HubSpotClient
    from tap_hubspot_crm.object_requests import RowsPage
    from tap_hubspot_crm.reading import ListedPage, Reading
    from tap_hubspot_crm.spans import Query
    from tap_hubspot_crm.windows import Window

__all__ = ("BATCH_LIMIT", "LIST_LIMIT", "ObjectReader", "SearchPage")


@dataclass(frozen=True, kw_only=True)
class SearchPage:
    """One page of search results."""

    found: Found
    asked_at: datetime
    #: Whether HubSpot counts more rows than its searches show: said with the last page of several.
    is_short: bool = False


class ObjectReader:
    """Reads one object type with one set of properties."""

    def __init__(
        self,
        client: HubSpotClient,
        object_type: str,
        properties: Sequence[str] = (),
        *,
        sensitivities: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare reading.

        Args:
            client: Sends the requests.
            object_type: The name of one of `OBJECT_TYPES`.
            properties: HubSpot properties to ask for, beside the two that the tap itself needs.
            sensitivities: `sensitive` or `highly_sensitive` of the properties that are.
        """
        self.client = client
        self.object_type = object_type
        self._requests = ObjectRequests(client, object_type, properties)
        self.modified_property = self._requests.modified_property
        self.properties = ReadableProperties(
            names=(*properties, MERGED_IDS),
            required=self.modified_property,
            sensitivities=sensitivities or {},
        )
        self._batches = BatchReader(self._requests, self.properties)
        self._lists = ListReader(self._requests, self.properties, self._batches)
        self._search_limit = SEARCH_LIMIT
        #: What a search asks for of each row; the second only helps to place merged rows.
        self._shown: tuple[str, ...] = (self.modified_property, MERGED_IDS)

    @property
    def property_count(self) -> int:
        """How many properties are asked for of each row."""
        return len(self.properties.names)

    def list_page(
        self, *, archived: bool, after: str | None = None, is_guess: bool = False
    ) -> ListedPage:
        """Return one page of the live or the archived listing; see `ListReader.page`."""
        return self._lists.page(archived=archived, after=after, is_guess=is_guess)

    def list_pages(self, *, archived: bool) -> Iterator[ListedPage]:
        """Yield every page of the live or the archived listing, rows in full."""
        return self._lists.pages(archived=archived)

    def read(
        self, ids: Sequence[str], *, archived: bool = False, policy: RetryPolicy = STEADY
    ) -> Reading:
        """Return up to 100 rows by id, fresh from the store; see `BatchReader.read`."""
        return self._batches.read(ids, archived=archived, policy=policy)

    def read_listed(self, ids: Sequence[str], *, archived: bool = False) -> Reading:
        """Return rows that a listing shows; see `BatchReader.read_listed`."""
        return self._batches.read_listed(ids, archived=archived)

    def found_beside(self, ids: Collection[str]) -> str | None:
        """Return the id of a live record that is not among these, None if none is found."""
        return self._batches.found_beside(ids)

    def search(self, window: Window) -> Iterator[SearchPage]:
        """Yield every row that the index shows as modified in the window."""
        plan = CountedSearch(window.lower)
        while (query := plan.next_query()) is not None:
            page = self.search_page(query, window.lower)
            hits = plan.place(query, page.found, asked_at=page.asked_at)
            new = replace(page.found, hits=hits)
            yield replace(page, found=new, is_short=plan.is_short)

    def search_page(self, query: Query, lower: int) -> SearchPage:
        """Return the answer to one search for rows modified at a moment or later."""
        payload: dict[str, Any] = {
            "filterGroups": [{"filters": search_filters(self.modified_property, lower, query)}],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        }
        if query.offset is not None:
            payload["after"] = query.offset
        found = self._search(payload)
        return SearchPage(
            found=Found(
                hits=[
                    Hit(id=row.id, modified=row.modified, is_survivor=bool(row.merged_ids))
                    for row in found.rows
                ],
                following=found.following,
                total=found.total,
            ),
            asked_at=found.asked_at,
        )

    def _search(self, payload: Mapping[str, Any]) -> RowsPage:
        """Return a page of results, of fewer rows or with less of each where that is refused."""
        policy = STEADY
        while True:
            limit, shown = self._search_limit, self._shown
            try:
                return self._requests.search(
                    {**payload, "properties": list(shown), "limit": limit}, policy=policy
                )
            except TapError as error:
                if error.status == 403 and len(shown) > 1:  # noqa: PLR2004 - Forbidden
                    self._shown, policy = shown[:1], BRIEF
                elif policy is PATIENT or not error.is_divisible:
                    self._search_limit = SEARCH_LIMIT
                    raise
                elif limit > 1:
                    self._search_limit, policy = min(self._search_limit, limit // 2), BRIEF
                else:
                    # Not even one row is shown, so it was not the number of them.
                    self._search_limit, policy = SEARCH_LIMIT, PATIENT

    def greatest_id(self) -> tuple[int, int] | None:
        """Return the greatest live id and how many live rows there are, as the index knows.

        None where it knows none, or does not say how many.
        """
        found = self._requests.search(
            {
                "filterGroups": [],
                "sorts": [{"propertyName": "hs_object_id", "direction": "DESCENDING"}],
                "properties": [self.modified_property],
                "limit": 1,
            },
            policy=PATIENT,
        )
        if not found.rows or found.total is None:
            return None
        return int(found.rows[0].id), found.total

    def lowest_ids(self) -> tuple[str, ...]:
        """Return the ids of the live listing's first page, which are the lowest."""
        query = {
            "limit": str(LIST_LIMIT),
            "archived": "false",
            "properties": self.modified_property,
        }
        return tuple(row.id for row in self._requests.listing(query).rows)
