"""Turns records into rows: what the mapping names, typed and pseudonymised, and nothing else."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from target_crmhub_postgres.errors import InvalidRecordError, MissingKeyError
from target_crmhub_postgres.mapping import PSEUDONYMS
from target_crmhub_postgres.pii import HASH_VERSION
from target_crmhub_postgres.values import READERS, UnfitError, as_id, as_kept_text, as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal

    from target_crmhub_postgres.hashing import Hashing
    from target_crmhub_postgres.mapping import Column, MemberSet, Stream
    from target_crmhub_postgres.mapping import Mapping as ProviderMapping

Record = dict[str, Any]
Row = tuple[Any, ...]

#: The time of a row whose source does not say when it changed: before every other.
NEVER: Final = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, kw_only=True)
class ReadRecord:
    """What one record holds for the database."""

    key: str
    #: The order of versions: (source_updated_at, source_read_at).
    order: tuple[dt.datetime, dt.datetime]
    #: Values in the order of `row_columns`; None where the stream has no table of its own.
    row: Row | None
    #: For each set of the stream: its members, in the order of `member_columns`.
    members: tuple[list[Row], ...]


def row_columns(stream: Stream) -> list[str]:
    """Return the columns of a stream's table that a record fills, in the order of its rows."""
    names = [stream.key.column, *(column.name for column in stream.columns)]
    if stream.properties:
        names.append("properties")
    if stream.has_pseudonyms:
        names.append("hash_version")
    return [*names, "source_read_at"]


def member_columns(members: MemberSet) -> list[str]:
    """Return the columns of a set's table that a member fills, in the order of its rows."""
    columns = [column.name for column in members.columns]
    return [members.owner.column, members.member.column, *columns, "source_read_at"]


class RecordReader:
    """Reads the records of one stream.

    Args:
        stream: What is stored of it.
        mapping: The provider's mapping as the organisation chose it.
        hashing: Makes the pseudonyms.
    """

    def __init__(
        self,
        *,
        stream: Stream,
        mapping: ProviderMapping,
        hashing: Hashing,
    ) -> None:
        self._stream = stream
        self._hashing = hashing
        self._columns = [
            (column, self._reader(column), (stream.name, column.name) in mapping.dropped)
            for column in stream.columns
        ]
        self._names = [column.name for column in stream.columns]
        self._tombstone = self._index(stream.tombstone)
        self._updated_at = self._index("source_updated_at")
        self._survives = {stream.tombstone, "source_updated_at", "archived"}
        self._hashes = [
            index for index, column in enumerate(stream.columns) if column.kind in PSEUDONYMS
        ]
        self._properties = [(name, READERS[kind]) for name, kind in stream.properties.items()]
        self._sets = [
            (members, [(column, self._reader(column)) for column in members.columns])
            for members in stream.sets
        ]

    def read(self, record: Record, read_at: dt.datetime) -> ReadRecord:
        """Return what the record holds; raises InvalidRecordError by stream, key and path."""
        key = self._key(record)
        path = ""
        try:
            values: list[Any] = []
            for column, reader, is_dropped in self._columns:
                path = column.sources[0]
                value = None if is_dropped else reader(record)
                values.append(_filled(column, value) if value is None else value)
            properties: Record = {}
            for path, read in self._properties:
                value = record.get(path)
                if value is not None and (value := read(value)) is not None:
                    properties[path] = value
        except UnfitError as error:
            raise self._refusal(key, path, error) from None
        updated_at = NEVER if self._updated_at is None else values[self._updated_at] or NEVER
        return ReadRecord(
            key=key,
            order=(updated_at, read_at),
            row=self._row(key, values, properties, read_at) if self._stream.table else None,
            members=tuple(
                self._members(record, key, members, columns, read_at)
                for members, columns in self._sets
            ),
        )

    def _row(self, key: str, values: list[Any], properties: Record, read_at: dt.datetime) -> Row:
        is_tombstone = self._tombstone is not None and values[self._tombstone] is not None
        if is_tombstone:
            values = [
                value if name in self._survives else None
                for name, value in zip(self._names, values, strict=True)
            ]
        row = [key, *values]
        if self._properties:
            row.append(None if is_tombstone else encoded_json(properties))
        if self._hashes:
            has_hash = any(values[index] is not None for index in self._hashes)
            row.append(HASH_VERSION if has_hash else None)
        row.append(read_at)
        return tuple(row)

    def _members(
        self,
        record: Record,
        key: str,
        members: MemberSet,
        columns: list[tuple[Column, Callable[[Record], Any]]],
        read_at: dt.datetime,
    ) -> list[Row]:
        array = record.get(members.field)
        if not isinstance(array, list):
            raise self._refusal(key, members.field, UnfitError("must be an array"))
        rows: dict[str, Row] = {}
        path = ""
        for index, each in enumerate(array):
            path = place = f"{members.field}[{index}]"
            try:
                member = _member(each, members.member.field)
                values = []
                for column, reader in columns:
                    path = f"{place}.{column.sources[0]}"
                    value = reader(each)
                    values.append(_filled(column, value) if value is None else value)
            except UnfitError as error:
                raise self._refusal(key, path, error) from None
            rows[member] = (key, member, *values, read_at)
        return list(rows.values())

    def _key(self, record: Record) -> str:
        field = self._stream.key.field
        value = record.get(field)
        if value is None or value == "":
            raise MissingKeyError(f"stream {self._stream.name}: a record has no {field}")
        try:
            key = as_id(value)
        except UnfitError as error:
            message = f"stream {self._stream.name}, key not shown: {field} {error}"
            raise InvalidRecordError(message) from None
        if key is None:
            raise MissingKeyError(f"stream {self._stream.name}: a record has an empty {field}")
        return key

    def _refusal(self, key: str, path: str, error: UnfitError) -> InvalidRecordError:
        return InvalidRecordError(
            f"stream {self._stream.name}, key {shown_key(key)}: {path} {error}"
        )

    def _index(self, name: str | None) -> int | None:
        return self._names.index(name) if name in self._names else None

    def _reader(self, column: Column) -> Callable[[Record], Any]:
        """Return a function from record to the column's value, None where there is none."""
        match column.kind:
            case "joined_text":
                return _joined(column)
            case "texts":
                return _texts(column)
            case kind:
                hashed = self._hashing.reader(kind)
                return _first(column, READERS[kind] if hashed is None else _of_text(hashed))


