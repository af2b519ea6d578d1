"""The self-check as a whole: about twenty calls, none of which changes anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_hubspot_crm.client import HubSpotClient
from tap_hubspot_crm.errors import TapError, concerns_one_stream
from tap_hubspot_crm.object_requests import ObjectRequests
from tap_hubspot_crm.object_types import CONTACTS, DEALS, OBJECT_TYPES
from tap_hubspot_crm.self_check.access import (
    check_account_access,
    check_owners,
    check_pipelines,
    check_rate_limits,
    check_records,
)
from tap_hubspot_crm.self_check.association_reads import check_associations
from tap_hubspot_crm.self_check.reads import check_batch_read, check_list_cursor
from tap_hubspot_crm.self_check.results import (
    ASSOCIATIONS_101,
    ASSOCIATIONS_1000,
    ASSOCIATIONS_ANSWERS,
    BATCH_READ,
    CHECKS,
    LIST_CURSOR,
    MERGED_ID,
    SEARCH_BOUNDARY,
    SEARCH_FILTER,
    SEARCH_ORDER,
    SEARCH_TOTAL,
    SENSITIVE_LISTING,
    SENSITIVE_READING,
    CheckResult,
    problem,
    unknown,
)
from tap_hubspot_crm.self_check.search_verdicts import (
    boundary_verdict,
    filter_verdict,
    order_verdict,
    total_verdict,
)
from tap_hubspot_crm.self_check.searches import search_records
from tap_hubspot_crm.self_check.sensitive import check_listing, check_reading
from tap_hubspot_crm.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tap_hubspot_crm.rows import Row
    from tap_hubspot_crm.settings import Settings
    from tap_hubspot_crm.timekeeping import Timer


def self_check(
    config: Mapping[str, Any],
    *,
    timer: Timer | None = None,
    attach: Callable[[Callable[[], None]], None] = lambda _end: None,
) -> list[CheckResult]:
    """Return what the account of these settings does where HubSpot leaves it open.

    Makes about twenty calls and changes nothing. A stream that the token may not read is a result
    with the verdict `problem`.

    Args:
        config: The tap's settings.
        timer: How to measure and wait; the machine's own by default.
        attach: Takes what ends the self-check early, to be called from another thread.

    Returns:
        One result for each of `CHECKS`, in its order.

    Raises:
        TapError: The settings, the token or the connection to HubSpot is at fault.
        Abandoned: It was ended early; no `Exception`.
    """
    settings = read_settings(config)
    client = HubSpotClient(settings, timer=timer)
    attach(client.abandon)
    try:
        return _SelfCheck(client, settings).results()
    finally:
        client.close()


class _SelfCheck:
    """Makes the checks one after another and keeps what later ones build on."""

    def __init__(self, client: HubSpotClient, settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self._found: dict[str, CheckResult] = {}
        #: Ids of records that are there.
        self._ids: set[str] = set()
        self._survivor: Row | None = None

    def results(self) -> list[CheckResult]:
        self._add([check_account_access(self._client, self._settings.expected_account_id)])
        lowest: dict[str, tuple[str, ...]] = {}
        for object_type in OBJECT_TYPES:
            result, lowest[object_type] = check_records(self._client, object_type)
            self._add([result])
        self._add([check_pipelines(self._client), check_owners(self._client)])
        self._add([check_rate_limits(self._client)])
        for object_type, ids in lowest.items():
            if ids:
                self._ids.update(ids)
                self._check_records_of(object_type, ids)
                return [self._found[name] for name in CHECKS]
        seen = "no record is there that the token may read"
        return [self._found.get(name) or unknown(name, seen) for name in CHECKS]

    def _check_records_of(self, object_type: str, lowest: tuple[str, ...]) -> None:
        client, requests = self._client, ObjectRequests(self._client, object_type)
        self._try(
            (SENSITIVE_LISTING, SENSITIVE_READING), lambda: self._sensitive(object_type, lowest[0])
        )
        self._try(
            (SEARCH_ORDER, SEARCH_FILTER, SEARCH_BOUNDARY, SEARCH_TOTAL),
            lambda: self._searches(requests, lowest),
        )
        self._try((LIST_CURSOR,), lambda: [check_list_cursor(requests, self._known)])
        self._try(
            (BATCH_READ, MERGED_ID), lambda: check_batch_read(requests, self._known, self._survivor)
        )
        to_type = (CONTACTS if object_type == DEALS.name else DEALS).name
        self._try(
            (ASSOCIATIONS_101, ASSOCIATIONS_1000, ASSOCIATIONS_ANSWERS),
            lambda: check_associations(client, object_type, to_type, self._known),
        )

    @property
    def _known(self) -> list[str]:
        return sorted(self._ids, key=int)

    def _sensitive(self, object_type: str, record_id: str) -> list[CheckResult]:
        listing, names = check_listing(self._client, object_type)
        wanted = self._settings.properties.get(object_type)
        return [listing, check_reading(self._client, object_type, record_id, names, wanted)]

    def _searches(self, requests: ObjectRequests, lowest: tuple[str, ...]) -> list[CheckResult]:
        searched = search_records(requests, lowest)
        self._ids.update(searched.ids)
        self._survivor = searched.survivor
        if not searched.ids:
            names = (SEARCH_ORDER, SEARCH_FILTER, SEARCH_BOUNDARY, SEARCH_TOTAL)
            return [unknown(name, "the search index shows no record yet") for name in names]
        return [
            order_verdict(searched, lowest),
            filter_verdict(searched),
            boundary_verdict(searched),
            total_verdict(searched),
        ]

    def _try(self, names: tuple[str, ...], check: Callable[[], list[CheckResult]]) -> None:
        """Make checks that belong together; what they fail with is the problem of the first."""
        try:
            self._add(check())
        except TapError as error:
            if not concerns_one_stream(error):
                raise
            first, *others = names
            self._add([problem(first, error)])
            self._add([unknown(name, f"not tried: see {first}") for name in others])

    def _add(self, results: Iterable[CheckResult]) -> None:
        self._found |= {result.name: result for result in results}
