"""Which properties a portal has, as HubSpot defines them."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, replace
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

logger = logging.getLogger("HubSpotConnector")

#: What is listed only where it is asked for by this name, the less sensitive first.
SENSITIVITIES = ("sensitive", "highly_sensitive")
#: What a portal without them answers: each has been seen, or is to be expected.
NOT_LISTED = frozenset({400, 403, 404})


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
    #: The sensitivities that HubSpot listed.
    listed: tuple[str, ...] = ()
    #: Names of properties that were left out, since the token may not read them.
    unreadable: frozenset[str] = frozenset()
    #: Scopes that HubSpot named when it refused them.
    scopes: frozenset[str] = frozenset()

    @property
    def digest(self) -> str:
        """SHA-256 of their names."""
        return names_digest(item.name for item in self.items)

    def without(self, names: Collection[str]) -> Definitions:
        """Return the definitions without properties that the token may not read."""
        return replace(
            self,
            items=tuple(item for item in self.items if item.name not in names),
            unreadable=self.unreadable.union(names),
        )


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
    plain = list_definitions(client, object_type)
    found = {item.name: item for item in plain.items}
    refused = refused_before()
    listed: list[str] = []
    for sensitivity in SENSITIVITIES:
        if sensitivity == refused or (wanted is not None and set(wanted) <= set(found)):
            break
        try:
            more = list_definitions(client, object_type, sensitivity)
        except (MissingScopesError, AccessDeniedError, UnexpectedResponseError) as error:
            if error.status not in NOT_LISTED:
                raise
            logger.info(
                "%s: %s properties are left out: HubSpot does not list them (%d)",
                object_type,
                sensitivity.replace("_", " "),
                error.status,
            )
            refused = sensitivity
            break
        listed.append(sensitivity)
        for item in more.items:
            found.setdefault(item.name, item)
    return Definitions(
        items=tuple(item for item in found.values() if wanted is None or item.name in wanted),
        asked_at=plain.asked_at,
        refused=refused,
        listed=tuple(listed),
    )


def list_definitions(client: HubSpotClient, object_type: str, sensitivity: str = "") -> Definitions:
    """Return one of HubSpot's listings of properties, archived ones left out.

    Args:
        client: Sends the request.
        object_type: The name of one of `OBJECT_TYPES`.
        sensitivity: One of `SENSITIVITIES`; empty for the properties that have none.

    Raises:
        TapError: The request failed, or the answer is not a list of definitions.
    """
    query = {"archived": "false"} | ({"dataSensitivity": sensitivity} if sensitivity else {})
    endpoint = client.paths.properties(object_type)
    answer = client.get(endpoint, query)
    results = answer.body.get("results")
    if not isinstance(results, list):
        raise UnexpectedResponseError(
            f"HubSpot's answer to GET {endpoint.path} lists no properties"
        )
    items = {
        item["name"]: PropertyDefinition(
            name=item["name"], type=str(item.get("type", "string")), sensitivity=sensitivity
        )
        for item in results
        if isinstance(item, dict) and isinstance(item.get("name"), str) and item["name"]
    }
    return Definitions(items=tuple(items.values()), asked_at=answer.asked_at)
