"""Checks of sensitive properties: are they listed, and what does naming one do to a request?

HubSpot's sensitive-data guide: the schema needs no scope, reading the values does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tap_hubspot_crm.definitions import NOT_LISTED, SENSITIVITIES, list_definitions
from tap_hubspot_crm.errors import MissingScopesError, TapError
from tap_hubspot_crm.retrying import BRIEF
from tap_hubspot_crm.self_check.results import (
    SENSITIVE_LISTING,
    SENSITIVE_READING,
    documented,
    handled,
    problem,
    unknown,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from tap_hubspot_crm.client import HubSpotClient
    from tap_hubspot_crm.self_check.results import CheckResult

_FORBIDDEN: Final = 403


def check_listing(client: HubSpotClient, object_type: str) -> tuple[CheckResult, tuple[str, ...]]:
    """Return whether HubSpot lists the sensitive properties of a type, and their names.

    Raises:
        TapError: The listing failed in a way that would end a run.
    """
    try:
        listed = list_definitions(client, object_type, SENSITIVITIES[0])
    except TapError as error:
        if error.status not in NOT_LISTED:
            raise
        seen = f"refused (status {error.status}); the tap leaves them out until the next full pass"
        return handled(SENSITIVE_LISTING, seen), ()
    names = tuple(item.name for item in listed.items)
    if not names:
        return unknown(SENSITIVE_LISTING, f"{object_type} have no sensitive properties"), ()
    return documented(SENSITIVE_LISTING, f"sensitive properties listed: {len(names):,}"), names


def check_reading(
    client: HubSpotClient,
    object_type: str,
    record_id: str,
    listed: Collection[str],
    wanted: Collection[str] | None,
) -> CheckResult:
    """Return what a batch read gets that names a sensitive property of one record.

    Only a property is named that a run with these settings would fetch.

    Args:
        client: Sends the request.
        object_type: The type of the record.
        record_id: A record that is there.
        listed: Names of sensitive properties.
        wanted: The properties that the settings name; None: all.

    Raises:
        TapError: The request failed for another reason than a missing scope.
    """
    fetched = [name for name in listed if wanted is None or name in wanted]
    if not fetched:
        seen = "the settings name no sensitive property" if listed else "no property to try it on"
        return unknown(SENSITIVE_READING, seen)
    name = fetched[0]
    payload = {"inputs": [{"id": record_id}], "properties": [name]}
    try:
        answer = client.post(client.paths.batch_read(object_type), payload, policy=BRIEF)
    except TapError as error:
        if error.status != _FORBIDDEN:
            raise
        scopes = f" ({', '.join(error.scopes)})" if error.scopes else ""
        return documented(
            SENSITIVE_READING,
            f"the token lacks the scope{scopes}: naming one refuses the whole request; the tap "
            "leaves them out",
        )
    shown = _names_in(answer.body)
    if shown is None:
        return unknown(SENSITIVE_READING, "the record of the try was not answered")
    if name in shown:
        return documented(SENSITIVE_READING, "the token may read them")
    seen = "HubSpot answers without the property and without an error"
    missing = MissingScopesError(f"{seen}: the tap would send null for its values")
    remedy = f"Grant the scope for sensitive properties of {object_type}, or deselect them."
    return problem(SENSITIVE_READING, missing, remedy=remedy)


def _names_in(body: object) -> Collection[str] | None:
    """Return the properties of the first record of an answer, None where there is no record."""
    results = body.get("results") if isinstance(body, dict) else None
    first = results[0] if isinstance(results, list) and results else None
    properties = first.get("properties") if isinstance(first, dict) else None
    return properties if isinstance(properties, dict) else None
