"""What Prometheus reads of a worker and of the fleet."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from orchestrator.claims import claimed
from prometheus_client import generate_latest
from prometheus_client.registry import REGISTRY, CollectorRegistry

from crmhub import metrics
from crmhub.metrics import Fleet, count_outcome
from crmhub.migrate import read_migrations
from crmhub.sync.exit_status import EXIT_STATUSES
from crmhub.sync.meltano_log import PluginFailure
from crmhub.sync.meltano_run import RunOutcome
from crmhub.sync.runs import request_run
from crmhub.web.request_metrics import WebMetrics

if TYPE_CHECKING:
    import psycopg
    from databases import TestDatabase

README = Path(__file__).parents[2] / "orchestrator" / "README.md"


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.fixture
def fleet(database: TestDatabase) -> CollectorRegistry:
    """The gauges of a database of the test's own."""
    registry = CollectorRegistry()
    registry.register(Fleet(database.url_as("crmhub_orchestrator")))
    return registry


def test_gauges_tell_how_the_fleet_stands(
    fleet: CollectorRegistry, database: TestDatabase, orchestrator: psycopg.Connection
) -> None:
    due, running, waiting = [database.add_connection()[1] for _ in range(3)]
    claimed(orchestrator, running)
    request_run(orchestrator, waiting, trigger="manual")
    database.rows(
        "update crmhub.source_connections set next_sync_at = now() - interval '1 hour' "
        "where id = %s",
        [due],
    )
    assert fleet.get_sample_value("crmhub_connections_due") == 2
    assert fleet.get_sample_value("crmhub_connections_overdue") == 1
    oldest = fleet.get_sample_value("crmhub_oldest_due_seconds")
    assert oldest is not None
    assert 3600 <= oldest < 4000
    assert fleet.get_sample_value("crmhub_runs_pending") == 1
    assert fleet.get_sample_value("crmhub_runs_running") == 1
    assert fleet.get_sample_value("crmhub_workers_alive") == 0


def test_connections_are_counted_by_status_and_by_the_error_they_stand_in(
    fleet: CollectorRegistry, database: TestDatabase
) -> None:
    for status, error_class in (
        ("connected", None),
        ("connected", "network"),
        ("needs_reconnect", "invalid_grant"),
        ("paused", "network"),
    ):
        database.rows(
            "insert into crmhub.source_connections (org_id, status, last_error_class) "
            "values (gen_random_uuid(), %s, %s)",
            [status, error_class],
        )
    counted = {
        status: fleet.get_sample_value("crmhub_connections", {"status": status})
        for status in ("connected", "needs_reconnect", "paused", "disconnected")
    }
    assert counted == {"connected": 2, "needs_reconnect": 1, "paused": 1, "disconnected": 0}
    failing = {
        error_class: fleet.get_sample_value(
            "crmhub_connections_failing", {"error_class": error_class}
        )
        for error_class in ("network", "invalid_grant", "internal")
    }
    assert failing == {"network": 1, "invalid_grant": 1, "internal": None}


def test_stale_is_what_should_be_fresh_and_is_not(
    fleet: CollectorRegistry, database: TestDatabase
) -> None:
    """A day, or twice an interval that is longer; since it was added, if nothing is in yet."""
    for synced, added, status, config in (
        ("2 hours", "9 days", "connected", "{}"),
        ("2 days", "9 days", "connected", "{}"),
        (None, "2 days", "connected", "{}"),
        (None, "2 hours", "connected", "{}"),
        ("2 days", "9 days", "connected", '{"sync_interval_ms": 172800000}'),
        ("5 days", "9 days", "connected", '{"sync_interval_ms": 172800000}'),
        ("2 days", "9 days", "paused", "{}"),
    ):
        database.rows(
            "insert into crmhub.source_connections "
            "(org_id, synced_through, created_at, status, config) values "
            "(gen_random_uuid(), now() - %s::interval, now() - %s::interval, %s, %s)",
            [synced, added, status, config],
        )
    assert fleet.get_sample_value("crmhub_connections_stale") == 3


