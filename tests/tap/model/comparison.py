"""What a consumer holds beside what the portal holds: missing, stale, left over."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from tap.model.consumer import Consumer, Held

    from hubspot_sandbox.sandbox import SandboxPortal

ObjectStream: TypeAlias = Literal["contacts", "deals"]
OBJECT_STREAMS: tuple[ObjectStream, ...] = ("contacts", "deals")

#: Properties that HubSpot works out anew without touching the record.
CALCULATED = frozenset(
    {"num_associated_deals", "num_associated_contacts", "hubspotscore", "hs_forecast_amount"}
)


@dataclass(kw_only=True)
class Comparison:
    """The result of one comparison."""

    rows: int = 0
    differences: list[str] = field(default_factory=list)

    def check(self, stream: str, key: str, fault: str | None) -> None:
        """Count a compared row, and note what is wrong with it."""
        self.rows += 1
        if fault is not None:
            self.differences.append(f"{stream} {key}: {fault}")


def property_names(
    portal: SandboxPortal,
    stream: ObjectStream,
    wanted: Collection[str] | None,
    unreadable: Collection[str],
) -> list[str]:
    """Return the properties that records of a stream must hold.

    Args:
        portal: Where they come from.
        stream: Contacts or deals.
        wanted: Names that the settings allow; None: all.
        unreadable: Names that the token may not read.
    """
    return [
        item.name
        for item in portal.properties[stream].values()
        if (wanted is None or item.name in wanted)
        and item.name not in unreadable
        and item.sensitivity == "non_sensitive"
        and item.archived_at is None
    ]


def compare(
    consumer: Consumer,
    portal: SandboxPortal,
    *,
    properties: Mapping[ObjectStream, Collection[str]],
    silent: Collection[tuple[str, str]] = (),
    is_after_full_pass: bool,
) -> Comparison:
    """Return how many rows were compared and what differs.

    Args:
        consumer: What the runs so far gave.
        portal: The portal they read.
        properties: The properties that each record must hold.
        silent: Stream and key of rows that HubSpot changed without a trace; overlooked.
        is_after_full_pass: Whether calculated and new properties must be right in every row too.
    """
    result = Comparison()
    for stream in OBJECT_STREAMS:
        overlooked = {key for name, key in silent if name == stream}
        names = properties[stream]
        _compare_objects(
            result,
            consumer.rows[stream],
            portal.truth(stream),
            stream=stream,
            overlooked=overlooked,
            names=names if is_after_full_pass else set(names) - CALCULATED,
            all_present=is_after_full_pass,
        )
    overlooked = {key for name, key in silent if name == "deal_contacts"}
    _compare_links(result, consumer, portal, overlooked)
    _compare_owners(result, consumer, portal)
    _compare_pipelines(result, consumer, portal)
    return result


def _compare_objects(
    result: Comparison,
    rows: Mapping[str, Held],
    truth: Mapping[str, Any],
    *,
    stream: str,
    overlooked: Collection[str],
    names: Collection[str],
    all_present: bool,
) -> None:
    left = set(rows) - set(overlooked)
    merged = truth["merged"]
    for loser, survivor in merged.items():
        left.discard(loser)
        if loser not in overlooked:
            result.check(stream, loser, _tombstone_fault(rows.get(loser), survivor))
    for key, expected in {**truth["archived"], **truth["live"]}.items():
        left.discard(key)
        if key not in overlooked and key not in merged:
            fault = _row_fault(rows.get(key), expected, names, all_present=all_present)
            result.check(stream, key, fault)
    for key in left:
        # An archived row or tombstone of a record that was purged later is kept.
        result.check(stream, key, "left over" if rows[key].is_live else None)


def _tombstone_fault(held: Held | None, survivor: str) -> str | None:
    if held is None:
        return "no tombstone"
    if held.record.get("mergedInto") != survivor:
        return f"merged into {held.record.get('mergedInto')} instead of {survivor}"
    return None if len(held.record) == 4 else "a tombstone with more than its four fields"


def _row_fault(
    held: Held | None, expected: Mapping[str, Any], names: Iterable[str], *, all_present: bool
) -> str | None:
    if held is None:
        return "missing"
    record = held.record
    own = ("createdAt", "updatedAt", "archived", "archivedAt")
    wrong = [name for name in own if record.get(name) != expected[name]]
    if record.get("mergedInto") is not None:
        return "a tombstone of a record that was not merged"
    for name in names:
        text = expected["properties"].get(name) or None
        # A property that is younger than the row is not in it unless a value was given.
        if not _same(record.get(name), text) or (all_present and name not in record):
            wrong.append(name)
    return f"stale {wrong}" if wrong else None


def _same(value: object, text: str | None) -> bool:
    match value:
        case bool():
            return text == str(value).lower()
        case int() | Decimal():
            return text is not None and Decimal(text) == value
        case _:
            return value == text


def _compare_links(
    result: Comparison,
    consumer: Consumer,
    portal: SandboxPortal,
    overlooked: Collection[str],
) -> None:
    rows = consumer.rows["deal_contacts"]
    live = cast("dict[str, list[Any]]", portal.truth("deal_contacts")["live"])
    for key, contacts in live.items():
        if key not in overlooked:
            held = rows.get(key)
            is_right = held is not None and _links(held.record["contacts"]) == _links(contacts)
            result.check("deal_contacts", key, None if is_right else "missing or stale")
    for key in set(rows) - set(live) - set(overlooked):
        deal = consumer.rows["deals"].get(key)
        # HubSpot shows no links of an archived deal; they stay as they were, with the deal.
        is_kept = deal is not None and not deal.is_live
        is_wrong = rows[key].record["contacts"] and not is_kept
        result.check("deal_contacts", key, "left over" if is_wrong else None)


def _links(contacts: Iterable[Mapping[str, Any]]) -> dict[str, list[tuple[str, int, str | None]]]:
    return {
        item["id"]: sorted(
            ((kind["category"], kind["type_id"], kind["label"]) for kind in item["types"]),
            key=str,
        )
        for item in contacts
    }


def _compare_owners(result: Comparison, consumer: Consumer, portal: SandboxPortal) -> None:
    live = cast("dict[str, dict[str, Any]]", portal.truth("owners")["live"])
    for key, expected in live.items():
        held = consumer.rows["owners"].get(key)
        wanted = {name: value for name, value in expected.items() if name != "teams"}
        is_right = held is not None and wanted.items() <= held.record.items()
        result.check("owners", key, None if is_right else "missing or stale")
    for key in set(consumer.rows["owners"]) - set(live):
        result.check("owners", key, "left over")


def _compare_pipelines(result: Comparison, consumer: Consumer, portal: SandboxPortal) -> None:
    live = cast("dict[str, dict[str, Any]]", portal.truth("pipelines")["live"])
    for key, expected in live.items():
        held = consumer.rows["pipelines"].get(key)
        is_right = (
            held is not None
            and all(held.record[name] == expected[name] for name in ("label", "archived"))
            and [_stage(stage) for stage in held.record["stages"]]
            == [_expected_stage(stage) for stage in expected["stages"]]
        )
        result.check("pipelines", key, None if is_right else "missing or stale")
    for key in set(consumer.rows["pipelines"]) - set(live):
        result.check("pipelines", key, "left over")


def _stage(stage: Mapping[str, Any]) -> tuple[object, ...]:
    return stage["id"], stage["label"], stage["closed"], Decimal(stage["probability"])


def _expected_stage(stage: Mapping[str, Any]) -> tuple[object, ...]:
    metadata = stage["metadata"]
    return (
        stage["id"],
        stage["label"],
        metadata["isClosed"] == "true",
        Decimal(metadata["probability"]),
    )
