"""The rows that the mapping file asks for, worked out from what a portal holds.

Reads `hubspot.toml` as the text it is and nothing of the target's code: what the file says of a
column decides what these tests expect in it.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache, cached_property
from importlib import resources
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from end_to_end.personal_values import ExpectedPseudonyms, without_people
from tap.model.comparison import CALCULATED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from uuid import UUID

    from tap.model.comparison import ObjectStream

    from hubspot_sandbox.sandbox import SandboxPortal
    from hubspot_sandbox.truth import TruthStream

#: Column → value.
Row: TypeAlias = dict[str, Any]
#: Key → row; the key of a set's member holds both ids.
Rows: TypeAlias = dict[tuple[str, ...], Row]

#: Stands for a value that is not compared.
ANYTHING = object()
#: What an organisation that says nothing keeps.
_CHOSEN = {"deal_names": "keep", "owner_names": "drop"}
_PSEUDONYMS = {"email_pseudonym", "email_pseudonyms", "phone_pseudonym"}


@cache
def mapped_streams() -> dict[str, Any]:
    """The streams of the mapping file, as TOML has them."""
    text = (resources.files("target_crmhub_postgres") / "hubspot.toml").read_text()
    return cast("dict[str, Any]", tomllib.loads(text)["streams"])


def property_kinds(stream: str) -> dict[str, str]:
    """Name → kind of every HubSpot property that is stored of a stream, in whatever column."""
    mapped = mapped_streams()[stream]
    kinds = {
        name: column["kind"]
        for column in mapped["columns"].values()
        for name in column.get("properties", ())
    }
    return kinds | _kinds_in_properties(mapped)


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """What one organisation's tables hold of a portal."""

    portal: SandboxPortal
    org_id: UUID
    salt: str
    #: `source_connections.config`.
    config: Mapping[str, Any]
    #: Whether values that HubSpot works out anew without a trace count as well.
    is_complete: bool

    def rows(self, stream: TruthStream) -> Rows:
        """The rows of the stream's table: of live and archived records, and tombstones."""
        told = self.portal.truth(stream)
        live, archived, merged = (
            cast("dict[str, Any]", told.get(part, {})) for part in ("live", "archived", "merged")
        )
        mapped = mapped_streams()[stream]
        rows: Rows = {
            (key,): self._row(stream, mapped, _flat(record))
            for key, record in {**archived, **live}.items()
        }
        for loser, survivor in merged.items():
            rows[loser,] = _tombstone(mapped, survivor)
        return rows

    def members(self, stream: TruthStream, field: str) -> Rows:
        """The rows of the table of a set, of live records."""
        told = self.portal.truth(stream)
        mapped = mapped_streams()[stream]["sets"][field]
        rows: Rows = {}
        for key, record in cast("dict[str, Any]", told["live"]).items():
            # The sandbox tells the set of a deal without the record around it.
            for member in record if isinstance(record, list) else record[field]:
                values = self._columns(stream, mapped, member)
                rows[key, member[mapped["member"]["field"]]] = values
        return rows

    def _row(self, stream: str, mapped: Mapping[str, Any], record: Mapping[str, Any]) -> Row:
        row = self._columns(stream, mapped, record)
        if "properties" in mapped:
            kept = self.config.get("kept_properties", {}).get(stream, ())
            kinds = _kinds_in_properties(mapped) | dict.fromkeys(kept, "any")
            found = {
                name: self._value(stream, name, kind, record.get(name))
                for name, kind in kinds.items()
            }
            row["properties"] = {
                name: ANYTHING if self._is_silent(name) else value
                for name, value in found.items()
                if value is not None or self._is_silent(name)
            }
        hashed = [name for name, column in mapped["columns"].items() if _is_hashed(column)]
        if hashed:
            row["hash_version"] = 1 if any(row[name] is not None for name in hashed) else None
        return row

    def _columns(self, stream: str, mapped: Mapping[str, Any], record: Mapping[str, Any]) -> Row:
        row: Row = {}
        for name, column in mapped["columns"].items():
            value = self._column(stream, column, record)
            row[name] = column.get("default") if value is None else value
        return row

    def _column(self, stream: str, column: Mapping[str, Any], record: Mapping[str, Any]) -> object:
        choice = column.get("kept_if")
        if choice is not None and self.config.get(choice, _CHOSEN[choice]) == "drop":
            return None
        kind = column["kind"]
        values = [
            value
            for source in column.get("properties") or column["fields"]
            for told in _found(record, source.split("."))
            if (value := self._value(stream, source, kind, told)) is not None
        ]
        match kind:
            case "joined_text":
                return " ".join(map(str, values)) or None
            case "texts":
                return sorted(set(map(str, values)))
            case _:
                return next(iter(values), None)

    def _value(self, stream: str, name: str, kind: str, told: object) -> object:
        """What is stored of a value as HubSpot tells it."""
        if told is None or told == "":
            return None
        if kind == "any":
            return self._of_its_type(stream, name, str(told))
        return self._readers.get(kind, str)(str(told))

    @cached_property
    def _readers(self) -> dict[str, Callable[[str], object]]:
        """Kind → how a text of it is read; the others stay as they are."""
        pseudonyms = ExpectedPseudonyms(
            org_id=self.org_id,
            salt=self.salt,
            phone_region=self.config.get("default_phone_region"),
        )
        return {
            "email_pseudonym": pseudonyms.email,
            "email_pseudonyms": pseudonyms.emails,
            "phone_pseudonym": pseudonyms.phone,
            "timestamptz": datetime.fromisoformat,
            "numeric": Decimal,
            "integer": Decimal,
            "boolean": lambda text: text.lower() == "true",
            **dict.fromkeys(("text", "joined_text", "texts"), without_people),
        }

    def _of_its_type(self, stream: str, name: str, text: str) -> object:
        """A value of a property that the organisation keeps, typed as the portal defines it."""
        match self.portal.properties[cast("ObjectStream", stream)][name].type:
            case "number":
                return Decimal(text)
            case "bool":
                return text == "true"
            case _:
                return without_people(text)

    def _is_silent(self, name: str) -> bool:
        return not self.is_complete and name in CALCULATED


def _kinds_in_properties(mapped: Mapping[str, Any]) -> dict[str, str]:
    """Name → kind of what stands in the column `properties`."""
    return {name: kind for kind, names in mapped["properties"].items() for name in names}


def _is_hashed(column: Mapping[str, Any]) -> bool:
    return column["kind"] in _PSEUDONYMS


def _flat(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as the tap sends it: its properties beside its own fields."""
    return {**record.get("properties", {}), **record}


def _found(holder: object, path: list[str]) -> Iterator[object]:
    """What stands at the path, one value for each object of an array on the way."""
    if not path:
        yield holder
    elif isinstance(holder, list):
        for each in holder:
            yield from _found(each, path)
    elif isinstance(holder, dict):
        yield from _found(holder.get(path[0]), path[1:])


def _tombstone(mapped: Mapping[str, Any], survivor: str) -> Row:
    row: Row = dict.fromkeys(mapped["columns"])
    row["properties"] = None
    if any(map(_is_hashed, mapped["columns"].values())):
        row["hash_version"] = None
    # When the survivor had changed as the tap learnt of the merge: any moment will do.
    return row | {"archived": True, "source_updated_at": ANYTHING, mapped["tombstone"]: survivor}
