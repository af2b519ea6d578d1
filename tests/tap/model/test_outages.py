"""One service of HubSpot's is down: what it costs, and what becomes of the other streams."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tap.model.stage import FULL, QUICK, Stage

from hubspot_sandbox.faults import FaultKind, FaultRule, Faults, PathKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap.model.process import Run

STREAMS = ("pipelines", "owners", "contacts", "deals", "deal_contacts")
#: How long one request waits for HubSpot to come back.
BUDGET_SECONDS = 92
OBJECTS = {"contacts", "deals"}
SERVICES: tuple[PathKind, ...] = (
    "list", "search", "batch", "associations", "properties", "pipelines", "owners"
)  # fmt: skip


@pytest.fixture
def stage() -> Stage:
    """A portal that was synced once, and that changed since."""
    made = Stage()
    made.sync(FULL)
    for contact_id in made.ids("contacts")[:3]:
        made.portal.edit("contacts", contact_id, {"firstname": "changed"})
    for deal_id in made.ids("deals")[:3]:
        made.portal.edit("deals", deal_id, {"dealname": "changed"})
    return made


def _failed_streams(run: Run) -> set[str]:
    """Return the streams that the last message names."""
    found = re.fullmatch(
        r"stream (\w+): .*?(?:; these streams failed, too: ([\w, ]+))?", run.message
    )
    assert found is not None
    first, others = found.groups()
    return {first, *(others.split(", ") if others else ())}


def _announced_streams(run: Run) -> set[str]:
    return {message["stream"] for message in run.messages if message["type"] == "SCHEMA"}


def _waited(stage: Stage, began_ms: int) -> float:
    return (stage.clock.now_ms() - began_ms) / 1000


@pytest.mark.parametrize(
    ("path", "settings", "needed_for"),
    [
        ("list", FULL, OBJECTS | {"deal_contacts"}),
        ("list", QUICK, OBJECTS),
        ("search", FULL, OBJECTS | {"deal_contacts"}),
        ("search", QUICK, OBJECTS | {"deal_contacts"}),
        ("batch", QUICK, OBJECTS),
        ("associations", FULL, {"deal_contacts"}),
        ("associations", QUICK, {"deal_contacts"}),
        ("properties", FULL, OBJECTS),
        ("properties", QUICK, OBJECTS),
        ("pipelines", QUICK, {"pipelines"}),
        ("owners", QUICK, {"owners"}),
    ],
)
def test_an_outage_of_one_service_stops_only_the_streams_that_need_it(
    stage: Stage, path: PathKind, settings: Mapping[str, int], needed_for: set[str]
) -> None:
    stage.sandbox.faults = Faults(rules=(FaultRule(kind="503", rate=1.0, paths=(path,)),))
    began_ms = stage.clock.now_ms()
    run = stage.sync(settings)
    assert run.ended == "hubspot_unavailable"
    assert _failed_streams(run) == needed_for
    # All that need it wait for it but once.
    assert _waited(stage, began_ms) < 60 + 1.6 * BUDGET_SECONDS
    if path in {"properties", "pipelines", "owners"}:
        assert _announced_streams(run) == set(STREAMS) - needed_for
    finished = set(STREAMS) - needed_for
    differences = stage.differences(is_after_full_pass=settings is FULL)
    assert not [line for line in differences if line.split()[0] in finished]
    stage.sandbox.faults = Faults()
    assert stage.sync(QUICK).ended == "done"
    assert stage.differences(is_after_full_pass=False) == []


@pytest.mark.parametrize("kind", ["477", "503"])
def test_an_outage_of_all_services_is_waited_for_once(stage: Stage, kind: FaultKind) -> None:
    stage.sandbox.faults = Faults(rules=(FaultRule(kind=kind, rate=1.0),))
    began_ms = stage.clock.now_ms()
    state = stage.consumer.state
    run = stage.sync(FULL)
    assert run.ended == "hubspot_unavailable"
    assert _failed_streams(run) == set(STREAMS)
    assert not _announced_streams(run)
    assert _waited(stage, began_ms) < 60 + 1.6 * BUDGET_SECONDS
    assert stage.consumer.state == state


@pytest.mark.parametrize(
    "kind",
    [
        "477",
        "503",
        pytest.param("500", marks=pytest.mark.long),
        pytest.param("524", marks=pytest.mark.long),
    ],
)
@pytest.mark.parametrize("path", [None, *SERVICES])
@pytest.mark.parametrize("settings", [FULL, QUICK], ids=["full", "quick"])
def test_a_minute_without_a_service_is_outlasted(
    stage: Stage, path: PathKind | None, kind: FaultKind, settings: Mapping[str, int]
) -> None:
    rule = FaultRule(kind=kind, rate=1.0, paths=() if path is None else (path,))
    # A run begins a minute after the one before.
    stage.sandbox.fail_for(rule, 120)
    run = stage.sync(settings)
    assert run.ended == "done", run.message
    assert stage.differences(is_after_full_pass=settings is FULL) == []
