"""Reads what records are associated with: whole sets, up to 1,000 records a request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tap_hubspot_crm.errors import UnexpectedResponseError
from tap_hubspot_crm.paging import following_cursor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from tap_hubspot_crm.client import HubSpotClient
    from tap_hubspot_crm.endpoints import Endpoint
    from tap_hubspot_crm.exchange import Answer

ASSOCIATIONS_LIMIT = 1_000

#: Kind of an association: category, type id, label.
LinkType = tuple[str, int, str | None]


@dataclass(frozen=True, kw_only=True)
class AssociationSets:
    """For each asked id, the ids it is associated with and the types of each association."""

    links: Mapping[str, Mapping[str, frozenset[LinkType]]] = field(repr=False)
    answered_at: datetime


def read_association_sets(
    client: HubSpotClient, from_type: str, to_type: str, ids: Sequence[str]
) -> AssociationSets:
    """Return the whole sets of up to 1,000 records; a record without associations has an empty one.

    HubSpot tells of "no associations" as an error in the body, and pages each record's set by
    itself (associations guide).

    Args:
        client: Sends the requests.
        from_type: The name of one of `OBJECT_TYPES`.
        to_type: The name of another.
        ids: Ids of records of `from_type`.

    Raises:
        TapError: A request failed, or an answer is not of the documented form.
    """
    endpoint = client.paths.associations(from_type, to_type)
    links: dict[str, dict[str, set[LinkType]]] = {id_: {} for id_ in ids}
    inputs: list[dict[str, str]] = [{"id": id_} for id_ in ids]
    while True:
        answer = client.post(endpoint, {"inputs": inputs})
        try:
            following = _collect(answer, endpoint, links)
        except (TypeError, KeyError, ValueError, AttributeError):
            raise UnexpectedResponseError(
                f"an association in HubSpot's answer to {endpoint.path} lacks an id or its types"
            ) from None
        if following and following == inputs:
            raise UnexpectedResponseError(f"a cursor of POST {endpoint.path} does not advance")
        if not following:
            break
        inputs = following
    return AssociationSets(
        links={
            id_: {to_id: frozenset(types) for to_id, types in found.items()}
            for id_, found in links.items()
        },
        answered_at=answer.answered_at,
    )


def _collect(
    answer: Answer, endpoint: Endpoint, links: dict[str, dict[str, set[LinkType]]]
) -> list[dict[str, str]]:
    """Add the associations of an answer; return the inputs of what it left over."""
    following: list[dict[str, str]] = []
    for result in answer.body["results"]:
        from_id = str(result["from"]["id"])
        found = links.get(from_id)
        if found is None:
            continue
        for to in result.get("to") or ():
            # The specification says text, recorded answers hold numbers.
            to_id = str(to["toObjectId"])
            if not to_id.isdecimal():
                raise ValueError
            types = found.setdefault(to_id, set())
            types.update(_link_type(item) for item in to["associationTypes"])
        after = following_cursor(result, endpoint)
        if after is not None:
            following.append({"id": from_id, "after": after})
    return following


def _link_type(item: Mapping[str, Any]) -> LinkType:
    label = item.get("label")
    return str(item["category"]), int(item["typeId"]), None if label is None else str(label)


def link_record(deal_id: str, links: Mapping[str, frozenset[LinkType]]) -> dict[str, Any]:
    """Return the `deal_contacts` record of a deal, its contacts and their types in fixed order."""
    return {
        "deal_id": deal_id,
        "contacts": [
            {
                "id": contact_id,
                "types": [
                    {"category": category, "type_id": type_id, "label": label}
                    for category, type_id, label in sorted(
                        links[contact_id], key=lambda kind: (kind[0], kind[1], kind[2] or "")
                    )
                ],
            }
            for contact_id in sorted(links, key=int)
        ],
    }
