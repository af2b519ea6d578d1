"""RECORD messages as lines of bytes, built around each record's own JSON.

The SDK's way makes a message object, a dictionary and a text for each record; that takes longer
than all the rest of the tap.
"""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import astuple
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

    def lines(self, rows: Rows) -> bytes:
        """Return a line for each record, saying the same as the SDK's would."""
        if not rows.records:
            return b""
        read_at = rows.read_at.astimezone(UTC).isoformat()
        tail = b',"version":%d,"time_extracted":"%b"}\n' % (rows.version, read_at.encode())
        try:
            records = _ENCODER.encode_lines(rows.records)
        except UnicodeEncodeError:
            records = b"".join(map(_lenient_line, rows.records))
        # A line feed within a record is written as an escape.
        between = tail + self._head
        return self._head + records[:-1].replace(b"\n", between) + tail


def as_dictionary(record: Record) -> dict[str, Any]:
    """Return the fields of a record by name, a number as the one that it is.

    A field that is unset is left out, as it is from a line.
    """
    if isinstance(record, dict):
        return record
    named = zip(record.__struct_encode_fields__, astuple(record), strict=True)
    return {
        name: Decimal(bytes(value).decode()) if isinstance(value, msgspec.Raw) else value
        for name, value in named
        if value is not msgspec.UNSET
    }


def _lenient_line(record: Record) -> bytes:
    """Return a record and a line feed, also where a text has half a surrogate pair."""
    try:
        return _ENCODER.encode(record) + b"\n"
    except UnicodeEncodeError:
        return serialize_json(as_dictionary(record)).encode() + b"\n"
