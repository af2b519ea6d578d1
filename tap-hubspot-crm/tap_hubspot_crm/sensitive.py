"""Which sensitive properties a token may read, asked before a stream says what its records hold.

HubSpot's sensitive-data guide: retrieving the schema needs no scope, so definitions may name what
the token may not read. One request for a single record, naming them, shows it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tap_hubspot_crm.errors import TapError
from tap_hubspot_crm.object_types import OBJECT_TYPES
from tap_hubspot_crm.readable import ReadableProperties

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_hubspot_crm.client import HubSpotClient
    from tap_hubspot_crm.definitions import Definitions

_FORBIDDEN = 403


def check_sensitive(
    client: HubSpotClient, object_type: str, definitions: Definitions
) -> Definitions:
    """Return the definitions without the sensitive properties that the token may not read.

    Args:
        client: Sends the requests: one or two for each sensitivity that has properties.
        object_type: The name of one of `OBJECT_TYPES`.
        definitions: As HubSpot lists them.

    Raises:
        TapError: The token may not read the object at all, or HubSpot serves no such request.
    """
    refused: set[str] = set()
    scopes: set[str] = set()
    useless: list[str] = []
    for sensitivity in definitions.listed:
        names = [item.name for item in definitions.items if item.sensitivity == sensitivity]
        found = _found_out(client, object_type, names) if names else None
        readable = set(names)
        if found is not None:
            refused |= found.refused
            scopes |= found.scopes
            readable -= found.refused
        useless = [] if readable else [*useless, sensitivity]
    # Of what is refused as a whole, and whatever is more sensitive, no list is needed again.
    first = useless[0] if useless else definitions.refused
    return replace(definitions.without(refused), refused=first, scopes=definitions.scopes | scopes)


def _found_out(client: HubSpotClient, object_type: str, names: Sequence[str]) -> ReadableProperties:
    endpoint = client.paths.listing(object_type)
    properties = ReadableProperties(
        names=names,
        required=OBJECT_TYPES[object_type].modified_property,
        sensitivities=dict.fromkeys(names, "sensitive"),
    )

    def ask(part: Sequence[str]) -> object:
        return client.get(
            endpoint, {"limit": "1", "archived": "false", "properties": ",".join(part)}
        )

    try:
        properties.ask(ask)
    except TapError as error:
        if not error.is_divisible:
            raise
    return properties
