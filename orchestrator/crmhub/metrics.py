"""What Prometheus reads: what this worker has done, and how the fleet stands.

Counters are this process's own. The gauges say the same whichever worker is asked: they come from
the database, when Prometheus asks. No metric names an organisation or a connection.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prometheus_client import Counter, Histogram, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import REGISTRY, Collector
from psycopg.rows import dict_row
from typing_extensions import override

from crmhub.database import connect
from crmhub.errors import CrmHubError
from crmhub.migrate import read_migrations
from crmhub.queries import read_queries
from crmhub.sync.exit_status import EXIT_STATUSES

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    from prometheus_client import Metric

    from crmhub.sync.meltano_run import RunOutcome

_QUERIES = read_queries(Path(__file__).with_name("metrics.sql"))

RUNS: Final = Counter("crmhub_runs", "Runs that ended, by outcome.", ["outcome", "error_class"])
# At 0 from the beginning: of a series that begins at 1, Prometheus misses the first increase.
RUNS.labels(outcome="succeeded", error_class="")
for _error_class in EXIT_STATUSES:
    RUNS.labels(outcome="failed", error_class=_error_class)
RUN_SECONDS: Final = Histogram(
    "crmhub_run_seconds",
    "How long a run took, seconds.",
    buckets=(0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600),
)
RECORDS: Final = Counter("crmhub_records", "Records the tap sent, by stream.", ["stream"])
LEASE_LOSSES: Final = Counter("crmhub_lease_losses", "Runs whose lease was lost or taken away.")
RATE_LIMITED: Final = Counter("crmhub_rate_limited", "Times HubSpot answered 429 to a run.")
#: How the tap says so, in its own process or in this one, where it is asked before a run starts.
_LIMIT_REACHED: Final = "s limit is reached ("

#: Gauge → what it says; its value is the column of that name in the queries.
_GAUGES: Final = {
    "crmhub_connections_due": ("due", "Connections that are due and not being run."),
    "crmhub_connections_overdue": ("overdue", "Connections due for more than ten minutes."),
    "crmhub_oldest_due_seconds": ("oldest_seconds", "How long the oldest has been due, seconds."),
    "crmhub_runs_pending": ("pending", "Runs that wait for a worker."),
    "crmhub_runs_running": ("running", "Runs that go on."),
    "crmhub_workers_alive": ("alive", "Worker processes that were heard of lately."),
    "crmhub_connections_stale": ("stale", "Connections whose data are older than they should be."),
    "crmhub_migrations_pending": ("migrations", "Migrations of this program that are not in."),
}
#: Gauge → its label and what it says; its values are the rows of the query that has its name.
_LABELLED_GAUGES: Final = {
    "crmhub_connections": ("status", "Connections, by status."),
    "crmhub_connections_failing": ("error_class", "Connections that stand in an error, by class."),
}


def count_outcome(outcome: RunOutcome, *, seconds: float) -> None:
    """Count a run that ended."""
    failure = outcome.failure
    RUNS.labels(
        outcome="succeeded" if failure is None else "failed",
        error_class="" if failure is None else failure.error_class,
    ).inc()
    RUN_SECONDS.observe(seconds)
    for stream, records in outcome.records.items():
        RECORDS.labels(stream=stream).inc(records)
    if failure is not None and failure.error_class == "lease_lost":
        LEASE_LOSSES.inc()


def count_limits_reached() -> None:
    """Count from now on how often the tap says in this process's log that HubSpot answered 429."""
    logging.getLogger("HubSpotConnector").addFilter(_count_limit_reached)


def _count_limit_reached(record: logging.LogRecord) -> bool:
    if _LIMIT_REACHED in record.getMessage():
        RATE_LIMITED.inc()
    return True


def serve_metrics(database_url: str, *, host: str, port: int) -> None:
    """Answer Prometheus at `http://host:port/metrics` from a thread until this process ends."""
    REGISTRY.register(Fleet(database_url))
    start_http_server(port, addr=host)


class Fleet(Collector):
    """The gauges, read from the database when somebody asks."""

    def __init__(self, database_url: str) -> None:
        """Read nothing yet."""
        self._url = database_url

    def describe(self) -> Iterator[Metric]:
        """The gauges without values, so that registering asks no database."""
        for name, (_, said) in _GAUGES.items():
            yield GaugeMetricFamily(name, said)
        for name, (label, said) in _LABELLED_GAUGES.items():
            yield GaugeMetricFamily(name, said, labels=[label])

    @override
    def collect(self) -> Iterator[Metric]:
        """The gauges; none while the database is away, which Prometheus then shows as a gap."""
        try:
            with connect(self._url) as database:
                values = _values(database)
                labelled = {
                    name: database.execute(_QUERIES[name]).fetchall() for name in _LABELLED_GAUGES
                }
        except CrmHubError:
            return
        for name, (column, said) in _GAUGES.items():
            yield GaugeMetricFamily(name, said, value=values[column])
        for name, (label, said) in _LABELLED_GAUGES.items():
            gauge = GaugeMetricFamily(name, said, labels=[label])
            for of, value in labelled[name]:
                gauge.add_metric([of], value)
            yield gauge


def _values(database: psycopg.Connection) -> dict[str, float]:
    values: dict[str, float] = {}
    known = [each.version for each in read_migrations()]
    with database.cursor(row_factory=dict_row) as cursor:
        for query in ("fleet", "freshness", "runs_in_flight", "workers", "migrations"):
            values |= cursor.execute(_QUERIES[query], {"known": known}).fetchone() or {}
    return values
