"""What every user of an SDK tap expects of its command line, its logs and its metrics."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from hubspot_sandbox.words import NAME_MARK
from tap_hubspot_crm.settings import SETTINGS_SCHEMA
from tap_hubspot_crm.tap import TapHubSpotCrm

if TYPE_CHECKING:
    from pathlib import Path

    from tap.conftest import Connection, TapProgram

STREAMS = {"contacts", "deals", "deal_contacts", "owners", "pipelines"}
#: Sends every log line as JSON, as Meltano asks plugins to.
STRUCTURED = """
version: 1
disable_existing_loggers: false
formatters:
  structured: {"()": singer_sdk.logging.StructuredFormatter}
handlers:
  stderr: {class: logging.StreamHandler, formatter: structured, stream: ext://sys.stderr}
root: {level: INFO, handlers: [stderr]}
"""


def test_about_as_json_holds_every_setting_and_capability(tap_program: TapProgram) -> None:
    result = tap_program.run({}, "--about", "--format", "json")
    assert result.returncode == 0, result.stderr
    about = json.loads(result.stdout)
    assert about["name"] == "tap-hubspot-crm"
    assert set(SETTINGS_SCHEMA["properties"]) <= set(about["settings"]["properties"])
    assert set(about["capabilities"]) == {item.value for item in TapHubSpotCrm.capabilities}
    assert "test" in about["capabilities"]


def test_about_as_markdown_has_a_line_for_every_setting(tap_program: TapProgram) -> None:
    result = tap_program.run({}, "--about", "--format", "markdown")
    assert result.returncode == 0, result.stderr
    for name, item in SETTINGS_SCHEMA["properties"].items():
        [line] = [line for line in result.stdout.splitlines() if line.startswith(f"| {name} ")]
        assert item["description"] in line


def test_metrics_count_every_record_of_every_stream(connection: Connection, tmp_path: Path) -> None:
    points, printed, _ = _structured_run(connection, tmp_path)
    counted: Counter[str] = Counter()
    for point in points:
        if point["metric"] == "record_count":
            counted[point["tags"]["stream"]] += point["value"]
    assert counted == printed
    assert set(counted) == STREAMS
    timed = [point["tags"] for point in points if point["metric"] == "sync_duration"]
    assert {tags["stream"] for tags in timed} == STREAMS
    assert {tags["status"] for tags in timed} == {"succeeded"}


def test_structured_logs_are_lines_of_json_without_a_value(
    connection: Connection, tmp_path: Path
) -> None:
    _, _, logged = _structured_run(connection, tmp_path)
    lines = [json.loads(line) for line in logged.splitlines()]
    assert all({"level", "message"} <= set(line) for line in lines)
    assert NAME_MARK not in logged
    assert connection.portal.access_token not in logged


def test_a_catalog_selects_streams_and_fields_from_the_command_line(
    connection: Connection, tmp_path: Path
) -> None:
    catalog = json.loads(connection.command("--discover").stdout)
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            if not item["breadcrumb"]:
                item["metadata"]["selected"] = entry["tap_stream_id"] == "contacts"
            elif item["breadcrumb"][-1] not in {"id", "firstname"}:
                item["metadata"]["selected"] = False
    file = tmp_path / "catalog.json"
    file.write_text(json.dumps(catalog))
    result = connection.command("--catalog", str(file))
    assert result.returncode == 0, result.stderr
    records = [
        message
        for message in map(json.loads, result.stdout.splitlines())
        if message["type"] == "RECORD"
    ]
    assert {message["stream"] for message in records} == {"contacts"}
    fields = {name for message in records for name in message["record"]}
    # The SDK keeps a stream's key and its bookmark whatever the catalog says.
    assert fields == {"id", "updatedAt", "firstname"}


def test_a_stream_map_may_filter_and_rename_from_the_command_line(
    connection: Connection,
) -> None:
    result = connection.command(
        stream_maps={
            "contacts": {"__filter__": "archived == False", "email": None, "__alias__": "people"},
            "__else__": "__NULL__",
        }
    )
    assert result.returncode == 0, result.stderr
    records = [
        message
        for message in map(json.loads, result.stdout.splitlines())
        if message["type"] == "RECORD"
    ]
    assert {message["stream"] for message in records} == {"people"}
    assert records
    assert all("email" not in message["record"] for message in records)
    assert not any(message["record"]["archived"] for message in records)


def _structured_run(
    connection: Connection, directory: Path
) -> tuple[list[dict[str, Any]], Counter[str], str]:
    """Return the metric points, the number of records of each stream, and all that was logged."""
    file = directory / "logging.yml"
    file.write_text(STRUCTURED)
    result = connection.command(
        environment={"PATH": "/usr/bin:/bin", "SINGER_SDK_LOG_CONFIG": str(file)}
    )
    assert result.returncode == 0, result.stderr
    points = [
        line["metric_info"]
        for line in map(json.loads, result.stderr.splitlines())
        if "metric_info" in line
    ]
    printed = Counter(
        message["stream"]
        for message in map(json.loads, result.stdout.splitlines())
        if message["type"] == "RECORD"
    )
    return points, printed, result.stderr
