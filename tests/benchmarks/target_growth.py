"""Loading into a table that is large already, and what reading unchanged rows again writes."""

from __future__ import annotations

import contextlib
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import psycopg
from benchmarks.markdown import table
from benchmarks.reading import say
from benchmarks.target_input import LoadInput
from benchmarks.target_loaders import Ours

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from benchmarks.target_server import BenchServer, Load
    from databases import TestDatabase

_PER: Final = 100_000
#: Keys that no other row has.
_FAR: Final = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class _Growing:
    """One load into a table that holds others."""

    what: str
    #: Of a round's new contacts: the first ones or the second ones.
    place: int
    #: Seconds since they were read first.
    after: int = 0
    after_checkpoint: bool = False


#: In this order: the second one comes as in the middle of a long load.
_LOADS: Final = (
    _Growing(what="new, right after a checkpoint", place=0, after_checkpoint=True),
    _Growing(what="new", place=1),
    _Growing(what="unchanged", place=1, after=3_600),
)


def unchanged_wal(server: BenchServer, directory: Path, contacts: int) -> str:
    """Return the table of what is written per 100,000 rows, with and without a full pass."""
    rows = []
    with server.hub() as (database, org_id, connection_id):
        ours = Ours(server=server, database=database, org_id=org_id, connection_id=connection_id)
        for what, after, version in (
            ("first load", 0, None),
            ("unchanged", 3_600, None),
            ("unchanged, noted as seen by a full pass", 7_200, 1),
        ):
            say(f"write-ahead log of {contacts} contacts: {what}")
            path = directory / "wal.singer"
            LoadInput(contacts=contacts, deals=0, read_after=after, version=version).write(path)
            load = ours.load(path, contacts)
            _vacuum(database)
            per = load.wal / 1e6 * _PER / contacts
            rows.append([what, f"{per:.1f}", f"{load.server_cpu * _PER / contacts:.1f}"])
            path.unlink()
    return table("Written per 100,000 contacts", ["load", "WAL MB", "server CPU s"], rows)


def growth(
    server: BenchServer, directory: Path, *, step: int, sizes: tuple[int, int], rounds: int
) -> str:
    """Return the table of loading so many contacts into a table with few rows and with many.

    In turns, so that what else the machine does meets both; medians are compared.
    """
    few, many = sizes
    path = directory / "growth.singer"
    found: dict[tuple[str, int], list[Load]] = {}
    with _filled(server, path, step=step, size=many) as large:
        for turn in range(rounds):
            with _filled(server, path, step=step, size=few) as small:
                for size, ours in ((few, small), (many, large)):
                    for each in _LOADS:
                        say(f"round {turn + 1}: {step} contacts, {each.what}, {size} there")
                        first = _FAR + (2 * turn + each.place) * step
                        made = LoadInput(contacts=step, deals=0, first=first, read_after=each.after)
                        made.write(path)
                        load = ours.load(path, step, after_checkpoint=each.after_checkpoint)
                        found.setdefault((each.what, size), []).append(load)
                        _vacuum(ours.database)
    rows = []
    for (what, size), loads in found.items():
        before = found[what, few]
        rows.append([
            f"{size:,}", what, f"{_seconds(loads):.1f}", f"{_cpu(loads):.1f}",
            f"{_seconds(loads) / _seconds(before):.2f}", f"{_cpu(loads) / _cpu(before):.2f}",
            f"{statistics.median(load.wal for load in loads) / 1e6:.0f}",
            ", ".join(f"{load.seconds:.1f}" for load in loads),
        ])  # fmt: skip
    return table(
        f"Loading {step:,} contacts into a table that holds others (bar: at most 1.30 times)",
        ["rows there", "contacts", "seconds", "CPU s", "times, by the clock", "times, by CPU",
         "WAL MB", "seconds of each round"],
        rows,
    )  # fmt: skip


@contextlib.contextmanager
def _filled(server: BenchServer, path: Path, *, step: int, size: int) -> Iterator[Ours]:
    """A connection whose table holds so many contacts."""
    with server.hub() as (database, org_id, connection_id):
        ours = Ours(server=server, database=database, org_id=org_id, connection_id=connection_id)
        say(f"filling a table up to {size} contacts")
        LoadInput(contacts=step, deals=0).write(path)
        ours.load(path, step)
        if size > step:
            _fill(database, size - step)
            _vacuum(database)
            # As all the rows would have come: through the target.
            LoadInput(contacts=step, deals=0, first=_FAR - step).write(path)
            ours.load(path, step)
        _vacuum(database)
        yield ours


def _seconds(loads: Sequence[Load]) -> float:
    return statistics.median(load.seconds for load in loads)


def _cpu(loads: Sequence[Load]) -> float:
    return statistics.median(load.client_cpu + load.server_cpu for load in loads)


def _fill(database: TestDatabase, size: int) -> None:
    """Copy rows under new keys and pseudonyms until the table holds so many."""
    [row] = database.rows("select count(*) as present from crmhub.crm_contacts")
    missing = size - row["present"]
    if missing <= 0:
        return
    database.rows(
        """
        insert into crmhub.crm_contacts
        select org_id, connection_id, (20000000000 + (%(present)s + n) * 7)::text,
            sha256(email_hash || n::text::bytea), additional_email_hashes,
            sha256(phone_hash || n::text::bytea), mobile_phone_hash, hash_version,
            lifecycle_stage, lead_status, owner_external_id, properties, source_created_at,
            source_updated_at + n * interval '1 second', source_read_at, archived, archived_at,
            merged_into, synced_at
        from (
            select contact.*, row_number() over () as n
            from crmhub.crm_contacts as contact
            cross join generate_series(1, %(copies)s)
            limit %(missing)s
        ) as copied
        """,
        {
            "present": row["present"],
            "missing": missing,
            "copies": missing // row["present"] + 1,
        },
    )


def _vacuum(database: TestDatabase) -> None:
    """Do what autovacuum does soon after rows came, so that it does not do it in between."""
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("vacuum analyze crmhub.crm_contacts")
