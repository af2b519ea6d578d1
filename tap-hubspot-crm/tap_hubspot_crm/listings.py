"""Pipelines and owners: short listings without a modification time, read whole on every run."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from tap_hubspot_crm.errors import UnexpectedResponseError
from tap_hubspot_crm.events import Checkpoint, CompletePass, Rows
from tap_hubspot_crm.full_pass import next_version
from tap_hubspot_crm.paging import CursorTrail, following_cursor
from tap_hubspot_crm.state import ListingBookmark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from tap_hubspot_crm.client import HubSpotClient
    from tap_hubspot_crm.events import Event

_TEXT = {"type": ["string", "null"]}
_MOMENT = {"type": ["string", "null"], "format": "date-time"}
_TRUTH = {"type": ["boolean", "null"]}
_WHOLE = {"type": ["integer", "null"]}
_OWNERS_LIMIT = 100

PIPELINES_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "label": _TEXT,
        "displayOrder": _WHOLE,
        "createdAt": _MOMENT,
        "updatedAt": _MOMENT,
        "archived": _TRUTH,
        "stages": {
            "type": ["array", "null"],
            "items": {
                "type": "object",
                "properties": {
                    "id": {"type": "string"},
                    "label": _TEXT,
                    "displayOrder": _WHOLE,
                    "closed": _TRUTH,
                    "probability": {"type": ["number", "null"]},
                    "archived": _TRUTH,
                },
            },
        },
    },
    "required": ["id"],
}

OWNERS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "email": _TEXT,
        "type": _TEXT,
        "firstName": _TEXT,
        "lastName": _TEXT,
        "userId": _WHOLE,
        "userIdIncludingInactive": _WHOLE,
        "createdAt": _MOMENT,
        "updatedAt": _MOMENT,
        "archived": _TRUTH,
        "teams": {
            "type": ["array", "null"],
            "items": {
                "type": "object",
                "properties": {"id": _TEXT, "name": _TEXT, "primary": _TRUTH},
            },
        },
    },
    "required": ["id"],
}


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A whole listing."""

    records: Sequence[dict[str, Any]] = field(repr=False)
    asked_at: datetime
    answered_at: datetime

    @property
    def digest(self) -> str:
        """SHA-256 of the records."""
        ordered = sorted(self.records, key=lambda record: str(record["id"]))
        text = json.dumps(ordered, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


def listing_pass(listing: Listing, bookmark: ListingBookmark) -> Iterator[Event]:
    """Tell to send a whole listing: each run is a full pass."""
    version = next_version(bookmark.version, listing.asked_at)
    yield Rows(records=listing.records, version=version, read_at=listing.answered_at)
    yield CompletePass(version=version)
    yield Checkpoint(bookmark=ListingBookmark(version=version, digest=listing.digest))


def read_pipelines(client: HubSpotClient) -> Listing:
    """Return the deal pipelines, each with its stages.

    Raises:
        TapError: The request failed, or the answer is not of the documented form.
    """
    endpoint = client.paths.deal_pipelines()
    answer = client.get(endpoint, {})
    return Listing(
        records=_parsed(answer.body, endpoint.path, _pipeline),
        asked_at=answer.asked_at,
        answered_at=answer.answered_at,
    )


def read_owners(client: HubSpotClient) -> Listing:
    """Return the active and the deactivated owners.

    They are two listings, and somebody may move between them meanwhile: the active ones are read
    before and after the others, so that nobody is in neither.

    Raises:
        TapError: A request failed, or an answer is not of the documented form.
    """
    parts = [_read_owners(client, archived=archived) for archived in (False, True, False)]
    owners = {record["id"]: record for part in parts for record in part.records}
    return Listing(
        records=list(owners.values()),
        asked_at=parts[0].asked_at,
        answered_at=parts[-1].answered_at,
    )


#: Stream name to what reads its listing.
LISTINGS: Mapping[str, Callable[[HubSpotClient], Listing]] = {
    "pipelines": read_pipelines,
    "owners": read_owners,
}


def _read_owners(client: HubSpotClient, *, archived: bool) -> Listing:
    endpoint = client.paths.owners()
    query = {"limit": str(_OWNERS_LIMIT), "archived": "true" if archived else "false"}
    records: list[dict[str, Any]] = []
    asked_at: datetime | None = None
    trail = CursorTrail(endpoint)
    while True:
        answer = client.get(endpoint, query)
        asked_at = asked_at or answer.asked_at
        records.extend(_parsed(answer.body, endpoint.path, _owner))
        after = trail.step(following_cursor(answer.body, endpoint))
        if after is None:
            return Listing(records=records, asked_at=asked_at, answered_at=answer.answered_at)
        query = {**query, "after": after}


def _parsed(
    body: Mapping[str, Any], path: str, parse: Callable[[Mapping[str, Any]], dict[str, Any]]
) -> list[dict[str, Any]]:
    try:
        return [parse(item) for item in body["results"]]
    except (TypeError, KeyError, AttributeError):
        raise UnexpectedResponseError(
            f"HubSpot's answer to GET {path} is no list of items with an id"
        ) from None


def _fields(schema: Mapping[str, Any], item: Mapping[str, Any]) -> dict[str, Any]:
    record = {name: item.get(name) for name in schema["properties"]}
    record["id"] = str(item["id"])
    return record


def _pipeline(item: Mapping[str, Any]) -> dict[str, Any]:
    record = _fields(PIPELINES_SCHEMA, item)
    record["archived"] = item.get("archived") is True
    record["stages"] = [_stage(stage) for stage in item.get("stages") or ()]
    return record


def _stage(item: Mapping[str, Any]) -> dict[str, Any]:
    metadata = item.get("metadata") or {}
    closed = metadata.get("isClosed")
    return {
        "id": str(item["id"]),
        "label": item.get("label"),
        "displayOrder": item.get("displayOrder"),
        "closed": None if closed is None else str(closed).lower() == "true",
        "probability": _probability(metadata.get("probability")),
        "archived": item.get("archived") is True,
    }


def _probability(value: object) -> Decimal | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _owner(item: Mapping[str, Any]) -> dict[str, Any]:
    record = _fields(OWNERS_SCHEMA, item)
    record["archived"] = item.get("archived") is True
    teams = OWNERS_SCHEMA["properties"]["teams"]["items"]
    record["teams"] = [_fields(teams, team) for team in item.get("teams") or ()]
    return record
