"""RECORD messages as lines of bytes, built around each record's own JSON.

The SDK's way makes a message object, a dictionary and a text for each record; that takes longer
than all the rest of the tap.
"""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk.singerlib.json import serialize_json

if TYPE_CHECKING:
    from tap_hubspot_crm.events import Record, Rows

#: A Decimal is written as a JSON number, with the digits it has.
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class RecordLines:
    """Encodes the records of one stream."""

    def __init__(self, stream: str) -> None:
        """Prepare what every line begins with."""
        self._head = b'{"type":"RECORD","stream":%b,"record":' % _ENCODER.encode(stream)

    def lines(self, rows: Rows) -> bytearray:
        """Return a line for each record, saying the same as the SDK's would."""
        read_at = rows.read_at.astimezone(UTC).isoformat()
        head = self._head
        tail = b',"version":%d,"time_extracted":"%b"}\n' % (rows.version, read_at.encode())
        encode_into = _ENCODER.encode_into
        lines = bytearray()
        for record in rows.records:
            lines += head
            begin = len(lines)
            try:
                encode_into(record, lines, begin)
            except UnicodeEncodeError:
                lines[begin:] = _encode_leniently(record)
            lines += tail
        return lines


def as_dictionary(record: Record) -> dict[str, Any]:
    """Return the fields of a record by name."""
    if isinstance(record, dict):
        return record
    found: dict[str, Any] = msgspec.to_builtins(record, builtin_types=(Decimal,))
    return found


def _encode_leniently(record: Record) -> bytes:
    """Return what the quick encoder refuses: a text with half a surrogate pair."""
    return serialize_json(as_dictionary(record)).encode()
