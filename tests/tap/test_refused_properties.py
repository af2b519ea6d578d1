"""One refused property costs that property: all others of all records arrive, with one warning."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from tap.replay import sent

from hubspot_sandbox.dialect import Dialect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pytest
    from tap.conftest import Connection

NAMES = ["firstname", "lastname", "city", "phone", "lifecyclestage"]
PROPERTIES = {"contacts": NAMES, "deals": ["dealname"]}


def _contacts(messages: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [m["record"] for m in messages if m["type"] == "RECORD" and m["stream"] == "contacts"]


def _warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if "contacts: left out" in r.getMessage()]


def test_a_list_a_batch_read_and_a_search_may_each_refuse_one(
    connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    connection.running.sandbox.dialect = Dialect(
        list_sensitive=("city",),
        batch_sensitive=("phone",),
        search_sensitive=("hs_merged_object_ids",),
        sensitive_listing="403",
    )
    ids = list(connection.portal.stores["contacts"].ids())
    for id_ in ids:
        connection.portal.edit("contacts", id_, dict.fromkeys(NAMES, "salesqualifiedlead"))
    with caplog.at_level(logging.WARNING, logger="HubSpotConnector"):
        messages = connection.sync(properties=PROPERTIES)
    assert set(sent(messages, "contacts")) >= set(map(str, ids))
    assert len(_warnings(caplog)) == 1
    for record in _contacts(messages):
        if not record["archived"]:
            kept = {name: record[name] for name in ("firstname", "lastname", "lifecyclestage")}
            assert set(kept.values()) == {"salesqualifiedlead"}
        assert "city" not in record

    caplog.clear()
    for id_ in ids[:5]:
        connection.portal.edit("contacts", id_, {"firstname": "changed"})
    with caplog.at_level(logging.WARNING, logger="HubSpotConnector"):
        messages = connection.sync(properties=PROPERTIES)
    changed = _contacts(messages)
    assert {record["id"] for record in changed} >= set(map(str, ids[:5]))
    for record in changed:
        assert (record["firstname"], record["lastname"]) == ("changed", "salesqualifiedlead")
        assert not {"city", "phone"} & set(record)
    [warning] = _warnings(caplog)
    assert warning.endswith(": city, phone")


def test_what_was_refused_is_asked_for_again_with_the_next_full_pass(
    connection: Connection,
) -> None:
    sandbox = connection.running.sandbox
    sandbox.dialect = Dialect(list_sensitive=("city",), sensitive_listing="403")
    connection.sync(properties=PROPERTIES)
    sandbox.dialect = Dialect(sensitive_listing="403")
    id_ = next(iter(connection.portal.stores["contacts"].ids()))
    connection.portal.edit("contacts", id_, {"city": "Delft"})
    [record] = _contacts(connection.sync(properties=PROPERTIES))
    assert "city" not in record
    messages = connection.sync(properties=PROPERTIES, reconcile_interval_hours=0)
    assert {r["city"] for r in _contacts(messages) if r["id"] == str(id_)} == {"Delft"}
