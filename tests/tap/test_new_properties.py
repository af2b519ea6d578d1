"""Properties that appear between runs or during one, and those that a token may not read."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from tap.replay import sent

from hubspot_sandbox.calls import HIGHLY_SENSITIVE_SCOPE, SENSITIVE_SCOPE
from hubspot_sandbox.properties import PropertyDefinition
from tap_hubspot_crm.probe import probe

if TYPE_CHECKING:
    from tap.conftest import Connection

    from hubspot_sandbox.object_types import ObjectType


def _row(connection: Connection, stream: ObjectType) -> int:
    return connection.portal.stores[stream].ids()[5]


@pytest.mark.parametrize(
    ("scopes", "properties", "most"),
    [
        ((), None, 2),
        ((), {"contacts": ["firstname"], "deals": ["amount"]}, 2),
        ((), {"contacts": ["firstname", "nobody_made_this"], "deals": ["amount"]}, 2),
        ((SENSITIVE_SCOPE,), None, 3),
        ((SENSITIVE_SCOPE,), {"contacts": ["dietary_notes"], "deals": ["amount"]}, 3),
        # HubSpot has a listing for each of the three kinds, and any of them may have grown.
        ((SENSITIVE_SCOPE, HIGHLY_SENSITIVE_SCOPE), None, 4),
    ],
)
def test_nothing_changed_costs_no_more_with_other_properties(
    connection: Connection,
    scopes: tuple[str, ...],
    properties: dict[str, list[str]] | None,
    most: int,
) -> None:
    """Of contacts and of deals, the searches that `deal_contacts` shares included."""
    settings: dict[str, object] = {
        "access_token": connection.token(
            *(scope.format(stream) for scope in scopes for stream in ("contacts", "deals"))
        )
    }
    if properties is not None:
        settings["properties"] = properties
    connection.sync(**settings)
    connection.sync(**settings)
    for stream in ("contacts", "deals"):
        paths = [call.path for call in connection.running.sandbox.requests()]
        assert sum(stream in path for path in paths if "pipelines" not in path) <= most, paths
    assert connection.requests() <= 3 * 5


def test_a_scope_granted_later_shows_its_properties_with_the_next_full_pass(
    synced: Connection,
) -> None:
    """They are empty in every record until then; meanwhile nothing is asked for that is refused."""
    scope = SENSITIVE_SCOPE.format("contacts")
    contact = _row(synced, "contacts")
    synced.portal.edit("contacts", contact, {"dietary_notes": "no nuts"})
    token = synced.token(scope)
    synced.sync(access_token=token)
    assert synced.requests("/properties/2026-09/contacts") == 1
    synced.sync(access_token=token, reconcile_interval_hours=0)
    assert synced.consumer.rows["contacts"][str(contact)]["dietary_notes"] == "no nuts"
    # Refused is only what is more sensitive still.
    assert synced.requests("/properties/2026-09/contacts") == 3
    synced.sync(access_token=token)
    assert synced.requests("/properties/2026-09/contacts") == 2


def _add_property(connection: Connection, stream: ObjectType) -> int:
    """Define a property and fill it in one row."""
    row = _row(connection, stream)
    connection.portal.add_property(
        stream, PropertyDefinition(name="brand_new", label="New", group="custom")
    )
    connection.portal.edit(stream, row, {"brand_new": "filled"})
    return row


@pytest.mark.parametrize("stream", ["contacts", "deals"])
def test_a_property_added_and_filled_during_a_run_is_in_the_next(
    synced: Connection, stream: ObjectType
) -> None:
    """The run reads the row, as changed, without the property that it does not know yet."""
    rows: list[int] = []
    messages = synced.sync(lambda: rows.append(_add_property(synced, stream)))
    assert set(sent(messages, stream)) == {str(rows[0])}
    assert "brand_new" not in synced.consumer.rows[stream][str(rows[0])]
    assert probe(synced.settings(), synced.consumer.state).stream == stream
    synced.sync()
    assert synced.consumer.rows[stream][str(rows[0])]["brand_new"] == "filled"
    assert not probe(synced.settings(), synced.consumer.state).changed
    assert not sent(synced.sync(), stream)


def test_a_property_filled_long_before_its_stream_was_read_is_in_the_next_run(
    synced: Connection,
) -> None:
    """Contacts may take hours, after the properties of deals were asked for."""
    rows: list[int] = []

    def work() -> None:
        rows.append(_add_property(synced, "deals"))
        time.sleep(1.1)

    synced.sync(work, lookback_seconds=0)
    synced.sync(lookback_seconds=0)
    assert synced.consumer.rows["deals"][str(rows[0])]["brand_new"] == "filled"


def test_a_state_of_before_properties_were_remembered_reads_its_window_once_more(
    synced: Connection,
) -> None:
    contact = _row(synced, "contacts")
    synced.portal.edit("contacts", contact, {"firstname": "Changed"})
    synced.sync()
    assert synced.consumer.state is not None
    bookmark = synced.consumer.state["bookmarks"]["contacts"]
    for name in ("properties_digest", "properties_at", "refused"):
        bookmark.pop(name, None)
    assert str(contact) in sent(synced.sync(), "contacts")
    assert not sent(synced.sync(), "contacts")
