"""A HubSpot row turned into the flat record of a stream."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING, Any

from tap_hubspot_crm.properties import RECORD_FIELDS, converter

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from tap_hubspot_crm.definitions import PropertyDefinition
    from tap_hubspot_crm.rows import Row

logger = logging.getLogger("HubSpotConnector")


class RecordShape:
    """Builds the records of one stream: the selected fields, each of its type."""

    def __init__(
        self,
        *,
        stream: str,
        definitions: Iterable[PropertyDefinition],
        selected: Collection[str],
    ) -> None:
        """Prepare the conversion.

        Args:
            stream: Name of the stream, for log lines.
            definitions: The portal's properties that the record may hold.
            selected: Names of the fields and properties that the record shall hold.
        """
        self._stream = stream
        self._fields = frozenset(name for name in RECORD_FIELDS if name in selected)
        self._left_out = tuple(name for name in RECORD_FIELDS if name not in selected)
        held = [
            item for item in definitions if item.name in selected and item.name not in RECORD_FIELDS
        ]
        #: Names of the HubSpot properties that the records hold.
        self.properties = tuple(item.name for item in held)
        converters = {item.name: converter(item.type) for item in held}
        self._texts = tuple(name for name, convert in converters.items() if convert is None)
        self._typed = tuple((name, convert) for name, convert in converters.items() if convert)
        self._types = {item.name: item.type for item in held}
        #: A record in which every value is null; copying it is quicker than building one up.
        self._empty: dict[str, Any] = dict.fromkeys((*RECORD_FIELDS, *self.properties))
        self._misfits: Counter[str] = Counter()

    def record(self, row: Row) -> dict[str, Any]:
        """Return the record of a live or archived row, every selected field present.

        A value that is not of its property's type becomes null; `tell_misfits` tells of it.
        """
        record = self._empty.copy()
        record["id"] = row.id
        record["createdAt"] = row.created_at
        record["updatedAt"] = row.updated_at
        record["archived"] = row.archived
        record["archivedAt"] = row.archived_at
        for name in self._left_out:
            del record[name]
        value = row.properties.get
        # An emptied value is an empty text (HubSpot: properties guide).
        for name in self._texts:
            text = value(name)
            if text != "":
                record[name] = text
        for name, convert in self._typed:
            text = value(name)
            if text is not None and text != "":
                try:
                    record[name] = convert(text)
                except ValueError:
                    self._misfits[name] += 1
        return record

    def tombstone(self, *, loser: str, survivor: str, updated_at: str) -> dict[str, Any]:
        """Return the record that says a row was merged into another, and nothing else.

        Args:
            loser: Id of the row that is gone.
            survivor: Id of the row it is part of now.
            updated_at: When the survivor last changed.
        """
        fields: dict[str, Any] = {
            "id": loser,
            "updatedAt": updated_at,
            "archived": True,
            "mergedInto": survivor,
        }
        return {name: value for name, value in fields.items() if name in self._fields}

    def tell_misfits(self) -> None:
        """Say which properties held values that are not of their type, and how many; not which."""
        for name, count in sorted(self._misfits.items()):
            logger.warning(
                "%s: %d values of property %s are not of its type %s; they were sent as null",
                self._stream,
                count,
                name,
                self._types[name],
            )
        self._misfits.clear()
