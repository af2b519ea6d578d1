"""Properties that are the record's own facts: its id, its moments, what was merged into it."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from hubspot_sandbox.clock import iso
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.records import Record

Stamp: TypeAlias = Callable[[Record], str | None]


def _id(record: Record) -> str:
    return str(record.id)


def _created(record: Record) -> str:
    return iso(record.created_at)


def _modified(record: Record) -> str:
    return iso(record.modified_at)


def _merged(record: Record) -> str | None:
    return ";".join(map(str, record.merged_ids)) or None


_OF_MOST_TYPES: Final[Mapping[str, Stamp]] = {
    "hs_object_id": _id,
    "createdate": _created,
    "hs_createdate": _created,
    "hs_lastmodifieddate": _modified,
    "hs_merged_object_ids": _merged,
}
#: How each such property is read from a record.
STAMPS: Final[Mapping[ObjectType, Mapping[str, Stamp]]] = {
    "contacts": {
        "hs_object_id": _id,
        "createdate": _created,
        "lastmodifieddate": _modified,
        "hs_merged_object_ids": _merged,
    },
    "deals": _OF_MOST_TYPES,
    "companies": _OF_MOST_TYPES,
}


def value_of(object_type: ObjectType, record: Record, name: str) -> str | None:
    """Return a property of a record as text; None where it was never filled."""
    stamp = STAMPS[object_type].get(name)
    return record.properties.get(name) if stamp is None else stamp(record)
