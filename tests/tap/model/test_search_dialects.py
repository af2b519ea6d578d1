"""Whole runs against searches that are misordered, compare ids as text or count wrongly."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from tap.model.stage import FULL, QUICK, Stage

from hubspot_sandbox.dialect import Dialect
from tap_hubspot_crm.state import ObjectBookmark
from tap_hubspot_crm.state_json import read_bookmarks

if TYPE_CHECKING:
    from tap.model.process import Run

_CONTACTS, _DEALS = 900, 30
_MISORDERED: dict[str, dict[str, Any]] = {
    "the filter compares text": {"search_filter": "text"},
    "the sort compares text": {"search_sort": "text"},
    "both compare text": {"search_filter": "text", "search_sort": "text"},
    "single rows over a page's end": {"search_swapped_ends": 1.0},
    "1 % of the rows far away": {"search_displaced": 0.01},
    "far away, compared as text": {"search_displaced": 0.01, "search_filter": "text"},
    "not sorted": {"search_sort": "none"},
    "not sorted, compared as text": {"search_sort": "none", "search_filter": "text"},
}
_MISCOUNTED: dict[str, dict[str, Any]] = {
    said: {"search_total": said} for said in ("missing", "negative", "growing", "low")
}


@pytest.fixture
def stage() -> Stage:
    """A portal with more changes than a page of a search shows, synced once."""
    made = Stage(contacts=_CONTACTS, deals=_DEALS)
    made.sync(FULL)
    return made


def _speak(stage: Stage, **switches: Any) -> None:  # noqa: ANN401 - a Dialect's fields
    """Turn switches of HubSpot's dialect; those that are not named are the documented ones."""
    stage.sandbox.dialect = Dialect(**switches)


def _object_bookmark(stage: Stage, stream: str = "contacts") -> ObjectBookmark:
    bookmark = read_bookmarks(stage.consumer.state)[stream]
    assert isinstance(bookmark, ObjectBookmark)
    return bookmark


def _activated(run: Run) -> set[str]:
    return {m["stream"] for m in run.messages if m["type"] == "ACTIVATE_VERSION"} - {
        "owners",
        "pipelines",
    }


@pytest.mark.parametrize("switches", [*_MISORDERED.values(), *_MISCOUNTED.values()], ids=str)
def test_an_incremental_pass_finds_every_change(stage: Stage, switches: dict[str, Any]) -> None:
    _speak(stage, **switches)
    changed = [*stage.ids("contacts")[:100], *stage.ids("contacts")[150:]]
    stage.portal.touch("contacts", changed, {"firstname": "Changed"})
    stage.portal.touch("deals", stage.ids("deals")[1:], {"dealname": "Changed"})
    run = stage.sync(QUICK)
    assert stage.differences() == []
    assert not _activated(run), "the search found them, not a full pass"


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("switches", _MISORDERED.values(), ids=str)
def test_a_full_pass_finds_every_change_made_behind_it(
    stage: Stage, switches: dict[str, Any], times: int
) -> None:
    _speak(stage, **switches)
    changed = stage.ids("contacts")[:600]
    stage.when_listed(
        "contacts",
        times,
        lambda: stage.portal.touch("contacts", changed, {"firstname": "Changed"}),
    )
    run = stage.sync(FULL)
    assert _activated(run) == {"contacts", "deals", "deal_contacts"}
    assert stage.differences() == []


@pytest.mark.parametrize("switches", _MISORDERED.values(), ids=str)
def test_a_full_pass_that_was_cut_off_finds_every_change_made_since(
    stage: Stage, switches: dict[str, Any]
) -> None:
    _speak(stage, **switches)
    assert stage.sync(FULL, killed_at_request=14, state_frequency=1).ended == "killed"
    assert _object_bookmark(stage).full_pass is not None
    changed = stage.ids("contacts")[:600]
    stage.portal.touch("contacts", changed, {"firstname": "Changed"})
    run = stage.sync(QUICK)
    assert "contacts" in _activated(run)
    assert stage.differences() == []


def test_log_and_state_say_how_often_a_search_missed_rows(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    assert _object_bookmark(stage).shortfalls == 0
    ids = stage.ids("contacts")
    _speak(stage, search_sort="text")
    for run in (1, 2):
        stage.portal.touch("contacts", ids, {"firstname": f"Changed {run}"})
        with caplog.at_level(logging.WARNING, "HubSpotConnector"):
            stage.sync(QUICK)
        assert _object_bookmark(stage).shortfalls == run
        assert _object_bookmark(stage, "deals").shortfalls == 0
    lines = [line for line in caplog.messages if "counted" in line]
    assert len(lines) == 2
    assert all(line.startswith("contacts: HubSpot counted 900 changed") for line in lines)
    assert not any(id_ in line for line in lines for id_ in ids if len(id_) > 3)


def test_what_no_search_shows_brings_a_full_pass_and_nothing_is_swept(stage: Stage) -> None:
    purged, *rest = stage.ids("contacts")
    stage.portal.purge("contacts", purged)
    _speak(stage, search_total="high")
    run = stage.sync(QUICK)
    assert _sent(run, "contacts") == set(rest), "all, though nothing changed"
    assert _sent(run, "deal_contacts") == set(stage.ids("deals"))
    assert not _activated(run)
    assert stage.consumer.rows["contacts"][purged].is_live
    assert _object_bookmark(stage).full_pass_at is None
    _speak(stage)
    run = stage.sync(QUICK)
    assert _activated(run) == {"contacts", "deals", "deal_contacts"}
    assert _object_bookmark(stage).full_pass_at is not None
    assert stage.differences() == []
    assert not _sent(stage.sync(QUICK), "contacts")


def _sent(run: Run, stream: str) -> set[str]:
    key = "deal_id" if stream == "deal_contacts" else "id"
    return {
        message["record"][key]
        for message in run.messages
        if message["type"] == "RECORD" and message["stream"] == stream
    }
