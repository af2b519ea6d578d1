"""The form of a mapping file; its syntax is explained at the top of hubspot.toml.

A name that means nothing here is refused: a slip of the pen must not keep what should be dropped.
"""

from __future__ import annotations

import tomllib
from typing import Annotated, Literal

import msgspec

#: How a value is read and stored; values.py holds one reader for each.
Kind = Literal[
    "text",
    "joined_text",
    "texts",
    "enumeration",
    "id",
    "integer",
    "numeric",
    "boolean",
    "date",
    "timestamptz",
    "any",
    "email_pseudonym",
    "email_pseudonyms",
    "phone_pseudonym",
]
#: The settings by which an organisation keeps or drops a column.
Choice = Literal["deal_names", "owner_names"]
#: Name of a field or property: no quote, backslash or control character, which JSON would escape.
Name = Annotated[str, msgspec.Meta(pattern=r'^[^"\\\x00-\x1f]*\Z')]


class _Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table of the file."""


class KeyEntry(_Entry, frozen=True):
    """What identifies a row."""

    column: str
    field: Name
    stream: str | None = None


class OwnerEntry(_Entry, frozen=True):
    """The column that holds the key of the record a set came in."""

    column: str
    stream: str | None = None


class ColumnEntry(_Entry, frozen=True):
    """Where a column's value comes from: properties to fetch, or fields that are always sent."""

    kind: Kind
    properties: tuple[Name, ...] = ()
    fields: tuple[Name, ...] = ()
    kept_if: Choice | None = None
    required: bool = False
    default: bool | None = None

    def __post_init__(self) -> None:
        """Raise ValueError, which msgspec tells with its place."""
        if bool(self.properties) == bool(self.fields):
            message = "a column has either properties or fields"
            raise ValueError(message)


class SetEntry(_Entry, frozen=True):
    """An array in a record that is a table of its own."""

    table: str
    owner: OwnerEntry
    member: KeyEntry
    columns: dict[str, ColumnEntry] = {}


class StreamEntry(_Entry, frozen=True):
    """One stream of the tap."""

    key: KeyEntry
    table: str | None = None
    tombstone: str | None = None
    personal: tuple[str, ...] = ()
    columns: dict[str, ColumnEntry] = {}
    properties: dict[Kind, tuple[Name, ...]] = {}
    sets: dict[str, SetEntry] = {}


class MappingFile(_Entry, frozen=True):
    """The whole file."""

    streams: dict[str, StreamEntry]


# msgspec finds out about a structure when it is first used for reading, and two threads that come
# first at once (two runs of one worker) end the process with a segmentation fault. Here, one does.
msgspec.json.Decoder(MappingFile)


def read_mapping_file(content: bytes) -> MappingFile:
    """Return what a file says; ValueError, with the place, for one that says something else."""
    try:
        return msgspec.convert(tomllib.loads(content.decode()), MappingFile)
    except RecursionError:
        message = "it is nested too deeply"
        raise ValueError(message) from None
