"""Reads a provider's mapping file: the one place that says what is fetched and what is stored.

A CRM is a TOML file in this package, `hubspot.toml` for HubSpot; another CRM is another file and no
code. The classes below are that file, checked; its syntax is explained at its top.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final

from target_crmhub_postgres.errors import InvalidSettingsError
from target_crmhub_postgres.mapping_file import (
    Choice,
    ColumnEntry,
    Kind,
    SetEntry,
    StreamEntry,
    read_mapping_file,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping as MappingOf

__all__ = [
    "Column",
    "InvalidSettingsError",  # who reads a mapping catches what is wrong with it
    "Kind",
    "Mapping",
    "MemberSet",
    "Stream",
    "load_mapping",
    "providers",
]

PSEUDONYMS: Final = frozenset({"email_pseudonym", "email_pseudonyms", "phone_pseudonym"})

_FOLDER: Final = Path(str(resources.files(__package__)))


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column and where its value comes from."""

    name: str
    kind: Kind
    #: Fields of the record, the first that holds a value counts; a dot leads into an object.
    sources: tuple[str, ...]
    #: Whether the sources are properties that the tap has to ask for.
    fetched: bool = False
    #: The setting that says `keep` or `drop`, where an organisation may choose.
    kept_if: Choice | None = None
    #: Whether a record without it is refused.
    required: bool = False
    #: What stands for a value that is missing.
    default: bool | None = None
    #: Whether a value that does not fit refuses the record: it decides which version of a row the
    #: record is, or whether the row is live. Elsewhere such a value is null.
    must_fit: bool = False


@dataclass(frozen=True, kw_only=True)
class Key:
    """What identifies a row: a field of the record, a column of the table."""

    column: str
    field: str
    #: The stream whose key this is, where it is another one's.
    stream: str | None = None


@dataclass(frozen=True, kw_only=True)
class MemberSet:
    """An array in a record that is a table of its own; a record replaces the whole set."""

    #: Stream and array, as `deal_contacts.contacts`.
    name: str
    field: str
    table: str
    #: The column that holds the record's key.
    owner: Key
    member: Key
    columns: tuple[Column, ...]


@dataclass(frozen=True, kw_only=True)
class Stream:
    """One stream of the tap and what is stored of it."""

    name: str
    key: Key
    #: The table with one row for each record; None where the record is only a set.
    table: str | None
    columns: tuple[Column, ...]
    #: Business properties that go to the column `properties`, with their kind.
    properties: MappingOf[str, Kind]
    #: The column that marks a tombstone, which nulls every other one.
    tombstone: str | None
    #: Names and patterns of personal properties, which `kept_properties` may not add.
    personal: tuple[str, ...]
    sets: tuple[MemberSet, ...]

    @property
    def has_pseudonyms(self) -> bool:
        """Whether the table has a `hash_version`."""
        return any(column.kind in PSEUDONYMS for column in self.columns)

    @property
    def is_ordered_by_source(self) -> bool:
        """Whether the source's own time of change decides before the time of reading."""
        return any(column.name == "source_updated_at" for column in self.columns)

    def is_personal(self, name: str) -> bool:
        """Whether a property may not be kept as it is."""
        name = name.lower()
        sensitive = {
            source
            for column in self.columns
            if column.kind in PSEUDONYMS or column.kept_if
            for source in column.sources
        }
        return name in sensitive or any(fnmatchcase(name, pattern) for pattern in self.personal)


