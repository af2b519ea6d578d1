"""What the searches of the self-check say about this portal; no input or output."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from tap_hubspot_crm.errors import UnexpectedResponseError
from tap_hubspot_crm.self_check.results import (
    SEARCH_BOUNDARY,
    SEARCH_FILTER,
    SEARCH_ORDER,
    SEARCH_TOTAL,
    documented,
    handled,
    problem,
    unknown,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_hubspot_crm.self_check.results import CheckResult
    from tap_hubspot_crm.self_check.searches import Searched

_SEARCHED_AGAIN = "the tap searches again"


def order_verdict(searched: Searched, lowest: Sequence[str]) -> CheckResult:
    """Return whether the search sorts ids as numbers.

    Args:
        searched: What was found.
        lowest: The ids of the first page of the list, which are the lowest.
    """
    as_numbers = _is_sorted(searched, lowest, int)
    as_text = _is_sorted(searched, lowest, str)
    count = len(searched.ids)
    if as_numbers and as_text:
        return unknown(SEARCH_ORDER, f"{count:,} ids in order; as text they would sort alike")
    if as_numbers:
        return documented(SEARCH_ORDER, f"{count:,} ids in order, as numbers")
    if as_text:
        return handled(SEARCH_ORDER, f"ids are sorted as text, 10 before 9; {_SEARCHED_AGAIN}")
    rising = (*searched.pages, searched.greatest[::-1])
    wrong = sum(int(one) > int(other) for page in rising for one, other in pairwise(page))
    seen = f"{wrong:,} ids are out of place" if wrong else "pages lack the ids of their ends"
    return handled(SEARCH_ORDER, f"{seen}; {_SEARCHED_AGAIN}")


def filter_verdict(searched: Searched) -> CheckResult:
    """Return whether the filter compares ids as numbers."""
    lower, greater = searched.boundary, searched.greater
    if not searched.tried <= {lower, greater}:
        error = UnexpectedResponseError("a search ignores its filter on hs_object_id")
        return problem(SEARCH_FILTER, error)
    if greater is None:
        return unknown(SEARCH_FILTER, "no two known ids compare otherwise as text")
    if greater in searched.tried:
        return documented(SEARCH_FILTER, f"GTE {lower} finds {greater}")
    return handled(
        SEARCH_FILTER,
        f"ids are compared as text: GTE {lower} does not find {greater}; {_SEARCHED_AGAIN}",
    )


def boundary_verdict(searched: Searched) -> CheckResult:
    """Return whether a page from an id on begins with this id."""
    if searched.boundary not in searched.tried:
        error = UnexpectedResponseError(
            f"a search with GTE {searched.boundary} does not find {searched.boundary} itself"
        )
        return problem(SEARCH_BOUNDARY, error)
    followed = list(pairwise(page for page in searched.pages if page))
    wrong = sum(page[0] != before[-1] for before, page in followed)
    if wrong:
        seen = f"{wrong} of {len(followed)} pages do not begin with the id that GTE names"
        return handled(SEARCH_BOUNDARY, f"{seen}; the tap searches what lies between again")
    return documented(SEARCH_BOUNDARY, f"GTE {searched.boundary} finds {searched.boundary}")


def total_verdict(searched: Searched) -> CheckResult:
    """Return whether the walk found as many records as HubSpot counts."""
    found, total = len(searched.walked), searched.total
    if total is None:
        return handled(SEARCH_TOTAL, f"{found:,} found; HubSpot gives no usable total")
    if found == total:
        return documented(SEARCH_TOTAL, f"{found:,} found, {total:,} counted")
    return handled(SEARCH_TOTAL, f"{found:,} found, {total:,} counted; {_SEARCHED_AGAIN}")


def _is_sorted(searched: Searched, lowest: Sequence[str], key: Callable[[str], int | str]) -> bool:
    """Say whether each page is sorted by the key, and begins with the end that it is to have."""
    known = [*searched.ids, *lowest]
    if not searched.greatest or not searched.pages[0]:
        return False
    return (
        all(list(page) == sorted(page, key=key) for page in searched.pages)
        and list(searched.greatest) == sorted(searched.greatest, key=key, reverse=True)
        and searched.pages[0][0] == min(known, key=key)
        and searched.greatest[0] == max(known, key=key)
    )
