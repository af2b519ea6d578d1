"""Rows in a page of search results that the filters did not ask for."""

from bisect import bisect_left
from collections.abc import Sequence

from hubspot_sandbox.faults import share
from hubspot_sandbox.index_lag import SearchHabits


def with_stray(
    page: Sequence[int], every_id: Sequence[int], limit: int, habits: SearchHabits, *when: object
) -> list[int]:
    """Return a page with perhaps one more row; a full page loses its last row to the next one.

    Args:
        page: ids found, in ascending order.
        every_id: all ids the search knows, in ascending order.
        limit: rows a page may hold.
        habits: how often pages stray.
        when: what tells this page from others.
    """
    found = list(page)
    if len(found) < 2 or share(habits.seed, "stray", *when) >= habits.strays:  # noqa: PLR2004  # a stray lies between two
        return found
    first, last = bisect_left(every_id, found[0]), bisect_left(every_id, found[-1])
    place = first + int(share(habits.seed, "which", *when) * (last - first))
    stray = every_id[place]
    if stray in found:
        return found
    return sorted([*found, stray])[:limit]
