"""Requests for records of one object type, and their answers read as rows. It decides nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tap_hubspot_crm.errors import UnexpectedResponseError
from tap_hubspot_crm.object_types import OBJECT_TYPES
from tap_hubspot_crm.paging import following_cursor
from tap_hubspot_crm.retrying import PATIENT, RetryPolicy
from tap_hubspot_crm.rows import MERGED_IDS, Row, RowReader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from tap_hubspot_crm.client import HubSpotClient
    from tap_hubspot_crm.endpoints import Endpoint
    from tap_hubspot_crm.exchange import Answer

SEARCH_LIMIT: Final = 200
_NOT_FOUND: Final = 404
#: A portal does not hold so many records: a greater total is no count.
_GREATEST_TOTAL: Final = 10**9


@dataclass(frozen=True, kw_only=True)
class BatchAnswer:
    """What one batch read said."""

    rows: Mapping[str, Row] = field(repr=False)
    #: Ids that HubSpot says it does not have.
    absent: frozenset[str]
    answered_at: datetime


@dataclass(frozen=True, kw_only=True)
class RowsPage:
    """Rows of a listing or a search."""

    rows: tuple[Row, ...] = field(repr=False)
    #: HubSpot's cursor of the next page, None on the last.
    following: str | None
    #: How many rows a search counts, None where it does not say.
    total: int | None
    asked_at: datetime
    answered_at: datetime


class ObjectRequests:
    """Asks for rows of one object type."""

    def __init__(
        self, client: HubSpotClient, object_type: str, properties: Sequence[str] = ()
    ) -> None:
        """Prepare reading.

        Args:
            client: Sends the requests.
            object_type: The name of one of `OBJECT_TYPES`.
            properties: All properties that a request may ask for.
        """
        self.client = client
        self.object_type = object_type
        self.modified_property = OBJECT_TYPES[object_type].modified_property
        names = dict.fromkeys((*properties, self.modified_property, MERGED_IDS))
        self.reader = RowReader(names, self.modified_property)

    def listing(self, query: Mapping[str, str], *, policy: RetryPolicy = PATIENT) -> RowsPage:
        """Return a page of a listing."""
        endpoint = self.client.paths.listing(self.object_type)
        answer = self.client.get(endpoint, query, read=self.reader.read, policy=policy)
        return self._page(answer, endpoint)

    def search(self, payload: Mapping[str, Any], *, policy: RetryPolicy = PATIENT) -> RowsPage:
        """Return a page of search results."""
        endpoint = self.client.paths.search(self.object_type)
        answer = self.client.post(endpoint, payload, read=self.reader.read, policy=policy)
        return self._page(answer, endpoint)

    def batch(
        self,
        ids: Sequence[str],
        properties: Sequence[str],
        *,
        archived: bool,
        policy: RetryPolicy = PATIENT,
    ) -> BatchAnswer:
        """Return what a batch read of up to 100 ids says about them."""
        endpoint = self.client.paths.batch_read(self.object_type)
        payload = {
            "inputs": [{"id": id_} for id_ in ids],
            "properties": list(properties),
            "propertiesWithHistory": [],
        }
        query = {"archived": "true" if archived else "false"}
        try:
            answer = self.client.post(
                endpoint, payload, query, read=self.reader.read, policy=policy
            )
        except UnexpectedResponseError as error:
            if error.status == _NOT_FOUND and error.category == "OBJECT_NOT_FOUND":
                # Seen in place of a 207 where none of the ids exists.
                return BatchAnswer(
                    rows={}, absent=frozenset(ids), answered_at=self.client.clock.now()
                )
            raise
        rows = {row.id: row for row in self._rows(answer, endpoint)}
        return BatchAnswer(
            rows=rows,
            absent=absent_ids(answer.body, ids, under="ids"),
            answered_at=answer.answered_at,
        )

    def _page(self, answer: Answer, endpoint: Endpoint) -> RowsPage:
        total = answer.body.get("total")
        if not isinstance(total, int) or isinstance(total, bool):
            total = None
        return RowsPage(
            rows=self._rows(answer, endpoint),
            following=following_cursor(answer.body, endpoint),
            total=total if total is not None and 0 <= total <= _GREATEST_TOTAL else None,
            asked_at=answer.asked_at,
            answered_at=answer.answered_at,
        )

    def _rows(self, answer: Answer, endpoint: Endpoint) -> tuple[Row, ...]:
        results = answer.body.get("results")
        if not isinstance(results, list):
            raise UnexpectedResponseError(f"HubSpot's answer to {endpoint.path} has no results")
        try:
            return self.reader.rows(results)
        except (TypeError, KeyError, ValueError, AttributeError):
            raise UnexpectedResponseError(
                f"a row in HubSpot's answer to {endpoint.path} lacks its id or a time",
                category="MALFORMED",
                is_divisible=True,
            ) from None


def absent_ids(body: Mapping[str, Any], asked: Sequence[str], *, under: str) -> frozenset[str]:
    """Return the asked ids that an answer for many says HubSpot does not have.

    Args:
        body: The answer.
        asked: All ids that it is about.
        under: Where the context of an error names them (`ids`, `fromObjectId`).
    """
    if not is_complete(body):
        return frozenset()
    errors = body.get("errors")
    absent: set[str] = set()
    for error in errors if isinstance(errors, list) else ():
        if not isinstance(error, dict) or not _is_not_found(error):
            continue
        context = error.get("context")
        ids = context.get(under) if isinstance(context, dict) else None
        if isinstance(ids, list):
            absent.update(str(id_) for id_ in ids)
        elif len(asked) == 1:
            # It names none; there is only one that it can be about.
            absent.update(asked)
    return frozenset(absent.intersection(asked))


def is_complete(body: Mapping[str, Any]) -> bool:
    """Say whether HubSpot has done all that a batch was for (its specification: COMPLETE)."""
    return body.get("status") in {None, "COMPLETE"}


def _is_not_found(error: Mapping[str, Any]) -> bool:
    names = (error.get("category"), error.get("subCategory"))
    return any(
        isinstance(name, str) and ("NOT_FOUND" in name or "NO_ASSOCIATIONS" in name)
        for name in names
    )
