"""Rows as the JSON that lists of them are made of, kept: making them is most of an answer's work.

HubSpot's servers are many and this one is alone, so a client that reads at HubSpot's limits would
wait for it instead.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from hubspot_sandbox.records import Record

_MOST: Final = 100_000


class KeptRows:
    """The rows of one type in a portal, each for as long as its record is the same."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, ...], dict[int, tuple[Record, msgspec.Raw]]] = {}
        self._count = 0

    def row(
        self, names: tuple[str, ...], record: Record, make: Callable[[Record], object]
    ) -> msgspec.Raw:
        """Return a record with these properties as JSON, which `make` makes if it isn't known."""
        rows = self._rows.setdefault(names, {})
        found = rows.get(record.id)
        # A change makes a new record, so the same one has the same row.
        if found is not None and found[0] is record:
            return found[1]
        if self._count >= _MOST:
            self._rows, self._count = {}, 0
            rows = self._rows.setdefault(names, {})
        row = msgspec.Raw(msgspec.json.encode(make(record)))
        rows[record.id] = (record, row)
        self._count += found is None
        return row
