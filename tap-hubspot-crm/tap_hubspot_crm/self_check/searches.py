"""The searches of the self-check: a walk by id, the greatest ids, a try with a known answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tap_hubspot_crm.object_requests import SEARCH_LIMIT
from tap_hubspot_crm.retrying import STEADY
from tap_hubspot_crm.rows import MERGED_IDS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from tap_hubspot_crm.object_requests import ObjectRequests, RowsPage
    from tap_hubspot_crm.rows import Row

#: With the greatest ids they bring more than 1,000 ids.
_WALKED_PAGES: Final = 5
_ID: Final = "hs_object_id"

Filters = list[dict[str, str]]


@dataclass(frozen=True, kw_only=True)
class Searched:
    """What the searches found."""

    #: Pages by rising id, each from the last id of the page before on.
    pages: tuple[tuple[str, ...], ...]
    #: The greatest ids, the greatest first.
    greatest: tuple[str, ...]
    #: How many records HubSpot counts from the least to the greatest id of the walk.
    total: int | None
    #: The id that a filter named as its lower bound, and a greater one that is less as text.
    boundary: str
    greater: str | None
    #: What was found of the two.
    tried: frozenset[str]
    #: A record that others were merged into, if there is one.
    survivor: Row | None

    @property
    def walked(self) -> frozenset[str]:
        """The ids of the walk."""
        return frozenset(id_ for page in self.pages for id_ in page)

    @property
    def ids(self) -> tuple[str, ...]:
        """Every id that was found, by rising number."""
        return tuple(sorted(self.walked.union(self.greatest), key=int))


def search_records(requests: ObjectRequests, lowest: Sequence[str]) -> Searched:
    """Search a portal that has records; makes up to nine calls.

    Args:
        requests: Sends the requests.
        lowest: The ids of the first page of the list, at least one.

    Raises:
        TapError: A search failed.
    """
    pages = _walk(requests)
    greatest = _page(requests, [], descending=True)
    walked = [id_ for page in pages for id_ in page_ids(page)] or list(lowest)
    ends = (_bound("GTE", min(walked, key=int)), _bound("LTE", max(walked, key=int)))
    total = _page(requests, [list(ends)], limit=1).total
    boundary, greater = telling_ids({*walked, *page_ids(greatest)})
    groups: list[Filters] = [[_bound("GTE", boundary), _bound("LTE", boundary)]]
    if greater is not None:
        groups.append([_bound("GTE", boundary), _bound("EQ", greater)])
    rows = [row for page in (*pages, greatest) for row in page.rows]
    return Searched(
        pages=tuple(page_ids(page) for page in pages),
        greatest=page_ids(greatest),
        total=total,
        boundary=boundary,
        greater=greater,
        tried=frozenset(page_ids(_page(requests, groups))),
        survivor=_survivor(rows) or _survivor(_page(requests, [[_HAS_MERGED]], limit=1).rows),
    )


def telling_ids(ids: Collection[str]) -> tuple[str, str | None]:
    """Return an id and a greater one that is less as text; None where no two ids are like that.

    Args:
        ids: At least one id.
    """
    least: str | None = None
    for id_ in sorted(ids, key=int, reverse=True):
        if least is not None and least < id_:
            return id_, least
        least = id_ if least is None else min(least, id_)
    return sorted(ids, key=int)[len(ids) // 2], None


def page_ids(page: RowsPage) -> tuple[str, ...]:
    """Return the ids of a page, in its order."""
    return tuple(row.id for row in page.rows)


def _walk(requests: ObjectRequests) -> list[RowsPage]:
    pages = [_page(requests, [])]
    while len(pages) < _WALKED_PAGES and pages[-1].rows and pages[-1].following is not None:
        pages.append(_page(requests, [[_bound("GTE", pages[-1].rows[-1].id)]]))
    return pages


def _survivor(rows: Iterable[Row]) -> Row | None:
    return next((row for row in rows if row.merged_ids), None)


def _bound(operator: str, id_: str) -> dict[str, str]:
    return {"propertyName": _ID, "operator": operator, "value": id_}


_HAS_MERGED: Final = {"propertyName": MERGED_IDS, "operator": "HAS_PROPERTY"}


def _page(
    requests: ObjectRequests,
    groups: Sequence[Filters],
    *,
    descending: bool = False,
    limit: int = SEARCH_LIMIT,
) -> RowsPage:
    payload: Mapping[str, Any] = {
        "filterGroups": [{"filters": filters} for filters in groups],
        "sorts": [{"propertyName": _ID, "direction": "DESCENDING" if descending else "ASCENDING"}],
        "properties": [requests.modified_property, MERGED_IDS],
        "limit": limit,
    }
    return requests.search(payload, policy=STEADY)
