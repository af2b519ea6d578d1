"""A HubSpot row turned into the flat record of a stream."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from tap_hubspot_crm.properties import RECORD_FIELDS, converter

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from tap_hubspot_crm.objects import Row
    from tap_hubspot_crm.properties import Converter, PropertyDefinition, Value

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
        self._converters: tuple[tuple[str, Converter | None], ...] = tuple(
            (item.name, converter(item.type))
            for item in definitions
            if item.name in selected and item.name not in RECORD_FIELDS
        )
        self._complained: set[str] = set()

    @property
    def properties(self) -> tuple[str, ...]:
        """Names of the HubSpot properties that the records hold."""
        return tuple(name for name, _ in self._converters)

    def record(self, row: Row) -> dict[str, Any]:
        """Return the record of a live or archived row, every selected field present."""
        fields: dict[str, Any] = {
            "id": row.id,
            "createdAt": row.created_at,
            "updatedAt": row.updated_at,
            "archived": row.archived,
            "archivedAt": row.archived_at,
            "mergedInto": None,
        }
        record = {name: value for name, value in fields.items() if name in self._fields}
        values = row.properties
        for name, convert in self._converters:
            text = values.get(name)
            if text is None or text == "":
                record[name] = None
            elif convert is None:
                record[name] = text
            else:
                record[name] = self._converted(name, convert, text)
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

    def _converted(self, name: str, convert: Converter, text: str) -> Value:
        try:
            return convert(text)
        except ValueError:
            if name not in self._complained:
                self._complained.add(name)
                logger.warning(
                    "%s: property %s holds a value that is not of its type; such values become "
                    "null",
                    self._stream,
                    name,
                )
            return None
