"""Nothing is asked for that was not selected; stream maps, catalogs and OAuth work."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tap.replay import differences, sent

from tap_hubspot_crm.client import HubSpotClient
from tap_hubspot_crm.listings import read_pipelines
from tap_hubspot_crm.probe import probe
from tap_hubspot_crm.settings import read_settings
from tap_hubspot_crm.tap import TapHubSpotCrm

if TYPE_CHECKING:
    from tap.conftest import Connection

    from hubspot_sandbox.object_types import ObjectType

#: What the tap itself needs of each object.
NEEDED = {
    "contacts": {"lastmodifieddate", "hs_merged_object_ids"},
    "deals": {"hs_lastmodifieddate", "hs_merged_object_ids"},
}


def _asked(connection: Connection, object_type: str) -> set[str]:
    return {
        name
        for call in connection.running.sandbox.requests()
        if f"/objects/2026-09/{object_type}" in call.path
        for name in call.properties or ("every default property",)
    }


def _catalog(connection: Connection) -> dict[str, Any]:
    return TapHubSpotCrm(config=connection.settings()).catalog_dict


def _select(catalog: dict[str, Any], stream: str, field: str | None, *, selected: bool) -> None:
    [entry] = [item for item in catalog["streams"] if item["tap_stream_id"] == stream]
    breadcrumb = ["properties", field] if field else []
    for item in entry["metadata"]:
        if list(item["breadcrumb"]) == breadcrumb:
            item["metadata"]["selected"] = selected


def test_the_properties_setting_bounds_what_is_asked_and_sent(connection: Connection) -> None:
    properties = {"contacts": ["lifecyclestage", "nobody_made_this"], "deals": ["amount"]}
    messages = connection.sync(properties=properties)
    assert _asked(connection, "contacts") == {"lifecyclestage", *NEEDED["contacts"]}
    assert _asked(connection, "deals") == {"amount", *NEEDED["deals"]}
    own = {"id", "createdAt", "updatedAt", "archived", "archivedAt", "mergedInto"}
    record = next(iter(connection.consumer.rows["contacts"].values()))
    assert set(record) == {"lifecyclestage", *own}
    schema = next(m["schema"] for m in messages if m["type"] == "SCHEMA" and m["stream"] == "deals")
    assert set(schema["properties"]) == {"amount", *own}
    assert differences(connection.consumer, connection.portal) == []


def test_a_deselected_property_is_neither_asked_nor_sent(connection: Connection) -> None:
    catalog = _catalog(connection)
    _select(catalog, "contacts", "email", selected=False)
    _select(catalog, "contacts", "archivedAt", selected=False)
    _select(catalog, "owners", "email", selected=False)
    messages = connection.sync_partly(None, catalog=catalog)
    assert "email" not in _asked(connection, "contacts")
    assert "firstname" in _asked(connection, "contacts")
    records = [m["record"] for m in messages if m["type"] == "RECORD" and m["stream"] == "contacts"]
    assert all("email" not in record and "archivedAt" not in record for record in records)
    owners = [m["record"] for m in messages if m["type"] == "RECORD" and m["stream"] == "owners"]
    assert owners
    assert all("email" not in record for record in owners)


def test_a_deselected_stream_is_not_asked_for(connection: Connection) -> None:
    catalog = _catalog(connection)
    for stream in ("deals", "deal_contacts", "owners", "pipelines"):
        _select(catalog, stream, None, selected=False)
    connection.sync_partly(None, catalog=catalog)
    paths = {call.path for call in connection.running.sandbox.requests()}
    assert all("contacts" in path for path in paths)


def test_a_property_added_in_hubspot_appears_in_the_next_schema(connection: Connection) -> None:
    connection.sync()
    portal = connection.portal
    definition = next(iter(portal.properties["deals"].values()))
    portal.add_property("deals", replace(definition, name="brand_new", type="number"))
    deal = next(iter(portal.stores["deals"].ids()))
    portal.edit("deals", deal, {"brand_new": "19999999999999.99"})
    messages = connection.sync()
    schema = next(m["schema"] for m in messages if m["type"] == "SCHEMA" and m["stream"] == "deals")
    assert schema["properties"]["brand_new"] == {"type": ["number", "null"]}
    assert str(connection.consumer.rows["deals"][str(deal)]["brand_new"]) == "19999999999999.99"


def test_stream_maps_apply(connection: Connection) -> None:
    messages = connection.sync_partly(
        None,
        stream_maps={
            "contacts": {"email": None, "__alias__": "people"},
            "owners": "__NULL__",
        },
    )
    people = [m["record"] for m in messages if m["type"] == "RECORD" and m["stream"] == "people"]
    assert len(people) == 230
    assert all("email" not in record for record in people)
    assert any(m["type"] == "ACTIVATE_VERSION" and m["stream"] == "people" for m in messages)
    assert not sent([m for m in messages if m.get("stream") == "owners"], "owners")


def test_a_catalog_that_asks_for_full_table_gets_full_passes(connection: Connection) -> None:
    connection.sync()
    catalog = _catalog(connection)
    for entry in catalog["streams"]:
        if entry["tap_stream_id"] == "deals":
            entry["replication_method"] = "FULL_TABLE"
    messages = connection.sync_partly(None, catalog=catalog)
    assert len(sent(messages, "deals")) == 60
    assert not sent(messages, "contacts")


def test_an_oauth_token_that_expires_meanwhile_is_renewed(connection: Connection) -> None:
    portal = connection.portal
    oauth = {
        "access_token": None,
        "client_id": portal.client_id,
        "client_secret": portal.client_secret,
        "refresh_token": portal.refresh_token,
    }
    client = HubSpotClient(read_settings(connection.settings(**oauth)))
    assert read_pipelines(client).records
    connection.running.sandbox.tokens.expire(portal.portal_id)
    assert read_pipelines(client).records
    calls = [(call.path, call.status) for call in connection.running.sandbox.requests()]
    pipelines, token = "/crm/pipelines/2026-09/deals", "/oauth/2026-09/token"
    expected = [(token, 200), (pipelines, 200), (pipelines, 401), (token, 200), (pipelines, 200)]
    assert calls == expected
    connection.sync(**oauth)
    assert differences(connection.consumer, portal) == []


def test_a_probe_is_imported_without_the_singer_sdk() -> None:
    program = "import sys, tap_hubspot_crm.probe; sys.exit('singer_sdk' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_probe_knows_whether_a_run_would_have_anything_to_do(connection: Connection) -> None:
    settings = connection.settings()
    assert probe(settings, {}).stream == "contacts"
    connection.sync()
    verdict = probe(settings, connection.consumer.state)
    assert not verdict.changed
    assert verdict.asked_at is not None
    deal = next(iter(connection.portal.stores["deals"].ids()))
    connection.portal.edit("deals", deal, {"dealname": "Changed"})
    assert probe(settings, connection.consumer.state).stream == "deals"
    connection.sync()
    assert not probe(settings, connection.consumer.state).changed
    assert probe({**settings, "reconcile_interval_hours": 0}, connection.consumer.state).changed
    connection.portal.deactivate_owner(next(iter(connection.portal.owners)))
    assert probe(settings, connection.consumer.state).stream == "owners"


def test_a_number_that_is_none_costs_neither_the_run_nor_the_record(
    connection: Connection,
) -> None:
    """As after a change of the property's type from text to number in HubSpot."""
    portal = connection.portal
    definition = portal.properties["deals"]["amount"]
    portal.add_property("deals", replace(definition, name="was_text"))
    one, two, three = list(portal.stores["deals"].ids())[:3]
    portal.edit("deals", one, {"was_text": "ann.five@example.com"})
    portal.edit("deals", two, {"was_text": "about five"})
    portal.edit("deals", three, {"was_text": "5"})
    result = connection.command()
    assert result.returncode == 0, result.stderr
    messages = map(json.loads, result.stdout.splitlines())
    held = {
        message["record"]["id"]: message["record"]["was_text"]
        for message in messages
        if message["type"] == "RECORD" and message["stream"] == "deals"
    }
    assert (held[str(one)], held[str(two)], held[str(three)]) == (None, None, 5)
    assert result.stderr.count("was_text") == 1
    assert "2 values of property was_text are not of its type number" in result.stderr
    assert "ann.five" not in result.stdout + result.stderr
    assert "about five" not in result.stdout + result.stderr


@pytest.mark.parametrize("object_type", ["contacts", "deals"])
def test_numbers_are_printed_with_every_digit(
    connection: Connection, object_type: ObjectType
) -> None:
    portal = connection.portal
    definition = next(iter(portal.properties[object_type].values()))
    digits = "0.20000000000000001110223024625156540423631668090820"
    portal.add_property(object_type, replace(definition, name="exact", type="number"))
    row = next(iter(portal.stores[object_type].ids()))
    portal.edit(object_type, row, {"exact": digits})
    result = connection.command()
    [line] = [line for line in result.stdout.splitlines() if digits in line]
    assert f'"exact":{digits}' in line
    assert json.loads(line)["record"]["id"] == str(row)
