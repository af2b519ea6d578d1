"""The portal's properties become the schema: sensitive, archived, numerous, new ones."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import pytest
from tap.replay import differences

from hubspot_sandbox.calls import SENSITIVE_SCOPE
from hubspot_sandbox.dialect import Dialect
from tap_hubspot_crm.tap import TapHubSpotCrm

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap.conftest import Connection

#: A sensitive and an archived property of the sandbox's contacts.
SENSITIVE = "dietary_notes"
ARCHIVED = "old_segment"


def _schema(messages: Iterable[Mapping[str, Any]], stream: str) -> Mapping[str, Any]:
    [found] = [m for m in messages if m["type"] == "SCHEMA" and m["stream"] == stream]
    properties: Mapping[str, Any] = found["schema"]["properties"]
    return properties


def test_sensitive_properties_are_read_where_the_token_may(connection: Connection) -> None:
    portal = connection.portal
    contact = next(iter(portal.stores["contacts"].ids()))
    portal.edit("contacts", contact, {SENSITIVE: "no nuts"})
    messages = connection.sync(access_token=connection.token(SENSITIVE_SCOPE.format("contacts")))
    assert _schema(messages, "contacts")[SENSITIVE] == {"type": ["string", "null"]}
    assert connection.consumer.rows["contacts"][str(contact)][SENSITIVE] == "no nuts"
    assert differences(connection.consumer, portal) == []


@pytest.mark.parametrize("status", ["400", "403", "404"])
def test_a_listing_of_sensitive_properties_that_is_refused_costs_a_line_and_no_failure(
    connection: Connection, caplog: pytest.LogCaptureFixture, status: Literal["400", "403", "404"]
) -> None:
    connection.running.sandbox.dialect = Dialect(sensitive_listing=status)
    with caplog.at_level(logging.INFO, logger="HubSpotConnector"):
        messages = connection.sync()
    assert SENSITIVE not in _schema(messages, "contacts")
    told = [record.getMessage() for record in caplog.records if "does not list" in record.message]
    assert sorted(told) == [
        f"contacts: sensitive properties are left out: HubSpot does not list them ({status})",
        f"deals: sensitive properties are left out: HubSpot does not list them ({status})",
    ]


def test_listed_properties_that_the_token_may_not_read_are_named_once_and_left_out(
    connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    """HubSpot lists them to everybody, and refuses a request that names one."""
    with caplog.at_level(logging.WARNING, logger="HubSpotConnector"):
        messages = connection.sync()
    assert SENSITIVE not in _schema(messages, "contacts")
    assert not any(SENSITIVE in m["record"] for m in messages if m["type"] == "RECORD")
    told = [record.getMessage() for record in caplog.records if SENSITIVE in record.message]
    scope = SENSITIVE_SCOPE.format("contacts")
    assert told == [
        f"contacts: left out, the token may not read them (missing scope: {scope}): {SENSITIVE}"
    ]
    assert differences(connection.consumer, connection.portal) == []
    connection.sync()
    # One list of properties, one search.
    assert connection.requests("/properties/2026-09/contacts") == 1


def test_sensitive_properties_are_not_looked_for_where_the_settings_name_only_plain_ones(
    connection: Connection,
) -> None:
    token = connection.token(SENSITIVE_SCOPE.format("contacts"))
    properties = {"contacts": ["firstname"], "deals": ["amount"]}
    connection.sync(access_token=token, properties=properties)
    assert connection.requests("/properties/2026-09/contacts") == 1
    properties["contacts"].append(SENSITIVE)
    messages = connection.sync(access_token=token, properties=properties)
    assert connection.requests("/properties/2026-09/contacts") == 2
    assert SENSITIVE in _schema(messages, "contacts")


def test_an_archived_property_is_in_no_schema_and_not_asked_for(connection: Connection) -> None:
    messages = connection.sync()
    assert ARCHIVED not in _schema(messages, "contacts")
    asked = {
        name for call in connection.running.sandbox.requests() for name in call.properties or ()
    }
    assert "firstname" in asked
    assert ARCHIVED not in asked


def test_a_property_archived_between_two_runs_leaves_the_schema(connection: Connection) -> None:
    assert "city" in _schema(connection.sync(), "contacts")
    definitions = connection.portal.properties["contacts"]
    definitions["city"] = replace(definitions["city"], archived_at=1)
    assert "city" not in _schema(connection.sync(), "contacts")


def test_1600_properties_are_read_without_a_longer_address(connection: Connection) -> None:
    portal = connection.portal
    definition = portal.properties["contacts"]["loyalty_points"]
    names = [f"a_custom_property_with_a_rather_long_name_{number}" for number in range(1600)]
    for name in names:
        portal.add_property("contacts", replace(definition, name=name))
    contact = next(iter(portal.stores["contacts"].ids()))
    digits = "0.20000000000000001110223024625156540423631668090820"
    portal.edit("contacts", contact, {names[0]: "19999999999999.99", names[-1]: digits})
    messages = connection.sync()
    assert set(names) <= set(_schema(messages, "contacts"))
    held = connection.consumer.rows["contacts"][str(contact)]
    assert str(held[names[0]]) == "19999999999999.99"
    assert str(held[names[-1]]) == digits
    assert differences(connection.consumer, portal) == []


def test_the_catalog_of_a_portal_with_1600_properties_selects_by_name(
    connection: Connection,
) -> None:
    definition = connection.portal.properties["deals"]["amount"]
    for number in range(1600):
        connection.portal.add_property("deals", replace(definition, name=f"custom_{number}"))
    catalog = TapHubSpotCrm(config=connection.settings()).catalog_dict
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            name = item["breadcrumb"][-1] if item["breadcrumb"] else ""
            if name.startswith("custom_") and name != "custom_7":
                item["metadata"]["selected"] = False
    messages = connection.sync_partly(None, catalog=catalog)
    asked = {
        name for call in connection.running.sandbox.requests() for name in call.properties or ()
    }
    assert {name for name in asked if name.startswith("custom_")} == {"custom_7"}
    assert {name for name in _schema(messages, "deals") if name.startswith("custom_")} == {
        "custom_7"
    }
