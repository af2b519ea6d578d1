"""Checks of the list from a middle id and of the batch read."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from tap_hubspot_crm.batch_read import BATCH_LIMIT
from tap_hubspot_crm.errors import TapError, UnexpectedResponseError
from tap_hubspot_crm.retrying import BRIEF
from tap_hubspot_crm.self_check.results import (
    BATCH_READ,
    LIST_CURSOR,
    MERGED_ID,
    SILENCE_REMEDY,
    documented,
    handled,
    problem,
    unknown,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_hubspot_crm.object_requests import BatchAnswer, ObjectRequests
    from tap_hubspot_crm.rows import Row
    from tap_hubspot_crm.self_check.results import CheckResult

#: How many records are asked for where their number is not what is tried.
_FEW: Final = 10
_PAGE_BY_PAGE: Final = "the tap reads one page after another"


def check_list_cursor(requests: ObjectRequests, ids: Sequence[str]) -> CheckResult:
    """Return whether the list begins at an id of our choice.

    Args:
        requests: Sends the request.
        ids: Ids of records that are there, by rising number.

    Raises:
        TapError: The request failed in a way that has nothing to do with the cursor.
    """
    # HubSpot's own cursors have been seen to be one more than an id: after a gap it is not one.
    # The smallest gap, because a cursor that is rounded shows there.
    gaps = [(int(id_) - int(before), id_) for before, id_ in pairwise(ids)]
    gaps = [(gap, id_) for gap, id_ in gaps if gap > 1]
    if not gaps:
        return unknown(LIST_CURSOR, "the portal has too few records")
    _, cursor = min(gaps)
    query = {
        "limit": str(_FEW),
        "archived": "false",
        "after": cursor,
        "properties": requests.modified_property,
    }
    try:
        page = requests.listing(query, policy=BRIEF)
    except TapError as error:
        if not error.is_divisible:
            raise
        seen = f"a cursor of our own is refused (status {error.status}); {_PAGE_BY_PAGE}"
        return handled(LIST_CURSOR, seen)
    found = tuple(row.id for row in page.rows)
    if not found or int(found[0]) < int(cursor):
        begin = found[0] if found else "nowhere"
        seen = f"after={cursor} begins at {begin}; {_PAGE_BY_PAGE}"
        return handled(LIST_CURSOR, seen)
    if any(int(one) > int(other) for one, other in pairwise(found)):
        return handled(LIST_CURSOR, f"a page comes in no order; {_PAGE_BY_PAGE}")
    return documented(LIST_CURSOR, f"after={cursor} begins at {found[0]}")


def check_batch_read(
    requests: ObjectRequests, ids: Sequence[str], survivor: Row | None
) -> list[CheckResult]:
    """Return whether a batch read answers for each id, and what a merged id brings.

    Args:
        requests: Sends the requests.
        ids: Ids of records that are there, by rising number; at least one.
        survivor: A record that others were merged into, if there is one.

    Raises:
        TapError: Not even a few ids can be read.
    """
    loser = survivor.merged_ids[0] if survivor is not None else None
    half = BATCH_LIMIT // 2
    # From both ends; the last place is that of the merged id.
    asked = [*dict.fromkeys((*ids[:half], *ids[half:][1 - half :]))]
    asked = [id_ for id_ in asked if survivor is None or id_ != survivor.id]
    try:
        answer, refused = _read(requests, [*asked, loser] if loser else asked), None
    except TapError as error:
        if not error.is_divisible:
            raise
        asked = asked[-_FEW:]
        answer, refused = _read(requests, [*asked, loser] if loser else asked), error
    return [
        _coverage(requests, asked, answer, refused),
        _merged_verdict(survivor, loser, answer)
        if survivor is not None and loser is not None
        else unknown(MERGED_ID, "no merged record is known"),
    ]


def _coverage(
    requests: ObjectRequests, asked: Sequence[str], answer: BatchAnswer, refused: TapError | None
) -> CheckResult:
    silent = [id_ for id_ in asked if id_ not in answer.rows and id_ not in answer.absent]
    absent = len(answer.absent.intersection(asked))
    if silent:
        alone = _read(requests, silent[:1])
        if not alone.rows and not alone.absent:
            error = UnexpectedResponseError(
                f"{len(silent)} of {len(asked)} ids got no answer, and {silent[0]} got none alone"
            )
            return problem(BATCH_READ, error, remedy=SILENCE_REMEDY)
        seen = f"{len(silent)} of {len(asked)} ids got no answer; the tap asks for them again"
        return handled(BATCH_READ, seen)
    if refused is not None:
        seen = f"refused (status {refused.status}); {len(asked)} ids are answered: the tap divides"
        return handled(BATCH_READ, seen)
    if absent:
        seen = f"{absent} of {len(asked)} ids that exist are said not to; the tap asks twice"
        return handled(BATCH_READ, seen)
    return documented(BATCH_READ, f"{len(asked)} ids asked, {len(asked)} answered")


def _merged_verdict(survivor: Row, loser: str, answer: BatchAnswer) -> CheckResult:
    if survivor.id in answer.rows or any(loser in row.merged_ids for row in answer.rows.values()):
        return documented(MERGED_ID, f"{loser} brings {survivor.id}, which it was merged into")
    if loser in answer.rows:
        seen = f"{loser} is still answered as itself"
    elif loser in answer.absent:
        seen = f"{loser} is said not to exist"
    else:
        seen = f"{loser} gets no answer"
    return handled(MERGED_ID, f"{seen}; the tap knows it from the record it was merged into")


def _read(requests: ObjectRequests, ids: Sequence[str]) -> BatchAnswer:
    return requests.batch(ids, [requests.modified_property], archived=False, policy=BRIEF)