def shown_key(key: str) -> str:
    """Return the key for a message: digits only, as any other text may be a person's."""
    return key if key.isascii() and key.isdigit() else "not shown"


def _of_text(read: Callable[[str], object]) -> Callable[[object], object]:
    def read_text(value: object) -> object:
        text = as_text(value)
        return None if text is None else read(text)

    return read_text


def _filled(column: Column, value: None) -> object:
    """Return what stands for a value that is missing."""
    if column.required:
        raise UnfitError("is missing")
    return value if column.default is None else column.default


def _member(holder: object, field: str) -> str:
    member = as_id(holder[field]) if isinstance(holder, dict) and field in holder else None
    if member is None:
        raise UnfitError(f"must be an object with {field}")
    return member


def _first(column: Column, read: Callable[[object], Any]) -> Callable[[Record], Any]:
    if len(column.sources) == 1 and "." not in column.sources[0]:
        [source] = column.sources

        def only(record: Record) -> object:
            value = record.get(source)
            return None if value is None else read(value)

        return only

    paths = [source.split(".") for source in column.sources]

    def first(record: Record) -> object:
        for path in paths:
            for value in _values(record, path):
                if (found := read(value)) is not None:
                    return found
        return None

    return first


def _joined(column: Column) -> Callable[[Record], str | None]:
    def joined(record: Record) -> str | None:
        parts = [record.get(source) for source in column.sources]
        texts = [as_kept_text(part) for part in parts if part is not None]
        return " ".join(text for text in texts if text) or None

    return joined


def _texts(column: Column) -> Callable[[Record], list[str]]:
    paths = [source.split(".") for source in column.sources]

    def texts(record: Record) -> list[str]:
        found = {as_kept_text(value) for path in paths for value in _values(record, path)}
        return sorted(text for text in found if text)

    return texts


def _values(holder: object, path: list[str]) -> list[object]:
    """Return what stands at the path, one value for each object of an array on the way."""
    if not path:
        return [] if holder is None else [holder]
    if isinstance(holder, list):
        return [value for each in holder for value in _values(each, path)]
    if isinstance(holder, dict):
        return _values(holder.get(path[0]), path[1:])
    if holder is None:
        return []
    raise UnfitError("leads through something that is no object")


#: Numbers stay exact: a Decimal is written as the number it is.
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


def encoded_json(properties: Mapping[str, str | bool | Decimal | dt.date]) -> bytes:
    """Return the properties as JSON, numbers exact."""
    return _ENCODER.encode(properties)
