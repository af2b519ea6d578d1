"""A HubSpot row turned into the flat record of a stream."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from msgspec import UNSET, defstruct
from msgspec.structs import astuple

from tap_hubspot_crm.properties import FIELD_KINDS, kind_of
from tap_hubspot_crm.rows import attribute_of
from tap_hubspot_crm.value_types import value_type

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from msgspec import Struct

    from tap_hubspot_crm.definitions import PropertyDefinition
    from tap_hubspot_crm.events import Record
    from tap_hubspot_crm.rows import Row
    from tap_hubspot_crm.value_types import Schema
    from tap_hubspot_crm.values import Value

logger = logging.getLogger("HubSpotConnector")

#: Where a row has the fields that are sent as they are.
_PLAIN_FIELDS: Final[Mapping[str, str]] = {"id": "id", "archived": "archived"}
#: Where a row has the texts of the other fields. Only a tombstone has `mergedInto`.
_TEXT_FIELDS: Final[Mapping[str, str]] = {
    "createdAt": "created_at",
    "updatedAt": "updated_at",
    "archivedAt": "archived_at",
}


class RecordShape:
    """Builds the records of one stream: the selected fields, each of its type.

    Column by column, since most steps are one call in C for the rows of a page.
    """

    def __init__(
        self,
        *,
        stream: str,
        definitions: Iterable[PropertyDefinition],
        schemas: Mapping[str, Schema],
    ) -> None:
        """Prepare the conversion.

        Args:
            stream: Name of the stream, for log lines.
            definitions: The portal's properties that the record may hold.
            schemas: JSON Schema of each field and property that the record shall hold, by name.
                Those of the fields admit the kind of `FIELD_KINDS`.
        """
        self._stream = stream
        held = [
            item for item in definitions if item.name in schemas and item.name not in FIELD_KINDS
        ]
        kinds = {
            **{name: kind for name, kind in FIELD_KINDS.items() if name in schemas},
            **{item.name: kind_of(item.type) for item in held},
        }
        self._types = {name: value_type(schemas[name], kind) for name, kind in kinds.items()}
        #: Names of the HubSpot properties that the records hold.
        self.properties = tuple(item.name for item in held)
        self._misfits: Counter[str] = Counter()
        self._left_out: Collection[str] = frozenset()
        self._prepare()

    def _prepare(self) -> None:
        self._names = [name for name in self._types if name not in self._left_out]
        self._record = defstruct(
            "Record",
            [(attribute_of(name), Any) for name in self._names],
            rename={attribute_of(name): name for name in self._names},
            gc=False,
        )

    def leave_out(self, names: Collection[str]) -> None:
        """Build records without some properties from now on; null would say that they are empty."""
        if names != self._left_out:
            self._left_out = names
            self._prepare()

    def records(self, rows: Sequence[Row]) -> list[Record]:
        """Return the record of each live or archived row.

        Every selected field is present, unless it is null where its schema forbids that. A value
        that is not of its property's type becomes null; `tell_misfits` reports it.
        """
        if not rows:
            return []
        of_rows = _columns(rows)
        of_values = _columns(of_rows["values"])
        columns: list[Sequence[Value]] = []
        for name in self._names:
            if name in _PLAIN_FIELDS:
                columns.append(of_rows[_PLAIN_FIELDS[name]])
            elif name in _TEXT_FIELDS:
                columns.append(self._converted(name, of_rows[_TEXT_FIELDS[name]]))
            elif name in FIELD_KINDS:
                columns.append((self._types[name].nothing,) * len(rows))
            else:
                columns.append(self._converted(name, of_values[attribute_of(name)]))
        return list(map(self._record, *columns))

    def _converted(self, name: str, texts: Sequence[str | None]) -> Sequence[Value]:
        try:
            return self._types[name].column(texts)
        except ValueError:
            return [self._one_converted(name, text) for text in texts]

    def _one_converted(self, name: str, text: str | None) -> Value:
        try:
            return self._types[name].value(text)
        except ValueError:
            self._misfits[name] += 1
            return self._types[name].nothing

    def tombstone(self, *, loser: str, survivor: str, updated_at: str) -> dict[str, Any]:
        """Return the record that says a row was merged into another, and nothing else.

        Args:
            loser: Id of the row that is gone.
            survivor: Id of the row it is part of now.
            updated_at: When the survivor last changed.
        """
        return self._of_fields(
            {"id": loser, "updatedAt": updated_at, "archived": True, "mergedInto": survivor}
        )

    def bare(self, row: Row) -> dict[str, Any]:
        """Return the record of an archived row of which only the listing's fields are known."""
        attributes = {**_PLAIN_FIELDS, **_TEXT_FIELDS}
        return self._of_fields({name: getattr(row, attributes[name]) for name in attributes})

    def _of_fields(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        values = {
            name: self._one_converted(name, value) if name in _TEXT_FIELDS else value
            for name, value in fields.items()
            if name in self._types
        }
        return {name: value for name, value in values.items() if value is not UNSET}

    def tell_misfits(self) -> None:
        """Warn of each property that held values not of its type: how many, never which."""
        for name, count in sorted(self._misfits.items()):
            logger.warning(
                "%s: %d values of property %s are not of its type %s; they were %s",
                self._stream,
                count,
                name,
                self._types[name],
                "sent as null" if self._types[name].nothing is None else "left out",
            )
        self._misfits.clear()


def _columns(structures: Sequence[Struct]) -> dict[str, Sequence[Any]]:
    """Return what each attribute holds in structures of one class."""
    attributes = type(structures[0]).__struct_fields__
    return dict(zip(attributes, zip(*map(astuple, structures), strict=True), strict=True))
