"""Turns decoded records of flat streams into rows without a step in between.

It gives what `rows.RecordReader` gives, or declines: a test compares the two. Whatever is out of
the ordinary is declined, and read by the reader that counts odd values and refuses records.
"""

from __future__ import annotations

from itertools import repeat
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from target_crmhub_postgres.mapping import PSEUDONYMS
from target_crmhub_postgres.packing import NULL, RowFormat
from target_crmhub_postgres.pii import HASH_VERSION
from target_crmhub_postgres.quick_columns import (
    PropertyFields,
    are_plain_ids,
    column_fields,
    columns_of,
    constant_fields,
)
from target_crmhub_postgres.rows import NEVER, row_columns
from target_crmhub_postgres.values import UnfitError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence

    from target_crmhub_postgres.hashing import Hashing
    from target_crmhub_postgres.mapping import Mapping as ProviderMapping
    from target_crmhub_postgres.mapping import Stream
    from target_crmhub_postgres.odd_values import OddValues
    from target_crmhub_postgres.quick_messages import QuickShape


#: Parts that records are read in again when one of them is declined. Most parts are read once
#: more then; halves would be read once more at every step.
_PARTS: Final = 8


class QuickRow(Struct, frozen=True, gc=False):
    """What one record holds for the database."""

    key: str
    #: When the source changed it: the first part of the order of versions.
    updated_at: dt.datetime
    #: As binary COPY takes it.
    row: bytes


class QuickReader:
    """Reads the decoded records of one flat stream.

    Args:
        stream: What is stored of it.
        mapping: The provider's mapping as the organisation chose it.
        shape: How its records are decoded.
        types: Column of its table → the number of its type.
        hashing: Makes the pseudonyms.
        odd_values: Where `hashing` counts.
    """

    def __init__(
        self,
        *,
        stream: Stream,
        mapping: ProviderMapping,
        shape: QuickShape,
        types: Mapping[str, int],
        hashing: Hashing,
        odd_values: OddValues,
    ) -> None:
        names = row_columns(stream)
        form = RowFormat(names, types)
        packers = dict(zip(names, form.packers, strict=True))
        attributes = shape.attributes
        self._head = form.head
        self._key = attrgetter(attributes[stream.key.field])
        self._pack_key = packers[stream.key.column]
        self._odd_values = odd_values
        self._columns = [
            constant_fields(column, packers[column.name])
            if (stream.name, column.name) in mapping.dropped
            else column_fields(column, attributes, packers[column.name], hashing)
            for column in stream.columns
        ]
        self._hashes = [
            index for index, column in enumerate(stream.columns) if column.kind in PSEUDONYMS
        ]
        self._hash_version = packers["hash_version"](HASH_VERSION) if self._hashes else b""
        sources = {column.name: column.sources for column in stream.columns}
        self._tombstone = _first_of(sources.get(stream.tombstone or ""), attributes)
        self._updated_at = _first_of(sources.get("source_updated_at"), attributes)
        self._properties = PropertyFields(stream, attributes) if stream.properties else None

    def read(self, records: Sequence[Struct], read_at: Sequence[bytes]) -> list[QuickRow | None]:
        """Return the row of each decoded record, None where one needs a closer look.

        Args:
            records: As `QuickDecoder` gave them.
            read_at: When each was read, as a field.
        """
        keys = list(map(self._key, records))
        if are_plain_ids(keys) and not self._has_tombstones(records):
            # Nearly always: none has to be left out.
            return list(self._rows(records, keys, read_at))
        sound = [
            index
            for index, key in enumerate(keys)
            if are_plain_ids([key]) and not self._has_tombstones(records[index : index + 1])
        ]
        found: list[QuickRow | None] = [None] * len(records)
        rows = self._rows(
            [records[index] for index in sound],
            [keys[index] for index in sound],
            [read_at[index] for index in sound],
        )
        for index, row in zip(sound, rows, strict=True):
            found[index] = row
        return found

    def _has_tombstones(self, records: Sequence[Struct]) -> bool:
        return self._tombstone is not None and any(map(self._tombstone, records))

    def _rows(
        self, records: Sequence[Struct], keys: Sequence[str], read_at: Sequence[bytes]
    ) -> Sequence[QuickRow | None]:
        if not records:
            return []
        counts = self._odd_values.counts.copy()
        try:
            return self._packed(records, keys, read_at)
        except (UnfitError, OverflowError):
            # They are read again, and counted then.
            self._odd_values.counts = counts
        if len(records) == 1:
            return [None]
        size = -(-len(records) // _PARTS)
        return [
            row
            for start in range(0, len(records), size)
            for part in [slice(start, start + size)]
            for row in self._rows(records[part], keys[part], read_at[part])
        ]

    def _packed(
        self, records: Sequence[Struct], keys: Sequence[str], read_at: Sequence[bytes]
    ) -> list[QuickRow]:
        held = columns_of(records)
        columns = [fields(held) for fields in self._columns]
        parts = [repeat(self._head, len(records)), map(self._pack_key, keys), *columns]
        if self._properties is not None:
            parts.extend(self._properties(held))
        if self._hashes:
            hashes = zip(*(columns[index] for index in self._hashes), strict=True)
            wide = len(self._hashes)
            parts.append(
                [NULL if fields.count(NULL) == wide else self._hash_version for fields in hashes]
            )
        rows = map(b"".join, zip(*parts, read_at, strict=True))
        if self._updated_at is None:
            return list(map(QuickRow, keys, repeat(NEVER), rows))
        updated_at = [moment or NEVER for moment in map(self._updated_at, records)]
        return list(map(QuickRow, keys, updated_at, rows))


def _first_of(
    sources: tuple[str, ...] | None, attributes: Mapping[str, str]
) -> Callable[[object], Any] | None:
    """Return what gets the first value that there is, None if there is no source."""
    getters = [attrgetter(attributes[source]) for source in sources or ()]
    if len(getters) <= 1:
        return getters[0] if getters else None
    return lambda record: next((value for get in getters if (value := get(record))), None)
