"""Turns decoded records of flat streams into rows without a step in between.

It gives what `rows.RecordReader` gives, or declines: a test compares the two. Whatever is out of
the ordinary is declined, and read by the reader that knows how to refuse it.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct, defstruct

from target_crmhub_postgres.mapping import PSEUDONYMS
from target_crmhub_postgres.packing import NULL, RowFormat, packed_json, packed_moment
from target_crmhub_postgres.pii import HASH_VERSION
from target_crmhub_postgres.rows import NEVER, row_columns
from target_crmhub_postgres.values import LONGEST_ID, READERS, UnfitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from target_crmhub_postgres.hashing import Hashing
    from target_crmhub_postgres.mapping import Column, Kind, Stream
    from target_crmhub_postgres.mapping import Mapping as ProviderMapping
    from target_crmhub_postgres.quick_messages import QuickShape

#: Values of one column that are remembered: most enumerations and owners have fewer.
_MOST_REMEMBERED: Final = 4_096
#: Whole numbers below it need no closer look.
_PLAIN: Final = 2**63


class QuickRow(Struct, frozen=True, gc=False):
    """What one record holds for the database."""

    key: str
    #: When the source changed it: the first part of the order of versions.
    updated_at: dt.datetime
    #: As binary COPY takes it.
    row: bytes


class _Remembered(dict[Any, bytes]):
    """Values and the fields they become, for columns of few different values."""

    def __init__(self, pack: Callable[[Any], bytes]) -> None:
        super().__init__()
        self._pack = pack

    def __missing__(self, value: object) -> bytes:
        if len(self) >= _MOST_REMEMBERED:
            self.clear()
        field = self[value] = self._pack(value)
        return field


class QuickReader:
    """Reads the decoded records of one flat stream.

    Args:
        stream: What is stored of it.
        mapping: The provider's mapping as the organisation chose it.
        shape: How its records are decoded.
        types: Column of its table → the number of its type.
        hashing: Makes the pseudonyms.
    """

    def __init__(
        self,
        *,
        stream: Stream,
        mapping: ProviderMapping,
        shape: QuickShape,
        types: Mapping[str, int],
        hashing: Hashing,
    ) -> None:
        columns = row_columns(stream)
        form = RowFormat(columns, types)
        packers = dict(zip(columns, form.packers, strict=True))
        attributes = shape.attributes
        self._head = form.head
        self._key = attrgetter(attributes[stream.key.field])
        self._pack_key = packers[stream.key.column]
        self._hashing = hashing
        #: Column by column: the field of a decoded record.
        self._fields = [
            _constant(column, packers[column.name])
            if (stream.name, column.name) in mapping.dropped
            else self._field(column, attributes, packers[column.name])
            for column in stream.columns
        ]
        self._hashes = [
            index for index, column in enumerate(stream.columns) if column.kind in PSEUDONYMS
        ]
        self._hash_version = packers["hash_version"](HASH_VERSION) if self._hashes else b""
        sources = {column.name: column.sources for column in stream.columns}
        self._tombstone = _first_of(sources.get(stream.tombstone or ""), attributes)
        self._updated_at = _first_of(sources.get("source_updated_at"), attributes)
        self._properties = _Properties(stream, attributes) if stream.properties else None

    def read(self, record: object, read_at: bytes) -> QuickRow | None:
        """Return the row of a decoded record, None where it needs a closer look.

        Args:
            record: As `QuickDecoder` gave it.
            read_at: When it was read, as a field.
        """
        key = self._key(record)
        if not (key.isdigit() and key.isascii() and len(key) <= LONGEST_ID):
            return None
        if self._tombstone is not None and self._tombstone(record):
            return None
        unread = self._hashing.unread_phones
        try:
            fields = [field(record) for field in self._fields]
            parts = [self._head, self._pack_key(key), *fields]
            if self._properties is not None:
                parts.append(packed_json(self._properties.read(record)))
        except (UnfitError, OverflowError):
            self._hashing.unread_phones = unread
            return None
        if self._hashes:
            has_hash = any(fields[index] is not NULL for index in self._hashes)
            parts.append(self._hash_version if has_hash else NULL)
        parts.append(read_at)
        updated_at = NEVER if self._updated_at is None else self._updated_at(record) or NEVER
        return QuickRow(key, updated_at, b"".join(parts))

    def _field(
        self, column: Column, attributes: Mapping[str, str], pack: Callable[[Any], bytes]
    ) -> Callable[[Any], bytes]:
        """Return what makes the column's field of a decoded record."""
        missing = _missing(column, pack)
        getters = [attrgetter(attributes[source]) for source in column.sources]
        hashed = self._hashing.reader(column.kind)
        if hashed is not None:
            return _hash_field(getters, hashed, pack)
        read = _QUICK_READERS.get(column.kind) or READERS[column.kind]
        if len(getters) > 1:
            return _first_field(getters, read, pack, missing)
        [get] = getters
        if column.kind in {"enumeration", "id", "boolean"}:
            # None is remembered as well.
            remembered = _Remembered(lambda value: _packed(value, read, pack, missing))
            return lambda record: remembered[get(record)]
        if column.kind == "timestamptz" and pack is packed_moment:

            def moment(record: object) -> bytes:
                value = get(record)
                if value is None:
                    return missing()
                return packed_moment(value if value.tzinfo is dt.UTC else value.astimezone(dt.UTC))

            return moment
        return lambda record: _packed(get(record), read, pack, missing)


