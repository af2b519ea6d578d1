"""Which properties a portal has, as HubSpot defines them."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_hubspot_crm.errors import (
    AccessDeniedError,
    MissingScopesError,
    UnexpectedResponseError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from datetime import datetime

    from tap_hubspot_crm.client import HubSpotClient
    from tap_hubspot_crm.exchange import Answer

logger = logging.getLogger("HubSpotConnector")

#: What is listed only where it is asked for by this name, the less sensitive first.
SENSITIVITIES = ("sensitive", "highly_sensitive")
#: What a portal without them answers: each has been seen, or is to be expected.
_NOT_LISTED = frozenset({400, 403, 404})


@dataclass(frozen=True, kw_only=True)
class PropertyDefinition:
    """What HubSpot says about one property of an object."""

    name: str
    #: HubSpot's own type, such as `number`; a type nobody has seen is read as text.
    type: str
    #: `sensitive` or `highly_sensitive`; empty for most.
    sensitivity: str = ""


@dataclass(frozen=True, kw_only=True)
class Definitions:
    """The properties of an object that a run may read."""

    #: In HubSpot's order, sensitive ones last.
    items: tuple[PropertyDefinition, ...]
    #: Not after the first request for them, in HubSpot's time.
    asked_at: datetime
    #: The first sensitivity that the token may not read; empty if none was refused.
    refused: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of their names."""
        return names_digest(item.name for item in self.items)


def names_digest(names: Iterable[str]) -> str:
    """Return the SHA-256 of names of properties, whatever their order."""
    return hashlib.sha256("\n".join(sorted(set(names))).encode()).hexdigest()


def read_definitions(
    client: HubSpotClient,
    object_type: str,
    *,
    wanted: Collection[str] | None = None,
    refused_before: Callable[[], str] = str,
) -> Definitions:
    """Return the portal's property definitions of an object type.

    Archived properties are left out. Sensitive ones, which HubSpot lists only to those who name
    their sensitivity, come last, where the token may read them.

    Args:
        client: Sends the requests.
        object_type: The name of one of `OBJECT_TYPES`.
        wanted: Names to look for; every property by default.
        refused_before: Tells, once HubSpot has answered, which sensitivity it has refused before
            and is not to be asked for again; empty if each is.

    Raises:
        TapError: The request failed, or the answer is not a list of definitions.
    """
    answer = _ask(client, object_type)
    found = _listed(answer, client, object_type)
    refused = refused_before()
    for sensitivity in SENSITIVITIES:
        if sensitivity == refused or (wanted is not None and set(wanted) <= set(found)):
            break
        try:
            more = _ask(client, object_type, sensitivity)
        except (MissingScopesError, AccessDeniedError, UnexpectedResponseError) as error:
            if error.status not in _NOT_LISTED:
                raise
            logger.info(
                "%s: %s properties are left out: HubSpot does not list them (%d)",
                object_type,
                sensitivity.replace("_", " "),
                error.status,
            )
            refused = sensitivity
            break
        for name, item in _listed(more, client, object_type, sensitivity).items():
            found.setdefault(name, item)
    return Definitions(
        items=tuple(item for item in found.values() if wanted is None or item.name in wanted),
        asked_at=answer.asked_at,
        refused=refused,
    )


def _ask(client: HubSpotClient, object_type: str, sensitivity: str | None = None) -> Answer:
    query = {"archived": "false"}
    if sensitivity is not None:
        query["dataSensitivity"] = sensitivity
    return client.get(client.paths.properties(object_type), query)


def _listed(
    answer: Answer, client: HubSpotClient, object_type: str, sensitivity: str = ""
) -> dict[str, PropertyDefinition]:
    results = answer.body.get("results")
    if not isinstance(results, list):
        path = client.paths.properties(object_type).path
        raise UnexpectedResponseError(f"HubSpot's answer to GET {path} lists no properties")
    return {
        item["name"]: PropertyDefinition(
            name=item["name"], type=str(item.get("type", "string")), sensitivity=sensitivity
        )
        for item in results
        if isinstance(item, dict) and isinstance(item.get("name"), str) and item["name"]
    }