def test_migrations_that_this_program_brings_and_the_database_lacks_are_counted(
    fleet: CollectorRegistry, database: TestDatabase
) -> None:
    assert fleet.get_sample_value("crmhub_migrations_pending") == 0
    database.rows("delete from crmhub.schema_migrations where version >= '0016'")
    database.rows("insert into crmhub.schema_migrations (version) values ('9999')")
    lacking = [each.version for each in read_migrations() if each.version >= "0016"]
    assert fleet.get_sample_value("crmhub_migrations_pending") == len(lacking) > 0


def test_gauges_are_a_gap_while_the_database_is_away() -> None:
    registry = CollectorRegistry()
    registry.register(Fleet("postgresql://nobody:nothing@127.0.0.1:1/nowhere"))
    assert generate_latest(registry) == b""


def test_a_success_counts_its_records() -> None:
    before = value("crmhub_records_total", stream="contacts")
    runs = value("crmhub_runs_total", outcome="succeeded", error_class="")
    count_outcome(
        RunOutcome(succeeded=True, exit_status=0, records={"contacts": 7}, failure=None),
        seconds=1.5,
    )
    assert value("crmhub_records_total", stream="contacts") == before + 7
    assert value("crmhub_runs_total", outcome="succeeded", error_class="") == runs + 1


def test_every_class_of_failure_is_counted_from_nothing() -> None:
    """Prometheus sees no increase where a series begins at 1."""
    counted = {
        sample.labels["error_class"]
        for sample in next(iter(metrics.RUNS.collect())).samples
        if sample.name == "crmhub_runs_total" and sample.labels["outcome"] == "failed"
    }
    assert counted >= set(EXIT_STATUSES)


def test_a_lost_lease_counts_by_itself() -> None:
    before = value("crmhub_lease_losses_total")
    failure = PluginFailure(error_class="lease_lost", message="", retry_after_seconds=None)
    count_outcome(
        RunOutcome(succeeded=False, exit_status=143, records={}, failure=failure), seconds=1.0
    )
    assert value("crmhub_lease_losses_total") == before + 1
    assert value("crmhub_runs_total", outcome="failed", error_class="lease_lost") >= 1


def test_every_429_that_the_tap_tells_of_is_counted_once(
    python_environment: dict[str, str],
) -> None:
    """What it says in a run, and what it says where it is asked before one starts."""
    program = """
import logging
from crmhub.engine.syncing import say_line
from crmhub.logs import configure_logging
from crmhub.metrics import RATE_LIMITED, count_limits_reached
from crmhub.sync.meltano_log import MeltanoLog
configure_logging()
count_limits_reached()
said = "GET /x: HubSpot's limit is reached (secondly); try 1 again in 1.0 s"
logging.getLogger("HubSpotConnector").info("%s", said)
say_line(MeltanoLog(speaker="HubSpotConnector"), said)
say_line(MeltanoLog(speaker="CrmHubLoader"), said)
print(RATE_LIMITED._value.get())
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=python_environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "2.0\n"
    assert done.stderr.count("HubSpot's limit is reached") == 3


def test_every_metric_is_in_the_readme_and_no_other() -> None:
    explained = set(
        re.findall(r"`(crmhub_[a-z_]+)`", README.read_text().partition("## Metrics")[2])
    )
    web = WebMetrics("")
    counters = (
        web.requests,
        metrics.RUNS,
        metrics.RECORDS,
        metrics.LEASE_LOSSES,
        metrics.RATE_LIMITED,
    )
    known = {f"{next(iter(each.collect())).name}_total" for each in counters}
    histograms = (web.seconds, metrics.RUN_SECONDS)
    known |= {next(iter(each.collect())).name for each in histograms}
    known |= {each.name for each in Fleet("").describe()}
    assert explained == known
