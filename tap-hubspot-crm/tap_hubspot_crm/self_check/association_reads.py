"""Checks of the batch read of associations: how many ids it takes, and whether it covers each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tap_hubspot_crm.association_sets import ASSOCIATIONS_LIMIT, FORMER_ASSOCIATIONS_LIMIT
from tap_hubspot_crm.errors import HubSpotUnavailableError, TapError, UnexpectedResponseError
from tap_hubspot_crm.object_requests import absent_ids
from tap_hubspot_crm.retrying import BRIEF
from tap_hubspot_crm.self_check.results import (
    ASSOCIATIONS_101,
    ASSOCIATIONS_1000,
    ASSOCIATIONS_ANSWERS,
    SILENCE_REMEDY,
    documented,
    handled,
    problem,
    unknown,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_hubspot_crm.client import HubSpotClient
    from tap_hubspot_crm.endpoints import Endpoint
    from tap_hubspot_crm.self_check.results import CheckResult

_NOT_FOUND: Final = 404
_MORE_THAN_FORMER: Final = FORMER_ASSOCIATIONS_LIMIT + 1
#: The numbers of ids that are tried, from the greatest on, until one is answered.
_SIZES: Final = (ASSOCIATIONS_LIMIT, _MORE_THAN_FORMER, FORMER_ASSOCIATIONS_LIMIT, 10)


@dataclass(frozen=True, kw_only=True)
class _Answered:
    """What one request said about its ids."""

    ids: Sequence[str]
    linked: frozenset[str]
    absent: frozenset[str]

    @property
    def silent(self) -> list[str]:
        known = self.linked | self.absent
        return [id_ for id_ in self.ids if id_ not in known]


def check_associations(
    client: HubSpotClient, from_type: str, to_type: str, ids: Sequence[str]
) -> list[CheckResult]:
    """Return how many ids one request takes, and whether it answers for each of them.

    Args:
        client: Sends the requests.
        from_type: The type of the records.
        to_type: The type that they are associated with.
        ids: Ids of records that are there; at least one.

    Raises:
        TapError: Not even a few ids can be read.
    """
    endpoint = client.paths.associations(from_type, to_type)
    sizes = sorted({min(len(ids), size) for size in _SIZES})
    refused: dict[int, TapError] = {}
    while True:
        size = sizes.pop()
        try:
            answered = _ask(client, endpoint, ids[:size])
        except TapError as error:
            if not error.is_divisible or not sizes:
                raise
            refused[size] = error
            if isinstance(error, HubSpotUnavailableError):
                # Hardly because they are so many: one of them may be at fault.
                sizes = sizes[:1]
        else:
            return [
                _size_verdict(ASSOCIATIONS_101, _MORE_THAN_FORMER, size, refused),
                _size_verdict(ASSOCIATIONS_1000, ASSOCIATIONS_LIMIT, size, refused),
                _coverage(client, endpoint, answered),
            ]


def _size_verdict(name: str, wanted: int, taken: int, refused: dict[int, TapError]) -> CheckResult:
    if taken >= wanted:
        return documented(name, f"{taken:,} ids in one request are answered")
    larger = [size for size in refused if size >= wanted] or [*refused]
    if not larger:
        return unknown(name, f"{taken:,} ids are known here; all in one request are answered")
    size = min(larger)
    seen = f"{size:,} ids are refused (status {refused[size].status}), {taken:,} are answered"
    return handled(name, f"{seen}; the tap asks for fewer at a time")


def _coverage(client: HubSpotClient, endpoint: Endpoint, answered: _Answered) -> CheckResult:
    silent, asked = answered.silent, len(answered.ids)
    if not silent:
        linked = len(answered.linked)
        seen = f"{asked:,} ids asked: {linked:,} with associations, {asked - linked:,} without"
        return documented(ASSOCIATIONS_ANSWERS, seen)
    if _ask(client, endpoint, silent[:1]).silent:
        error = UnexpectedResponseError(
            f"{len(silent):,} of {asked:,} ids got no answer, and {silent[0]} got none alone"
        )
        return problem(ASSOCIATIONS_ANSWERS, error, remedy=SILENCE_REMEDY)
    seen = f"{len(silent):,} of {asked:,} ids got no answer; the tap asks for them again"
    return handled(ASSOCIATIONS_ANSWERS, seen)


def _ask(client: HubSpotClient, endpoint: Endpoint, ids: Sequence[str]) -> _Answered:
    try:
        body = client.post(endpoint, {"inputs": [{"id": id_} for id_ in ids]}, policy=BRIEF).body
    except UnexpectedResponseError as error:
        if error.status != _NOT_FOUND or error.category != "OBJECT_NOT_FOUND":
            raise
        # Seen in place of an answer that names each id.
        return _Answered(ids=ids, linked=frozenset(), absent=frozenset(ids))
    if body.get("status") == "PENDING":
        return _Answered(ids=ids, linked=frozenset(), absent=frozenset())
    return _Answered(
        ids=ids,
        linked=frozenset(_linked(body)),
        absent=absent_ids(body, ids, under="fromObjectId"),
    )


def _linked(body: Any) -> list[str]:  # noqa: ANN401 - any JSON
    try:
        return [str(result["from"]["id"]) for result in body["results"]]
    except (TypeError, KeyError):
        raise UnexpectedResponseError(
            "HubSpot's answer to a batch read of associations has no results, or one without an id"
        ) from None
