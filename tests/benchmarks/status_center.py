"""The Status Center's benchmark: `python -m benchmarks.status_center`, with tests/ on the path.

Prints as Markdown how long the pages take for an organisation with two hundred connections and
for one with a million deals, alone and beside two hundred open event streams, and what these
streams cost. `--quick` does the same at reduced counts.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg
from benchmarks.markdown import table
from benchmarks.reading import say
from benchmarks.web_process import Streams, WebProcess, web_process
from psycopg.types.json import Jsonb

from crmhub.embedded_postgres import embedded_postgres
from crmhub.migrate import migrate
from crmhub.queries import read_queries
from crmhub.roles import create_logins
from crmhub.web.status_center.live import STREAMS_PER_SESSION
from target_crmhub_postgres.queries import QUERIES as TARGET_QUERIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import requests

_QUERIES: Final = read_queries(Path(__file__).with_name("status_center.sql"))
_SERVER: Final = {"shared_buffers": "256MB", "max_wal_size": "8GB"}
_TIMEOUT: Final = 60.0
#: So long the streams stand while their cost is measured, seconds.
_STAND_SECONDS: Final = 10.0
_MIB_ALLOWED: Final = 100


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How much there is of everything."""

    connections: int
    runs: int
    deals: int
    streams: int
    requests: int


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(prog="benchmarks.status_center", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="everything, at reduced counts")
    quick = parser.parse_args(arguments).quick
    counts = (
        Counts(connections=200, runs=5, deals=20_000, streams=40, requests=20)
        if quick
        else Counts(connections=200, runs=50, deals=1_000_000, streams=200, requests=300)
    )
    for each in measure(counts):
        print(each, flush=True)  # noqa: T201 - the program's output


def measure(counts: Counts) -> Iterator[str]:
    """Yield the table of pages and the table of streams."""
    with contextlib.ExitStack() as running:
        server = running.enter_context(embedded_postgres(settings=_SERVER))
        migrate(server.url)
        logins = create_logins(server.url)
        many, rich = uuid.uuid4(), uuid.uuid4()
        say(f"status_center: {counts.connections} connections, {counts.deals:,} deals")
        connection_id = _fill(server.url, counts, many, rich)
        web = running.enter_context(web_process(logins))
        browsers = {many: web.sign_in(many), rich: web.sign_in(rich)}
        pages = {
            f"/integrations, {counts.connections} connections": (many, "/integrations"),
            f"a connection, {counts.runs} syncs": (
                many,
                f"/integrations/connections/{connection_id}",
            ),
            f"/integrations/pipeline, {counts.deals:,} deals": (rich, "/integrations/pipeline"),
        }
        alone = [
            _page(web, browsers[org_id], name, path, beside=0, count=counts.requests)
            for name, (org_id, path) in pages.items()
        ]
        streams = Streams(web.url)
        running.callback(streams.close)
        with psycopg.connect(server.url, autocommit=True) as database:
            costs = _stream_costs(web, streams, database, counts, many)
        beside = [
            _page(web, browsers[org_id], name, path, beside=counts.streams, count=counts.requests)
            for name, (org_id, path) in pages.items()
        ]
        yield table(
            f"Pages, {counts.requests} requests each",
            ["page", "open streams", "ms, median", "ms, p95", "ms, most", "ms of CPU", "KiB"],
            alone + beside,
        )
        yield table(
            f"{counts.streams} open event streams, four connections syncing",
            ["what", "before", "with streams", "allowed"],
            costs,
        )


def _fill(url: str, counts: Counts, many: uuid.UUID, rich: uuid.UUID) -> uuid.UUID:
    """Make all rows; returns a connection of the organisation that has many."""
    with psycopg.connect(url) as database:
        database.execute(_QUERIES["add_flags"], {"orgs": [many, rich]})
        for org_id, connections in ((many, counts.connections), (rich, 1)):
            named = {"org_id": org_id, "connections": connections}
            database.execute(_QUERIES["add_connections"], named)
        for name in ("add_stream_totals", "add_runs"):
            database.execute(_QUERIES[name], {"runs": counts.runs})
        database.execute(_QUERIES["add_running"], {"org_id": many})
        of_rich: dict[str, Any] = {"org_id": rich, "deals": counts.deals}
        for name in ("add_pipelines", "add_stages", "add_deals"):
            database.execute(_QUERIES[name], of_rich)
        # As the target does after a run.
        database.execute(
            TARGET_QUERIES["recompute_totals"],
            {"org_id": rich, "connection_id": _connection_of(database, rich)},
        )
        connection_id = _connection_of(database, many)
    with psycopg.connect(url, autocommit=True) as database:
        database.execute("vacuum (analyze)")
    return connection_id


def _connection_of(database: psycopg.Connection[Any], org_id: uuid.UUID) -> uuid.UUID:
    [(connection_id,)] = database.execute(_QUERIES["connection_of"], {"org_id": org_id}).fetchall()
    assert isinstance(connection_id, uuid.UUID)
    return connection_id


def _page(
    web: WebProcess, browser: requests.Session, name: str, path: str, *, beside: int, count: int
) -> list[object]:
    """The row of one page."""
    size = len(browser.get(web.url + path, timeout=_TIMEOUT).content)
    taken = []
    cpu = web.cpu_seconds()
    for _ in range(count):
        began = time.perf_counter()
        answer = browser.get(web.url + path, timeout=_TIMEOUT)
        taken.append((time.perf_counter() - began) * 1000)
        if not answer.ok:
            raise SystemExit(f"{path} was answered {answer.status_code}")
    cpu = (web.cpu_seconds() - cpu) / count * 1000
    p95 = statistics.quantiles(taken, n=20, method="inclusive")[-1]
    return [
        name,
        beside,
        f"{statistics.median(taken):.1f}",
        f"{p95:.1f}",
        f"{max(taken):.1f}",
        f"{cpu:.1f}",
        f"{size / 1024:.0f}",
    ]


def _stream_costs(
    web: WebProcess,
    streams: Streams,
    database: psycopg.Connection[Any],
    counts: Counts,
    org_id: uuid.UUID,
) -> list[list[object]]:
    """Memory, connections and CPU before and with the streams, and how soon a change is told."""
    memory, connections = web.memory_mib(), _connections_of(database)
    for left in range(counts.streams, 0, -STREAMS_PER_SESSION):
        streams.open(web.sign_in(org_id), min(left, STREAMS_PER_SESSION))
    time.sleep(2.0)
    began, cpu = time.monotonic(), web.cpu_seconds()
    time.sleep(_STAND_SECONDS)
    cpu = (web.cpu_seconds() - cpu) / (time.monotonic() - began)
    database.execute(
        _QUERIES["note_progress"], {"org_id": org_id, "records": Jsonb({"contacts": 424_242})}
    )
    waits = streams.seconds_until([b"424,242"], time.monotonic())
    grown = web.memory_mib() - memory
    return [
        ["memory, MiB", f"{memory:.0f}", f"{memory + grown:.0f}", f"+{_MIB_ALLOWED}"],
        ["database connections", connections, _connections_of(database), "+1"],
        ["CPU while nothing changes, %", "0", f"{cpu * 100:.1f}", ""],
        ["streams told of a change", "", len(waits), counts.streams],
        ["seconds until the last was told", "", f"{max(waits, default=0):.2f}", ""],
    ]


def _connections_of(database: psycopg.Connection[Any]) -> int:
    [(count,)] = database.execute(_QUERIES["connections_of_web"]).fetchall()
    return int(count)


if __name__ == "__main__":
    main()
