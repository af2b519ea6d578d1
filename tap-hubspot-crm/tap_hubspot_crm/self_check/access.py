"""Checks of what the token may read: its account, its limits and each kind of records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tap_hubspot_crm.account import account_of, check_account
from tap_hubspot_crm.errors import TapError, concerns_one_stream
from tap_hubspot_crm.objects import LIST_LIMIT, ObjectReader
from tap_hubspot_crm.self_check.results import (
    ACCOUNT,
    OWNERS,
    PIPELINES,
    RATE_LIMITS,
    documented,
    handled,
    problem,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_hubspot_crm.client import HubSpotClient
    from tap_hubspot_crm.self_check.results import CheckResult

_FORBIDDEN: Final = 403
_ONE_OWNER: Final = {"limit": "1", "archived": "false"}


def check_account_access(client: HubSpotClient, expected: str | None) -> CheckResult:
    """Return which account the token reads.

    Raises:
        WrongAccountError: It reads another account than the expected one.
        TapError: The token or the connection to HubSpot is at fault.
    """
    if expected is not None:
        check_account(client, expected)
        return documented(ACCOUNT, f"account {expected}, as expected_account_id says")
    try:
        return documented(ACCOUNT, f"account {account_of(client)}")
    except TapError as error:
        if error.status != _FORBIDDEN:
            raise
        return handled(
            ACCOUNT, "HubSpot does not name it to this token; expected_account_id must stay unset"
        )


def check_rate_limits(client: HubSpotClient) -> CheckResult:
    """Return what the headers of the last answer said about limits; makes no call."""
    named = client.rate_headers
    if named is None or named.limit is None:
        return handled(RATE_LIMITS, "no headers name them; setting calls_per_10_seconds holds")
    # HubSpot's usage guidelines: tokens of OAuth apps have no daily limit.
    daily = (
        f"{named.daily:,} a day, of which {named.daily_used:,} are used"
        if named.daily
        else "no daily limit is named"
    )
    return documented(RATE_LIMITS, f"{named.limit:,} calls in 10 seconds; {daily}")


def check_records(client: HubSpotClient, object_type: str) -> tuple[CheckResult, tuple[str, ...]]:
    """Return whether the token may list records of a type, and the ids of the first page.

    Raises:
        TapError: The token or the connection to HubSpot is at fault, not the type.
    """
    try:
        page = ObjectReader(client, object_type).list_page(archived=False)
    except TapError as error:
        return _refused(object_type, error), ()
    if page.after is not None and 0 < len(page.ids) < LIST_LIMIT:
        seen = f"readable, {len(page.ids)} records a page instead of {LIST_LIMIT}"
        return handled(object_type, seen), page.ids
    return documented(object_type, "readable" if page.ids else "readable; none there"), page.ids


def check_pipelines(client: HubSpotClient) -> CheckResult:
    """Return whether the token may read pipelines; raises as `check_records`."""
    return _readable(PIPELINES, lambda: client.get(client.paths.deal_pipelines(), {}))


def check_owners(client: HubSpotClient) -> CheckResult:
    """Return whether the token may read owners; raises as `check_records`."""
    return _readable(OWNERS, lambda: client.get(client.paths.owners(), _ONE_OWNER))


def _readable(name: str, ask: Callable[[], object]) -> CheckResult:
    try:
        ask()
    except TapError as error:
        return _refused(name, error)
    return documented(name, "readable")


def _refused(name: str, error: TapError) -> CheckResult:
    if not concerns_one_stream(error):
        raise error
    return problem(name, error)
