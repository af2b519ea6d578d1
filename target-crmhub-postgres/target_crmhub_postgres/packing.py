"""Rows as PostgreSQL's binary COPY takes them, encoded once, while they are read.

PostgreSQL: COPY, binary format. A row is the number of its fields, then each field's length and
bytes; a length of -1 is null.
"""

from __future__ import annotations

import datetime as dt
from struct import Struct
from types import NoneType
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg import postgres
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import Format

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence


_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END: Final = b"\xff\xff"
#: The field of a missing value.
NULL: Final = b"\xff\xff\xff\xff"

_LENGTH: Final = Struct("!i").pack
_COUNT: Final = Struct("!h").pack
_MOMENT: Final = Struct("!iq").pack
_TRUTHS: Final = {True: b"\0\0\0\x01\x01", False: b"\0\0\0\x01\0"}
#: PostgreSQL counts microseconds since 2000.
_EPOCH: Final = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
_DAY: Final = 86_400_000_000
_SECOND: Final = 1_000_000
#: The version byte before the text of a jsonb.
_JSONB: Final = b"\x01"
#: Rows that are handed to the driver at a time.
_BLOCK: Final = 500


def packed_text(value: str) -> bytes:
    """Return text as a field."""
    data = value.encode()
    return _LENGTH(len(data)) + data


def packed_bytes(value: bytes) -> bytes:
    """Return bytes as a field."""
    return _LENGTH(len(value)) + value


def packed_json(value: bytes) -> bytes:
    """Return JSON, encoded already, as a field of type jsonb."""
    return json_head(len(value)) + value


def json_head(length: int) -> bytes:
    """Return what stands before JSON of so many bytes, in a field of type jsonb."""
    return _LENGTH(length + 1) + _JSONB


def packed_moment(value: dt.datetime) -> bytes:
    """Return a moment, which has a zone, as a field."""
    since = value - _EPOCH
    return _MOMENT(8, since.days * _DAY + since.seconds * _SECOND + since.microseconds)


def packer(type_oid: int) -> Callable[[Any], bytes]:
    """Return what encodes values for a column of this type."""
    own = _OWN.get(type_oid)
    if own is not None:
        return own
    scalar = psycopg.adapters.get_dumper_by_oid(type_oid, Format.BINARY)(NoneType)
    # How the members of an array are encoded, only a whole row's dumper finds out.
    row = Transformer()
    row.set_dumper_types([type_oid], Format.BINARY)

    def packed(value: object) -> bytes:
        if isinstance(value, list):
            [data] = row.dump_sequence([value], [PyFormat.BINARY])
        else:
            data = scalar.dump(value)
        return NULL if data is None else packed_bytes(bytes(data))

    return packed


class RowFormat:
    """How the rows of a table are encoded.

    Args:
        columns: Names of the columns that a row fills, in its order.
        types: Column → the number of its type.
    """

    def __init__(self, columns: Sequence[str], types: Mapping[str, int]) -> None:
        #: What every row begins with.
        self.head = _COUNT(len(columns))
        #: One for each column.
        self.packers = [packer(types[name]) for name in columns]

    def pack(self, values: Iterable[object]) -> bytes:
        """Return the row of these values, one for each column."""
        fields = [
            NULL if value is None else pack(value)
            for pack, value in zip(self.packers, values, strict=True)
        ]
        return self.head + b"".join(fields)


def copy_blocks(rows: Sequence[bytes]) -> Iterator[bytes]:
    """Yield everything that a COPY of these rows sends."""
    yield _SIGNATURE
    for start in range(0, len(rows), _BLOCK):
        yield b"".join(rows[start : start + _BLOCK])
    yield _END


_OWN: Final[dict[int, Callable[[Any], bytes]]] = {
    postgres.types["text"].oid: packed_text,
    postgres.types["bytea"].oid: packed_bytes,
    postgres.types["jsonb"].oid: packed_json,
    postgres.types["timestamptz"].oid: packed_moment,
    postgres.types["bool"].oid: _TRUTHS.__getitem__,
}
