"""A catalog is older than the portal: its types hold, and what is gone or ambiguous is named."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft7Validator, FormatChecker

from hubspot_sandbox.dialect import Dialect
from hubspot_sandbox.properties import PropertyDefinition
from tap_hubspot_crm.errors import InvalidSettingsError
from tap_hubspot_crm.tap import TapHubSpotCrm

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap.conftest import Connection

    from hubspot_sandbox.server import RunningSandbox

LOGGER = "HubSpotConnector"


@pytest.fixture(autouse=True)
def _without_sensitive_properties(running: RunningSandbox) -> None:
    """Nothing is to be said about them here."""
    running.sandbox.dialect = Dialect(sensitive_listing="403")


def _define(connection: Connection, name: str, kind: str, *, archived: bool = False) -> None:
    connection.portal.add_property(
        "deals",
        PropertyDefinition(
            name=name, label=name, group="custom", type=kind, archived_at=1 if archived else None
        ),
    )


def _catalog(connection: Connection) -> dict[str, Any]:
    return TapHubSpotCrm(config=connection.settings()).catalog_dict


def _schema(messages: Iterable[Mapping[str, Any]], stream: str) -> dict[str, Any]:
    [found] = [m["schema"] for m in messages if m["type"] == "SCHEMA" and m["stream"] == stream]
    return dict(found)


def _check_records(messages: Iterable[Mapping[str, Any]]) -> int:
    """Validate each record against the schema before it; return how many there are."""
    validators: dict[str, Draft7Validator] = {}
    count = 0
    for message in messages:
        if message["type"] == "SCHEMA":
            validators[message["stream"]] = Draft7Validator(
                message["schema"], format_checker=FormatChecker()
            )
        elif message["type"] == "RECORD":
            validators[message["stream"]].validate(message["record"])
            count += 1
    return count


def test_values_keep_the_catalogs_types_when_types_change_in_hubspot(
    connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    names = ("a_text", "a_number", "a_day")
    for name, kind in zip(names, ("string", "number", "date"), strict=True):
        _define(connection, name, kind)
    catalog = _catalog(connection)
    for name, kind in zip(names, ("number", "string", "string"), strict=True):
        _define(connection, name, kind)
    one, two = list(connection.portal.stores["deals"].ids())[:2]
    connection.portal.edit("deals", one, {"a_text": "5", "a_number": "6", "a_day": "20240115"})
    connection.portal.edit("deals", two, {"a_text": "7", "a_number": "about 6", "a_day": "soon"})
    with caplog.at_level(logging.WARNING, logger=LOGGER):
        messages = connection.sync_partly(None, catalog=catalog)
    [entry] = [item for item in catalog["streams"] if item["tap_stream_id"] == "deals"]
    assert _schema(messages, "deals") == entry["schema"]
    assert _check_records(messages) > 60
    records = [m["record"] for m in messages if m["type"] == "RECORD" and m["stream"] == "deals"]
    held = {record["id"]: record for record in records}
    assert [held[str(one)][name] for name in names] == ["5", 6, "2024-01-15"]
    assert [held[str(two)][name] for name in names] == ["7", None, None]
    assert sorted(record.getMessage() for record in caplog.records) == [
        "deals: 1 values of property a_day are not of its type date; they were sent as null",
        "deals: 1 values of property a_number are not of its type number; they were sent as null",
    ]


def test_a_property_removed_in_hubspot_is_named_once_and_left_out_of_the_records(
    connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    _define(connection, "soon_gone", "string")
    catalog = _catalog(connection)
    _define(connection, "soon_gone", "string", archived=True)
    with caplog.at_level(logging.WARNING, logger=LOGGER):
        messages = connection.sync_partly(None, catalog=catalog)
    assert "soon_gone" in _schema(messages, "deals")["properties"]
    assert _check_records(messages) > 60
    records = [m["record"] for m in messages if m["type"] == "RECORD" and m["stream"] == "deals"]
    assert all("soon_gone" not in record for record in records)
    assert [record.getMessage() for record in caplog.records] == [
        "deals: left out, in the catalog but not among the properties that HubSpot lists: soon_gone"
    ]


def test_what_the_settings_leave_out_is_not_taken_for_removed(
    connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    catalog = _catalog(connection)
    with caplog.at_level(logging.WARNING, logger=LOGGER):
        messages = connection.sync_partly(
            None, catalog=catalog, properties={"contacts": ["city"], "deals": ["amount", "unheard"]}
        )
    assert _check_records(messages) > 60
    assert [record.getMessage() for record in caplog.records] == [
        "deals: left out, not defined in this portal: unheard"
    ]


def test_properties_whose_names_differ_only_by_case_are_named_and_sent(
    connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("createdat", "Region", "region"):
        _define(connection, name, "string")
    deal = next(iter(connection.portal.stores["deals"].ids()))
    values = {"createdat": "one", "Region": "two", "region": "three"}
    connection.portal.edit("deals", deal, values)
    with caplog.at_level(logging.WARNING, logger=LOGGER):
        connection.sync()
    record = connection.consumer.rows["deals"][str(deal)]
    assert {name: record[name] for name in values} == values
    told = "deals: these names differ only by case, and many databases take them for one: "
    assert [record.getMessage() for record in caplog.records] == [
        f"{told}createdAt, createdat",
        f"{told}Region, region",
    ]


def test_a_catalog_that_no_record_can_keep_ends_the_run_before_the_first_message(
    connection: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    catalog = _catalog(connection)
    for entry in catalog["streams"]:
        if entry["tap_stream_id"] == "deals":
            entry["schema"]["required"] = ["id", "amount"]
    tap = TapHubSpotCrm(config=connection.settings(), catalog=catalog)
    with pytest.raises(InvalidSettingsError, match="amount is required"):
        tap.sync_all()
    assert capsys.readouterr().out == ""


def test_a_deselected_field_may_have_any_schema(connection: Connection) -> None:
    catalog = _catalog(connection)
    for entry in catalog["streams"]:
        if entry["tap_stream_id"] == "deals":
            entry["schema"]["required"] = ["id", "amount"]
            entry["schema"]["properties"]["amount"] = {"type": "nothing known"}
            for item in entry["metadata"]:
                if list(item["breadcrumb"]) == ["properties", "amount"]:
                    item["metadata"]["selected"] = False
    assert _check_records(connection.sync_partly(None, catalog=catalog)) > 60
