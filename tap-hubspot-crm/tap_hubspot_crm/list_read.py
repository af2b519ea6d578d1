"""Reads listings by HubSpot's cursor, and asks for less where a page cannot be served."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from tap_hubspot_crm.errors import TapError
from tap_hubspot_crm.object_requests import SEARCH_LIMIT
from tap_hubspot_crm.paging import CursorTrail
from tap_hubspot_crm.reading import ListedPage, Reading
from tap_hubspot_crm.retrying import BRIEF, PATIENT, STEADY, RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_hubspot_crm.batch_read import BatchReader
    from tap_hubspot_crm.object_requests import ObjectRequests, RowsPage
    from tap_hubspot_crm.readable import ReadableProperties

logger = logging.getLogger("HubSpotConnector")

LIST_LIMIT: Final = 100
#: HubSpot answers 414 to long addresses, seen from 8,000 characters on.
_LONGEST_QUERY: Final = 5_000
_UNAVAILABLE: Final = 500
#: So many records in a row that no page can hold are an outage.
_MOST_PASSED: Final = 10
#: Where so many searches find lesser ids each time, none can be relied on.
_MOST_SEARCHES: Final = 20
#: HubSpot's ids are signed numbers of 64 bits.
_GREATEST_ID: Final = 2**63 - 1


class ListReader:
    """Reads the live and the archived listing of one object type."""

    def __init__(
        self, requests: ObjectRequests, properties: ReadableProperties, batches: BatchReader
    ) -> None:
        """Prepare reading.

        Args:
            requests: Sends the requests.
            properties: What is asked for of each record.
            batches: Reads the rows of pages that show ids only.
        """
        self._requests = requests
        self._properties = properties
        self._batches = batches
        #: The most rows of a page; less where HubSpot could only serve smaller ones.
        self._most = LIST_LIMIT
        #: Whether a page could only be served smaller: then a failure is looked into at once.
        self._has_odd_pages = False

    @cached_property
    def _is_too_long(self) -> bool:
        return len(urlencode({"properties": ",".join(self._properties.names)})) > _LONGEST_QUERY

    def page(
        self, *, archived: bool, after: str | None = None, is_guess: bool = False
    ) -> ListedPage:
        """Return one page from a cursor on.

        Args:
            archived: Which of the two listings.
            after: The cursor; None begins at the first record.
            is_guess: Whether HubSpot did not give out the cursor: then a failure is no reason to
                ask for less.

        Raises:
            TapError: HubSpot serves no page there.
        """
        policy = BRIEF if is_guess or self._has_odd_pages else STEADY
        try:
            return self._page(archived, after, self._most, policy=policy)
        except TapError as error:
            if is_guess or not error.is_divisible:
                raise
            return self._less(archived, after, error)

    def pages(self, *, archived: bool) -> Iterator[ListedPage]:
        """Yield every page of a listing, rows in full.

        Only the absence of HubSpot's cursor ends it: a page may be short, or empty.
        """
        trail = CursorTrail(self._requests.client.paths.listing(self._requests.object_type))
        after: str | None = None
        while True:
            page = self.page(archived=archived, after=after)
            yield page if page.in_full else self._in_full(page, archived=archived)
            after = trail.step(page.after)
            if after is None:
                return

    def _in_full(self, page: ListedPage, *, archived: bool) -> ListedPage:
        """Return a page of ids with the rows that they stand for."""
        if not page.ids:
            return page
        reading = self._batches.read_listed(page.ids, archived=archived)
        unread = {**reading.unread, **page.reading.unread}
        bare = tuple(row for row in page.reading.rows if archived and row.id in reading.missing)
        return replace(page, reading=replace(reading, unread=unread, bare=bare), in_full=True)

    def _page(
        self,
        archived: bool,  # noqa: FBT001 - private, and always named by the public methods
        after: str | None,
        most: int,
        *,
        policy: RetryPolicy,
        ids_only: bool = False,
    ) -> ListedPage:
        query = {"limit": str(most), "archived": "true" if archived else "false"}
        if after is not None:
            query["after"] = after

        def ask(names: Sequence[str]) -> RowsPage:
            return self._requests.listing({**query, "properties": ",".join(names)}, policy=policy)

        if ids_only or self._is_too_long or not self._properties.fit_one_request:
            # Without the parameter HubSpot would send its default properties.
            answers = [ask((self._requests.modified_property,))]
            in_full = False
        else:
            answers = self._properties.ask(ask)
            # Another thread may just have found out that there are too many for one request.
            in_full = len(answers) == 1
        found = answers[0]
        return ListedPage(
            reading=Reading(rows=found.rows, answered_at=found.answered_at),
            ids=tuple(row.id for row in found.rows),
            in_full=in_full,
            after=found.following,
            asked_at=found.asked_at,
        )

    def _less(self, archived: bool, after: str | None, error: TapError) -> ListedPage:  # noqa: FBT001 - as _page
        """Return a page of fewer rows or properties where a whole one failed."""
        sizes = [self._most >> step for step in range(1, self._most.bit_length())]
        # One record twice: with few tries it may fail by chance.
        attempts = [(self._most, True), *((size, True) for size in (*sizes, 1))]
        if error.status is not None and error.status < _UNAVAILABLE:
            # About how much was asked for: fewer rows, with all of their properties.
            attempts = [*((size, False) for size in sizes), *attempts]
        for most, ids_only in attempts:
            try:
                page = self._page(archived, after, most, policy=BRIEF, ids_only=ids_only)
            except TapError as later:
                if not later.is_divisible:
                    raise
                continue
            self._has_odd_pages = True
            if not ids_only and most < self._most:
                logger.info(
                    "%s: HubSpot lists %d records at a time, not %d",
                    self._requests.object_type, most, self._most,
                )  # fmt: skip
                self._most = most
            return page
        if after is None or after.isdecimal():
            # The cursor of a listing is an id (using object APIs), so single records can be passed.
            passed = self._passed(after, error, archived=archived)
            if passed is not None:
                return passed
        return self._page(archived, after, self._most, policy=PATIENT)

    def _passed(self, after: str | None, error: TapError, *, archived: bool) -> ListedPage | None:
        """Return the page behind records that no page can hold, which it names as unread.

        None where so many in a row fail that no single record is at fault.
        """
        reason = error.category.lower() or f"status {error.status}"
        unread: dict[str, str] = {}
        while len(unread) < _MOST_PASSED:
            culprit = self._culprit_archived(after) if archived else self._culprit(after)
            if culprit is None:
                return None
            unread[str(culprit)] = reason
            after = str(culprit + 1)
            try:
                page = self._page(archived, after, 1, policy=BRIEF, ids_only=True)
            except TapError as later:
                if not later.is_divisible:
                    raise
            else:
                return replace(page, reading=replace(page.reading, unread=unread))
        return None

    def _culprit(self, after: str | None) -> int | None:
        """Return the live record at a cursor: the least that a search finds from there on.

        The order of a search is not to be relied on, so it is asked for less until none is left.
        """
        least: int | None = None
        for _ in range(_MOST_SEARCHES):
            found = self._found_between(int(after or 0), least)
            if found is None:
                return None
            if not found:
                return least
            least = min(found)
        return None

    def _found_between(self, lower: int, upper: int | None) -> list[int] | None:
        """Return some ids from the lower to below the upper one, None where no search is made."""
        bounds = [("GTE", lower), *([] if upper is None else [("LT", upper)])]
        payload = {
            "filterGroups": [
                {
                    "filters": [
                        {"propertyName": "hs_object_id", "operator": operator, "value": str(bound)}
                        for operator, bound in bounds
                    ]
                }
            ],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": [self._requests.modified_property],
            "limit": SEARCH_LIMIT,
        }
        try:
            found = self._requests.search(payload, policy=BRIEF)
        except TapError:
            return None
        ids = [int(row.id) for row in found.rows]
        # The index may show a row under the id of one that it was merged into.
        return [id_ for id_ in ids if lower <= id_ and (upper is None or id_ < upper)]

    def _culprit_archived(self, after: str | None) -> int | None:
        """Return the archived record at a cursor, which no search shows: by trying cursors.

        Others may stand between it and the first cursor that is served. They come with a later
        listing; what is archived is never dropped for not being listed.
        """
        try:
            self._page(False, None, 1, policy=BRIEF, ids_only=True)
        except TapError:
            # The live listing is not served either: no single record is at fault.
            return None
        first = int(after or 0)
        served = first + 1
        while not self._is_served(served, BRIEF):
            served *= 2
            if served > _GREATEST_ID:
                return None
        while True:
            failing = first
            while served - failing > 1:
                middle = (failing + served) // 2
                if self._is_served(middle, BRIEF):
                    served = middle
                else:
                    failing = middle
            # With few tries it may have failed by chance, and what stands before it be passed.
            if failing == first or not self._is_served(failing, STEADY):
                return failing
            served = failing

    def _is_served(self, after: int, policy: RetryPolicy) -> bool:
        try:
            self._page(True, str(after), 1, policy=policy, ids_only=True)
        except TapError as error:
            if not error.is_divisible:
                raise
            return False
        return True
