"""A consumer that applies what the tap prints, and its comparison with a portal's truth."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hubspot_sandbox.object_types import ObjectType
    from hubspot_sandbox.sandbox import SandboxPortal
    from hubspot_sandbox.truth import TruthStream

KEYS = {
    "contacts": "id",
    "deals": "id",
    "deal_contacts": "deal_id",
    "pipelines": "id",
    "owners": "id",
}


@dataclass(kw_only=True)
class Consumer:
    """Holds what a simple target would hold: the last record of each key, swept by version."""

    rows: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=lambda: {stream: {} for stream in KEYS}
    )
    versions: dict[tuple[str, str], int] = field(default_factory=dict)
    state: dict[str, Any] | None = None

    def apply(self, messages: Iterable[Mapping[str, Any]]) -> None:
        """Apply the messages of one run, in order."""
        known: set[str] = set()
        for message in messages:
            stream = message.get("stream", "")
            match message["type"]:
                case "SCHEMA":
                    known.add(stream)
                case "RECORD":
                    assert stream in known, "a record came before its schema"
                    key = message["record"][KEYS[stream]]
                    self.rows[stream][key] = message["record"]
                    self.versions[stream, key] = message["version"]
                case "ACTIVATE_VERSION":
                    self._sweep(stream, message["version"])
                case _:
                    self.state = message["value"]

    def _sweep(self, stream: str, version: int) -> None:
        gone = [key for key in self.rows[stream] if self.versions[stream, key] != version]
        for key in gone:
            del self.rows[stream][key]


def sent(messages: Iterable[Mapping[str, Any]], stream: str) -> Counter[str]:
    """Return how often each key of a stream was sent."""
    return Counter(
        message["record"][KEYS[stream]]
        for message in messages
        if message["type"] == "RECORD" and message["stream"] == stream
    )


def differences(consumer: Consumer, portal: SandboxPortal, *, loose: bool = False) -> list[str]:
    """Return what is missing, stale or left over, one line each.

    Args:
        consumer: What the runs so far gave.
        portal: The portal they read.
        loose: Whether to overlook counts of associated records, which HubSpot changes without a
            trace.
    """
    found = [*_of_objects(consumer, portal, "contacts", loose=loose)]
    found += _of_objects(consumer, portal, "deals", loose=loose)
    found += _of_links(consumer, portal)
    listings: tuple[TruthStream, ...] = ("pipelines", "owners")
    for stream in listings:
        live = cast("dict[str, Any]", portal.truth(stream)["live"])
        if set(live) != set(consumer.rows[stream]):
            found.append(f"{stream}: other ids")
    return found


def _of_objects(
    consumer: Consumer, portal: SandboxPortal, stream: ObjectType, *, loose: bool
) -> Iterable[str]:
    truth = cast("dict[str, dict[str, Any]]", portal.truth(stream))
    held = dict(consumer.rows[stream])
    for loser, survivor in truth["merged"].items():
        row = held.pop(loser, None)
        if row is not None and (row.get("mergedInto") != survivor or len(row) != 4):
            yield f"{stream} {loser}: no tombstone"
    for row_id, expected in {**truth["archived"], **truth["live"]}.items():
        if row_id in truth["merged"]:
            continue
        row = held.pop(row_id, None)
        if row is None:
            yield f"{stream} {row_id}: missing"
        else:
            wrong = [
                name for name in _stale_fields(row, expected) if not (loose and "num_" in name)
            ]
            if wrong:
                yield f"{stream} {row_id}: stale {wrong}"
    yield from (f"{stream} {row_id}: left over" for row_id in held)


def _stale_fields(row: Mapping[str, Any], expected: Mapping[str, Any]) -> Iterable[str]:
    own = ("createdAt", "updatedAt", "archived", "archivedAt")
    yield from (name for name in own if row[name] != expected[name])
    for name, value in row.items():
        if name not in {"id", "mergedInto", *own}:
            text = expected["properties"].get(name) or None
            if not _same(value, text):
                yield name


def _same(value: object, text: str | None) -> bool:
    match value:
        case bool():
            return text == str(value).lower()
        case int() | Decimal():
            return text is not None and Decimal(text) == value
        case _:
            return value == text


def _of_links(consumer: Consumer, portal: SandboxPortal) -> Iterable[str]:
    live = cast("dict[str, list[Any]]", portal.truth("deal_contacts")["live"])
    for deal_id, contacts in live.items():
        row = consumer.rows["deal_contacts"].get(deal_id)
        if row is None or _in_order(row["contacts"]) != _in_order(contacts):
            yield f"deal_contacts {deal_id}: missing or stale"
    for deal_id, row in consumer.rows["deal_contacts"].items():
        # An empty set of a deal that is gone says what is true.
        if deal_id not in live and row["contacts"]:
            yield f"deal_contacts {deal_id}: left over"


def _in_order(contacts: Iterable[Mapping[str, Any]]) -> list[tuple[str, list[str]]]:
    return [(item["id"], sorted(map(str, item["types"]))) for item in contacts]
