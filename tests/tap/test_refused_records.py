"""What HubSpot refuses or is silent about stays as it is, and is asked for again."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tap.replay import differences, sent

from hubspot_sandbox.dialect import Dialect, Refusal, Silence
from tap_hubspot_crm.errors import UnexpectedResponseError
from tap_hubspot_crm.tap import TapHubSpotCrm
from tap_hubspot_crm.timekeeping import Timer

if TYPE_CHECKING:
    from tap.conftest import Connection

FULL = {"reconcile_interval_hours": 0}


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A back-off of seconds takes milliseconds."""
    timer = Timer(sleep=lambda seconds: time.sleep(seconds / 500))
    monkeypatch.setattr(TapHubSpotCrm, "timer", timer)


def _ends(messages: list[dict[str, Any]], stream: str) -> list[dict[str, Any]]:
    return [m for m in messages if m["type"] == "ACTIVATE_VERSION" and m["stream"] == stream]


def _refuse(connection: Connection, record: str) -> None:
    connection.running.sandbox.dialect = Dialect(
        batch_refusal=Refusal(records=(record,)), list_refuses=True
    )


def test_a_refused_record_is_named_and_the_full_pass_ends_for_a_target_that_keeps_it(
    synced: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    ids = [str(id_) for id_ in synced.portal.stores["contacts"].ids()]
    _refuse(synced, f"contacts/{ids[7]}")
    synced.portal.purge("contacts", int(ids[3]))
    with caplog.at_level(logging.WARNING, logger="HubSpotConnector"):
        messages = synced.sync(activate_with_kept=True, **FULL)
    assert [end["kept"] for end in _ends(messages, "contacts")] == [[ids[7]]]
    assert f"contacts: HubSpot refuses to read 1 of them (internal_error): {ids[7]};" in caplog.text
    assert synced.consumer.state is not None
    assert synced.consumer.state["bookmarks"]["contacts"]["unread"] == [ids[7]]


def test_a_target_that_would_drop_a_refused_record_is_not_told_of_the_end(
    synced: Connection,
) -> None:
    ids = [str(id_) for id_ in synced.portal.stores["contacts"].ids()]
    _refuse(synced, f"contacts/{ids[7]}")
    messages = synced.sync(**FULL)
    assert _ends(messages, "contacts") == []
    assert len(_ends(messages, "deals")) == 1


def test_a_record_that_was_refused_comes_with_the_next_run_that_can_read_it(
    synced: Connection,
) -> None:
    id_ = next(iter(synced.portal.stores["contacts"].ids()))
    _refuse(synced, f"contacts/{id_}")
    synced.portal.edit("contacts", id_, {"firstname": "Changed"})
    synced.sync()
    assert synced.consumer.rows["contacts"][str(id_)]["firstname"] != "Changed"
    synced.running.sandbox.dialect = Dialect()
    messages = synced.sync()
    assert str(id_) in sent(messages, "contacts")
    assert differences(synced.consumer, synced.portal) == []
    assert synced.consumer.state is not None
    assert "unread" not in synced.consumer.state["bookmarks"]["contacts"]


def test_silence_ends_the_run_by_class_once_the_other_records_are_sent(
    synced: Connection,
) -> None:
    sandbox = synced.running.sandbox
    sandbox.dialect = Dialect(batch_silence=Silence(share=0.05, times=None))
    for id_ in list(synced.portal.stores["contacts"].ids()):
        synced.portal.edit("contacts", id_, {"firstname": "Changed"})
    with pytest.raises(UnexpectedResponseError, match=r"stream contacts: HubSpot did not answer"):
        synced.sync()
    # The messages of a run that fails are lost to this test; the next run has the rest.
    sandbox.dialect = replace(sandbox.dialect, batch_silence=Silence())
    synced.sync()
    assert differences(synced.consumer, synced.portal) == []
