"""Names in a catalog that the portal lacks, and names that are hard to tell apart."""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import TYPE_CHECKING

from tap_hubspot_crm.properties import FIELD_KINDS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from tap_hubspot_crm.definitions import PropertyDefinition

logger = logging.getLogger("HubSpotConnector")


def warn_of_names(
    stream: str,
    selected: Collection[str],
    *,
    definitions: Iterable[PropertyDefinition],
    wanted: Collection[str] | None,
) -> None:
    """Warn of selected properties that HubSpot does not list, and of names that differ by case.

    Args:
        stream: Name of the stream, for log lines.
        selected: Names of the fields and properties that the catalog selects.
        definitions: The portal's properties that the settings allow.
        wanted: Names of properties in the settings. Without it, all that are selected are read.
    """
    known = dict.fromkeys([*FIELD_KINDS, *(item.name for item in definitions)])
    gone = [name for name in selected if name not in known] if wanted is None else []
    if gone:
        logger.warning(
            "%s: left out, in the catalog but not among the properties that HubSpot lists: %s",
            stream,
            ", ".join(gone),
        )
    for alike in names_that_differ_by_case(name for name in known if name in selected):
        logger.warning(
            "%s: these names differ only by case, and many databases take them for one: %s",
            stream,
            ", ".join(alike),
        )


def names_that_differ_by_case(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Return groups of names that differ only in upper and lower case."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for name in dict.fromkeys(names):
        groups[name.casefold()].append(name)
    return [tuple(group) for group in groups.values() if len(group) > 1]
