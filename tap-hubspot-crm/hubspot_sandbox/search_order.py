"""In which order a search gives the ids it found, and how an order goes wrong."""

from collections.abc import Mapping, Sequence
from typing import Final

from hubspot_sandbox.dialect import Dialect
from hubspot_sandbox.faults import share
from hubspot_sandbox.filters import Comparable, Reader
from hubspot_sandbox.records import Record

_SORTED: Final = Dialect()


def wrong_orders(dialect: Dialect) -> list[str]:
    """Return the switches by which a search sorts otherwise than it is asked to."""
    names = ("search_sort", "search_swapped_ends", "search_displaced")
    return [name for name in names if getattr(dialect, name) != getattr(_SORTED, name)]


def by_id(ids: Sequence[int], dialect: Dialect, *, descending: bool) -> list[int]:
    """Return ids sorted as numbers, as text or not at all."""
    if dialect.search_sort == "none":
        return unsorted(ids, dialect)
    return sorted(ids, key=str if dialect.search_sort == "text" else None, reverse=descending)


def unsorted(ids: Sequence[int], dialect: Dialect) -> list[int]:
    """Return ids in an order that tells nothing and is always the same."""
    return sorted(ids, key=lambda record_id: share(dialect.seed, "unsorted", record_id))


def displaced(ids: list[int], dialect: Dialect) -> list[int]:
    """Return sorted ids with some of them some places too early or too late."""
    if not dialect.search_displaced:
        return ids
    places: list[tuple[float, int]] = []
    for place, record_id in enumerate(ids):
        chance = share(dialect.seed, "displaced", record_id)
        is_displaced = chance < dialect.search_displaced
        is_early = chance < dialect.search_displaced / 2
        by = dialect.search_displaced_by + 0.5
        places.append((place + (-by if is_early else by) * is_displaced, record_id))
    return [record_id for _, record_id in sorted(places)]


def by_value(
    ids: Sequence[int], live: Mapping[int, Record], read: Reader, *, descending: bool
) -> list[int]:
    """Return ids sorted by a value; empty values come last, ties go by id."""
    filled: list[tuple[Comparable, int]] = []
    empty: list[int] = []
    for record_id in ids:
        value = read(live[record_id])
        if value is None:
            empty.append(record_id)
        else:
            filled.append((value, record_id))
    filled.sort(reverse=descending)
    return [*(record_id for _, record_id in filled), *empty]


def with_swapped_ends(ids: list[int], dialect: Dialect, *, offset: int, limit: int) -> list[int]:
    """Return one page of sorted ids.

    The last row of some pages and the first of the next change places, so a walk by offset still
    meets every row once.
    """
    page = ids[offset : offset + limit]
    # With one row a page two neighbours would both take the same place.
    if limit > 1 and page:
        if offset and _swaps(ids, dialect, offset):
            page[0] = ids[offset - 1]
        if offset + limit < len(ids) and _swaps(ids, dialect, offset + limit):
            page[-1] = ids[offset + limit]
    return page


def _swaps(ids: list[int], dialect: Dialect, end: int) -> bool:
    rate = dialect.search_swapped_ends
    return bool(rate) and share(dialect.seed, "swapped", ids[end - 1]) < rate