class _Properties:
    """The allow-listed properties of a record, encoded in one pass in C."""

    def __init__(self, stream: Stream, attributes: Mapping[str, str]) -> None:
        kinds = stream.properties
        quick = {"enumeration", "boolean", "timestamptz", "numeric"}
        plain = [name for name, kind in kinds.items() if kind in {"enumeration", "boolean"}]
        moments = [name for name, kind in kinds.items() if kind == "timestamptz"]
        numbers = [name for name, kind in kinds.items() if kind == "numeric"]
        others = [name for name, kind in kinds.items() if kind not in quick]
        self._plain = _values(plain, attributes)
        self._moments = _values(moments, attributes)
        self._numbers = _values(numbers, attributes)
        self._others = _values(others, attributes)
        self._readers = [READERS[kinds[name]] for name in others]
        names = [*plain, *moments, *numbers, *others]
        self._shape = defstruct(
            "Properties",
            [(f"field_{index}", Any, None) for index in range(len(names))],
            rename={f"field_{index}": name for index, name in enumerate(names)},
            omit_defaults=True,
            gc=False,
        )

    def read(self, record: object) -> bytes:
        """Return those that hold a value as JSON, typed; UnfitError if one does not fit."""
        plain = self._plain(record)
        rest = [
            *[
                value if value is None or value.tzinfo is dt.UTC else value.astimezone(dt.UTC)
                for value in self._moments(record)
            ],
            *[
                value if value is None or type(value) is Decimal else _number(value)
                for value in self._numbers(record)
            ],
            *[
                None if value is None else read(value)
                for read, value in zip(self._readers, self._others(record), strict=True)
            ],
        ]
        data = _ENCODE(self._shape(*plain, *rest))
        # Seldom: an option with an e-mail address in it, or a text without a letter.
        if b"@" in data or b':""' in data:
            data = _ENCODE(self._shape(*map(_option, plain), *rest))
        return data


_ENCODE: Final = msgspec.json.Encoder(decimal_format="number").encode
_READ_NUMBER: Final = READERS["numeric"]
_READ_OPTION: Final = READERS["enumeration"]


def _number(value: object) -> object:
    """Return an exact number; the decoder lets no Decimal through that would have to be refused."""
    if type(value) is Decimal or (type(value) is int and -_PLAIN < value < _PLAIN):
        return value
    return _READ_NUMBER(value)


def _option(value: object) -> object:
    """Return an option, or a truth value, as it is stored."""
    return _READ_OPTION(value) if isinstance(value, str) else value


def _values(names: list[str], attributes: Mapping[str, str]) -> Callable[[object], Iterable[Any]]:
    """Return what gets the values of all of them at once."""
    if not names:
        return lambda _: ()
    get = attrgetter(*(attributes[name] for name in names))
    return (lambda record: (get(record),)) if len(names) == 1 else get


def _first_of(
    sources: tuple[str, ...] | None, attributes: Mapping[str, str]
) -> Callable[[object], Any] | None:
    """Return what gets the first value that there is, None if there is no source."""
    getters = [attrgetter(attributes[source]) for source in sources or ()]
    if len(getters) <= 1:
        return getters[0] if getters else None
    return lambda record: next((value for get in getters if (value := get(record))), None)


def _missing(column: Column, pack: Callable[[Any], bytes]) -> Callable[[], bytes]:
    """Return what makes the field of a missing value."""
    if column.required:

        def refuse() -> bytes:
            raise UnfitError("is missing")

        return refuse
    field = NULL if column.default is None else pack(column.default)
    return lambda: field


def _constant(column: Column, pack: Callable[[Any], bytes]) -> Callable[[Any], bytes]:
    missing = _missing(column, pack)
    return lambda _: missing()


def _packed(
    value: object,
    read: Callable[[Any], object],
    pack: Callable[[Any], bytes],
    missing: Callable[[], bytes],
) -> bytes:
    found = None if value is None else read(value)
    return missing() if found is None else pack(found)


def _first_field(
    getters: list[attrgetter[Any]],
    read: Callable[[Any], object],
    pack: Callable[[Any], bytes],
    missing: Callable[[], bytes],
) -> Callable[[Any], bytes]:
    def first(record: object) -> bytes:
        for get in getters:
            value = get(record)
            if value is not None and (found := read(value)) is not None:
                return pack(found)
        return missing()

    return first


def _hash_field(
    getters: list[attrgetter[Any]],
    hashed: Callable[[str], object],
    pack: Callable[[Any], bytes],
) -> Callable[[Any], bytes]:
    def pseudonym(record: object) -> bytes:
        for get in getters:
            value = get(record)
            if value and (found := hashed(value)) is not None:
                return pack(found)
        return NULL

    return pseudonym


def _in_utc(value: dt.datetime) -> dt.datetime:
    """Return the moment in UTC; OverflowError at the ends of time."""
    return value if value.tzinfo is dt.UTC else value.astimezone(dt.UTC)


#: Kind → what reads values that the decoder has typed; for the others, the full reader's.
_QUICK_READERS: Final[dict[Kind, Callable[[Any], object]]] = {
    "timestamptz": _in_utc,
    "numeric": lambda value: value if type(value) is Decimal else _READ_NUMBER(value),
}
