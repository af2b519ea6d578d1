"""A HubSpot row turned into the flat record of a stream."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from msgspec import defstruct
from msgspec.structs import astuple

from tap_hubspot_crm.properties import RECORD_FIELDS, column_converter, converter
from tap_hubspot_crm.rows import attribute_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from msgspec import Struct

    from tap_hubspot_crm.definitions import PropertyDefinition
    from tap_hubspot_crm.events import Record
    from tap_hubspot_crm.properties import ColumnConverter, Value
    from tap_hubspot_crm.rows import Row

logger = logging.getLogger("HubSpotConnector")

#: Where a row says the fields of its record. Only a tombstone says `mergedInto`.
_FIELDS: Final[Mapping[str, str]] = {
    "id": "id",
    "createdAt": "created_at",
    "updatedAt": "updated_at",
    "archived": "archived",
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
        selected: Collection[str],
    ) -> None:
        """Prepare the conversion.

        Args:
            stream: Name of the stream, for log lines.
            definitions: The portal's properties that the record may hold.
            selected: Names of the fields and properties that the record shall hold.
        """
        self._stream = stream
        self._names = [name for name in RECORD_FIELDS if name in selected]
        self._definitions = [
            item for item in definitions if item.name in selected and item.name not in RECORD_FIELDS
        ]
        #: Names of the HubSpot properties that the records hold.
        self.properties = tuple(item.name for item in self._definitions)
        self._selected = frozenset(self._names)
        self._fields = [_FIELDS.get(name) for name in self._names]
        self._types = {item.name: item.type for item in self._definitions}
        self._misfits: Counter[str] = Counter()
        self._left_out: Collection[str] = frozenset()
        self._prepare()

    def _prepare(self) -> None:
        held = [item for item in self._definitions if item.name not in self._left_out]
        self._held = [
            (item.name, attribute_of(item.name), column_converter(item.type)) for item in held
        ]
        names = [*self._names, *(item.name for item in held)]
        self._record = defstruct(
            "Record",
            [(attribute_of(name), Any) for name in names],
            rename={attribute_of(name): name for name in names},
            gc=False,
        )

    def leave_out(self, names: Collection[str]) -> None:
        """Build records without some properties from now on; null would say that they are empty."""
        if names != self._left_out:
            self._left_out = names
            self._prepare()

    def records(self, rows: Sequence[Row]) -> list[Record]:
        """Return the record of each live or archived row, every selected field present.

        A value that is not of its property's type becomes null; `tell_misfits` tells of it.
        """
        if not rows:
            return []
        of_rows = _columns(rows)
        of_values = _columns(of_rows["values"])
        nothing = (None,) * len(rows)
        columns = [of_rows[field] if field else nothing for field in self._fields]
        for name, attribute, convert in self._held:
            columns.append(self._converted(name, convert, of_values[attribute]))
        return list(map(self._record, *columns))

    def _converted(
        self, name: str, convert: ColumnConverter, texts: Sequence[str | None]
    ) -> Sequence[Value]:
        try:
            return convert(texts)
        except ValueError:
            return [self._one_converted(name, text) for text in texts]

    def _one_converted(self, name: str, text: str | None) -> Value:
        convert = converter(self._types[name])
        try:
            return convert(text) if convert and text else None
        except ValueError:
            self._misfits[name] += 1
            return None

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
        return {name: value for name, value in fields.items() if name in self._selected}

    def bare(self, row: Row) -> dict[str, Any]:
        """Return the record of an archived row of which only the listing's fields are known."""
        fields = {name: getattr(row, attribute) for name, attribute in _FIELDS.items()}
        return {name: value for name, value in fields.items() if name in self._selected}

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


def _columns(structures: Sequence[Struct]) -> dict[str, Sequence[Any]]:
    """Return what each attribute holds in structures of one class."""
    attributes = type(structures[0]).__struct_fields__
    return dict(zip(attributes, zip(*map(astuple, structures), strict=True), strict=True))