@dataclass(frozen=True, kw_only=True)
class Mapping:
    """What is fetched and stored of one provider."""

    provider: str
    streams: MappingOf[str, Stream]
    #: Columns that the organisation chose to drop, as (stream, column).
    dropped: frozenset[tuple[str, str]] = field(default=frozenset())

    def fetched_properties(self) -> dict[str, list[str]]:
        """Return stream → the names of the CRM's properties to ask for, sorted."""
        return {
            stream.name: sorted(
                {
                    source
                    for column in stream.columns
                    if column.fetched and (stream.name, column.name) not in self.dropped
                    for source in column.sources
                }
                | set(stream.properties)
            )
            for stream in self.streams.values()
            if stream.properties or any(column.fetched for column in stream.columns)
        }

    def with_choices(
        self,
        *,
        kept_properties: MappingOf[str, list[str]] | None = None,
        choices: MappingOf[str, str] | None = None,
    ) -> Mapping:
        """Return the mapping as one organisation chose it.

        Args:
            kept_properties: Stream → names added to the allow-list. A personal property, or a
                stream without properties, raises InvalidSettingsError.
            choices: `deal_names`, `owner_names` → `keep` or `drop`.
        """
        streams = dict(self.streams)
        for name, added in (kept_properties or {}).items():
            streams[name] = _with_kept(streams.get(name), name, added)
        dropped = frozenset(
            (stream.name, column.name)
            for stream in streams.values()
            for column in stream.columns
            if column.kept_if and (choices or {}).get(column.kept_if) == "drop"
        )
        return replace(self, streams=streams, dropped=dropped)

    def sets(self) -> Iterator[MemberSet]:
        """Yield the sets of all streams."""
        for stream in self.streams.values():
            yield from stream.sets


def providers(folder: Path = _FOLDER) -> list[str]:
    """Return the names of the providers that have a mapping file."""
    return sorted(path.stem for path in folder.glob("*.toml"))


def load_mapping(provider: str, folder: Path = _FOLDER) -> Mapping:
    """Return the mapping of a provider; InvalidSettingsError if there is none or it is broken."""
    known = providers(folder)
    if provider not in known:
        raise InvalidSettingsError(f"provider must be one of {', '.join(known)}")
    try:
        file = read_mapping_file((folder / f"{provider}.toml").read_bytes())
    except ValueError as error:
        message = f"provider {provider}: its mapping file is broken: {error}"
        raise InvalidSettingsError(message) from error
    streams = {name: _stream(name, entry) for name, entry in file.streams.items()}
    return Mapping(provider=provider, streams=streams)


def _with_kept(stream: Stream | None, name: str, added: list[str]) -> Stream:
    if stream is None or not stream.properties:
        raise InvalidSettingsError(f"kept_properties: stream {name} has no properties to add to")
    personal = sorted(property_ for property_ in added if stream.is_personal(property_))
    if personal:
        raise InvalidSettingsError(
            f"kept_properties: {', '.join(personal)} of {name} is personal and is never kept"
        )
    stored = {source for column in stream.columns for source in column.sources}
    kinds: dict[str, Kind] = {property_: "any" for property_ in added if property_ not in stored}
    return replace(stream, properties={**kinds, **stream.properties})


def _stream(name: str, entry: StreamEntry) -> Stream:
    return Stream(
        name=name,
        key=Key(column=entry.key.column, field=entry.key.field, stream=entry.key.stream),
        table=entry.table,
        columns=_columns(entry.columns, tombstone=entry.tombstone),
        properties={each: kind for kind, names in entry.properties.items() for each in names},
        tombstone=entry.tombstone,
        personal=entry.personal,
        sets=tuple(_set(name, array, each) for array, each in entry.sets.items()),
    )


def _set(stream: str, array: str, entry: SetEntry) -> MemberSet:
    return MemberSet(
        name=f"{stream}.{array}",
        field=array,
        table=entry.table,
        owner=Key(column=entry.owner.column, field="", stream=entry.owner.stream),
        member=Key(
            column=entry.member.column, field=entry.member.field, stream=entry.member.stream
        ),
        columns=_columns(entry.columns),
    )


def _columns(
    entries: MappingOf[str, ColumnEntry], *, tombstone: str | None = None
) -> tuple[Column, ...]:
    return tuple(
        Column(
            name=name,
            kind=entry.kind,
            sources=entry.properties or entry.fields,
            fetched=bool(entry.properties),
            kept_if=entry.kept_if,
            required=entry.required,
            default=entry.default,
            must_fit=entry.required
            or entry.default is not None
            or name in {tombstone, "source_updated_at"},
        )
        for name, entry in entries.items()
    )
