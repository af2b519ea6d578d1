"""What the canonical tables hold beside what a portal holds: every row, every mapped column."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any, cast

import psycopg
from end_to_end.expected_rows import ANYTHING, Expectation, mapped_streams
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import set_json_loads

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from databases import TestDatabase
    from end_to_end.conftest import Scene
    from end_to_end.expected_rows import Row, Rows

    from crmhub.demo.stage import Organisation
    from hubspot_sandbox.truth import TruthStream

#: Columns of the hub's own, which no portal holds.
_OWN = {"org_id", "connection_id", "source_read_at", "synced_at"}
#: Of an amount (target: values).
_MOST_DIGITS = 2_000


@dataclass(kw_only=True)
class Comparison:
    """The result of comparing."""

    rows: int = 0
    values: int = 0
    #: One sentence each: table, key, and what is wrong there.
    differences: list[str] = field(default_factory=list)

    def add(self, other: Comparison) -> None:
        """Count what another one counted, and find what it found."""
        self.rows += other.rows
        self.values += other.values
        self.differences += other.differences


def truth(organisation: Organisation, stream: TruthStream) -> dict[str, Any]:
    """What the organisation's portal holds of a stream."""
    return organisation.portal.truth(stream)


def assert_equal_to_portal(scene: Scene, organisation: Organisation) -> None:
    """The canonical tables hold what the portal holds: nothing missing, stale or left over."""
    compared = compare(scene.database, organisation, salt=scene.stage.salt)
    assert not compared.differences, "\n".join(compared.differences[:20])
    assert compared.values > compared.rows > 0


def compare(
    database: TestDatabase,
    organisation: Organisation,
    *,
    salt: str,
    silent: Collection[tuple[str, str]] = (),
    is_complete: bool = False,
) -> Comparison:
    """Compare everything that a connection has brought with its portal.

    Args:
        database: Where the tables are.
        organisation: Whose.
        salt: PII_HASH_SALT.
        silent: Stream and key of rows that HubSpot changed without a trace; overlooked.
        is_complete: Whether values that HubSpot works out without a trace must be right as well,
            as after a full pass.
    """
    [found] = database.rows(
        "select config from crmhub.source_connections where id = %s", [organisation.connection_id]
    )
    expectation = Expectation(
        portal=organisation.portal,
        org_id=organisation.org_id,
        salt=salt,
        config=found["config"],
        is_complete=is_complete,
    )
    result = Comparison()
    tables = _Tables(database.url, organisation)
    for name, mapped in mapped_streams().items():
        stream = cast("TruthStream", name)
        overlooked = {key for of, key in silent if of == stream}
        if "table" in mapped:
            rows = tables.rows(mapped["table"], [mapped["key"]["column"]])
            _compare_rows(result, stream, rows, expectation.rows(stream), overlooked)
        for array, members in mapped.get("sets", {}).items():
            key = [members["owner"]["column"], members["member"]["column"]]
            rows = tables.rows(members["table"], key)
            if "stream" in members["owner"]:
                # HubSpot shows no set of an archived record; it stays as it was, with the record.
                owners = mapped_streams()[members["owner"]["stream"]]
                overlooked |= set(tables.archived(owners["table"]))
            expected = expectation.members(stream, array)
            _compare_rows(result, f"{stream}.{array}", rows, expected, overlooked)
    if is_complete:
        _compare_totals(result, tables, organisation)
    return result


class _Tables:
    """The rows of one connection."""

    def __init__(self, url: str, organisation: Organisation) -> None:
        self._url = url
        self._whose = [organisation.org_id, organisation.connection_id]

    def rows(self, table: str, key: list[str]) -> Rows:
        """The rows by their key, without the hub's own columns."""
        return {
            tuple(str(row[name]) for name in key): {
                name: value for name, value in row.items() if name not in _OWN and name not in key
            }
            for row in self.all_of(table)
        }

    def archived(self, table: str) -> list[str]:
        """The ids of archived rows."""
        return [row["external_id"] for row in self.all_of(table) if row["archived"]]

    def all_of(self, table: str) -> list[Row]:
        """The rows as they are."""
        query = sql.SQL("select * from crmhub.{} where org_id = %s and connection_id = %s")
        with psycopg.connect(self._url, row_factory=dict_row) as connection:
            # Numbers stay exact, and so show whether they were stored exactly.
            set_json_loads(lambda text: json.loads(text, parse_float=Decimal), connection)
            statement = query.format(sql.Identifier(table))
            return connection.execute(statement, self._whose).fetchall()


