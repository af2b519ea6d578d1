"""Turns records into rows: what the mapping names, typed and pseudonymised, and nothing else."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from target_crmhub_postgres.columns import Record, column_reader, read_value
from target_crmhub_postgres.errors import InvalidRecordError, MissingKeyError
from target_crmhub_postgres.mapping import PSEUDONYMS
from target_crmhub_postgres.pii import HASH_VERSION
from target_crmhub_postgres.values import READERS, UnfitError, as_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from decimal import Decimal
    from typing import NoReturn

    from target_crmhub_postgres.columns import ColumnReader, OnMisfit
    from target_crmhub_postgres.hashing import Hashing
    from target_crmhub_postgres.mapping import Column, MemberSet, Stream
    from target_crmhub_postgres.mapping import Mapping as ProviderMapping
    from target_crmhub_postgres.odd_values import OddValues

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

    A value that does not fit is counted and read as null, unless it decides which row or version
    the record is, or whether the row is live: then the record is refused.

    Args:
        stream: What is stored of it.
        mapping: The provider's mapping as the organisation chose it.
        hashing: Makes the pseudonyms.
        odd_values: Counts what does not fit.
    """

    def __init__(
        self,
        *,
        stream: Stream,
        mapping: ProviderMapping,
        hashing: Hashing,
        odd_values: OddValues,
    ) -> None:
        self._stream = stream
        self._odd_values = odd_values
        self._columns = [
            (
                column,
                _dropped
                if (stream.name, column.name) in mapping.dropped
                else column_reader(column, hashing),
            )
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
            (members, [(column, column_reader(column, hashing)) for column in members.columns])
            for members in stream.sets
        ]

    def read(self, record: Record, read_at: dt.datetime) -> ReadRecord:
        """Return what the record holds; raises InvalidRecordError by stream, key and path."""
        key = self._key(record)

        def count(path: str, error: UnfitError) -> None:
            self._odd_values.count(path, str(error), shown_key(key))

        def refuse(path: str, error: UnfitError) -> NoReturn:
            raise self._refusal(key, path, error)

        values = _read_columns(self._columns, record, count, refuse)
        properties: Record = {}
        for name, read in self._properties:
            value = record.get(name)
            if value is not None and (value := read_value(read, value, name, count)) is not None:
                properties[name] = value
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
        columns: list[tuple[Column, ColumnReader]],
        read_at: dt.datetime,
    ) -> list[Row]:
        """Return the members of a set; one without an id would shrink it, so it is refused."""
        field, index = members.field, 0

        def count(path: str, error: UnfitError) -> None:
            self._odd_values.count(f"{field}.{path}", str(error), shown_key(key))

        def refuse(path: str, error: UnfitError) -> NoReturn:
            raise self._refusal(key, f"{field}[{index}].{path}", error)

        array = record.get(field)
        if not isinstance(array, list):
            raise self._refusal(key, field, UnfitError("must be an array"))
        rows: dict[str, Row] = {}
        for index, each in enumerate(array):
            try:
                member = _member(each, members.member.field)
            except UnfitError as error:
                raise self._refusal(key, f"{field}[{index}]", error) from None
            rows[member] = (key, member, *_read_columns(columns, each, count, refuse), read_at)
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


def shown_key(key: str) -> str:
    """Return the key for a message: digits only, as any other text may be a person's."""
    return key if key.isascii() and key.isdigit() else "not shown"


def _read_columns(
    columns: Iterable[tuple[Column, ColumnReader]],
    holder: Record,
    count: OnMisfit,
    refuse: OnMisfit,
) -> list[Any]:
    """Return the value of each column, and what stands for one that is missing or odd.

    Args:
        columns: Each with what reads it.
        holder: The record, or the member of a set.
        count: Takes what does not fit and becomes null.
        refuse: Takes what must fit; raises.
    """
    values = []
    for column, read in columns:
        value = read(holder, refuse if column.must_fit else count)
        if value is None:
            if column.required:
                refuse(column.sources[0], UnfitError("is missing"))
            value = column.default
        values.append(value)
    return values


def _dropped(_: Record, __: OnMisfit) -> None:
    """Leave a column empty that the organisation drops."""


def _member(holder: object, field: str) -> str:
    member = as_id(holder[field]) if isinstance(holder, dict) and field in holder else None
    if member is None:
        raise UnfitError(f"must be an object with {field}")
    return member


#: Numbers stay exact: a Decimal is written as the number it is.
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


def encoded_json(properties: Mapping[str, str | bool | Decimal | dt.date]) -> bytes:
    """Return the properties as JSON, numbers exact."""
    return _ENCODER.encode(properties)