def _compare_rows(
    result: Comparison,
    what: str,
    rows: Rows,
    expected: Rows,
    overlooked: Collection[str],
) -> None:
    for key in sorted(rows.keys() | expected.keys()):
        if key[0] in overlooked:
            continue
        result.rows += 1
        found, wanted = rows.get(key), expected.get(key)
        if wanted is None:
            # An archived row or a tombstone of what was purged later is kept.
            if found is not None and not found.get("archived"):
                result.differences.append(f"{what} {'/'.join(key)}: left over")
        elif found is None:
            result.differences.append(f"{what} {'/'.join(key)}: missing")
        else:
            result.differences += (
                f"{what} {'/'.join(key)}: {fault}" for fault in _faults(result, found, wanted)
            )


def _faults(result: Comparison, found: Row, wanted: Row, within: str = "") -> Iterable[str]:
    if found.keys() - _silent(wanted) != wanted.keys() - _silent(wanted):
        yield f"{within}has {sorted(found)} instead of {sorted(wanted)}"
        return
    for name, value in wanted.items():
        if name == "properties" and value is not None and found[name] is not None:
            yield from _faults(result, found[name], value, "properties: ")
        elif value is not ANYTHING:
            result.values += 1
            if not _is_same(found[name], value):
                yield f"{within}{name} is {found[name]!r} instead of {value!r}"


def _silent(row: Row) -> set[str]:
    return {name for name, value in row.items() if value is ANYTHING}


def _is_same(found: object, wanted: object) -> bool:
    if isinstance(wanted, datetime) and isinstance(found, str):
        # JSON has no moments; as text they name their zone.
        return datetime.fromisoformat(found) == wanted
    if isinstance(wanted, Decimal):
        return isinstance(found, (int, Decimal)) and found == wanted
    return type(found) is type(wanted) and found == wanted


def _compare_totals(result: Comparison, tables: _Tables, organisation: Organisation) -> None:
    """The totals are those of the live records, counted here from what the portal holds."""
    deals: Counter[tuple[str | None, ...]] = Counter()
    amounts: dict[tuple[str | None, ...], Decimal | None] = {}
    names = ("pipeline", "dealstage", "hubspot_owner_id", "deal_currency_code")
    # Sums are exact, as PostgreSQL's are: an amount may have more digits than Decimal keeps.
    with localcontext(prec=_MOST_DIGITS):
        for record in truth(organisation, "deals")["live"].values():
            values: Mapping[str, str] = record["properties"]
            place = tuple(values.get(name) or None for name in names)
            deals[place] += 1
            if values.get("amount"):
                amounts[place] = (amounts.get(place) or Decimal(0)) + Decimal(values["amount"])
    columns = ("pipeline_external_id", "stage_external_id", "owner_external_id", "currency")
    found = {
        tuple(row[name] for name in columns): (row["deals"], row["amount"])
        for row in tables.all_of("crm_pipeline_totals")
    }
    wanted = {place: (count, amounts.get(place)) for place, count in deals.items()}
    counts = {row["stream"]: row["live"] for row in tables.all_of("crm_stream_totals")}
    live = {name: len(truth(organisation, name)["live"]) for name in ("contacts", "deals")}
    for what, told, right in (("pipeline", found, wanted), ("stream", counts, live)):
        result.rows += len(right)
        result.values += len(right)
        if told != right:
            result.differences.append(f"{what} totals are {told} instead of {right}")
