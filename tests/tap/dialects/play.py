"""Plays one case in one pass: a complete copy, changes, the pass, and what came of it."""

from __future__ import annotations

import json
import logging
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from tap.dialects.cases import EQUAL, KEPT, Case, PassName
from tap.dialects.changes import change, prepare
from tap.model.comparison import OBJECT_STREAMS
from tap.model.losses import Holdings
from tap.model.peculiarities import refused_rows
from tap.model.stage import FULL, PAUSE_SECONDS, QUICK, Stage
from typing_extensions import override

from hubspot_sandbox.dialect import Dialect
from hubspot_sandbox.faults import FaultRule, Faults

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap.dialects.cases import Properties
    from tap.model.consumer import Held
    from tap.model.process import Run

#: A run that makes so many requests has no end.
_ENDLESS = 4_000
#: Records between two states, so that a killed run leaves one.
_OFTEN = 40
_CONTACTS = 450
_DEALS = 130
#: Of the passes that are no plain full pass. The resumed one goes on with what is unfinished and
#: begins what did not begin, but nothing that ended.
_SETTINGS: Mapping[str, Mapping[str, int]] = {
    "incremental": QUICK,
    "resumed": {
        "reconcile_interval_hours": 1,
        "archived_interval_minutes": 0,
        "associations_interval_minutes": 60,
    },
}
_RUINS = Faults(
    rules=tuple(
        FaultRule(kind=kind, rate=0.05) for kind in ("reset", "cut_body", "ten_secondly", "500")
    ),
    most_in_a_row=2,
)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What came of one case in one pass."""

    #: `equal`, `kept`, the class of the error that ended it, or what went wrong.
    verdict: str
    requests: int = 0
    warnings: tuple[str, ...] = field(default=(), repr=False)
    #: How often the dialect and the failures made an answer another one.
    played: Mapping[str, int] = field(default_factory=dict)
    differences: tuple[str, ...] = field(default=(), repr=False)
    #: What differs after one more full pass, HubSpot answering as documented again.
    unrecovered: tuple[str, ...] = field(default=(), repr=False)
    #: What the error that ended it said.
    message: str = ""


def play(case: Case, pass_name: PassName) -> Cell:
    """Play a case in a pass."""
    stage = _stage(case.properties)
    if pass_name != "first":
        _take(_complete_copy(case.properties), stage)
        change(stage, without_trace=pass_name != "incremental")
    held = Holdings(stage.consumer)
    stage.sandbox.dialect = case.dialect
    stage.sandbox.quirks.forget()
    if pass_name == "disturbed":
        stage.sandbox.faults = _RUINS
    with _listening() as heard:
        run = _run(stage, case, pass_name)
    played = Counter[str](stage.sandbox.quirks.played)
    played.update(dict[str, int](stage.sandbox.fault_plan.played.items()))
    differences = stage.differences(
        is_after_full_pass=pass_name != "incremental", unreadable=case.unreadable
    )
    verdict = _verdict(stage, case, run, held, differences)
    return Cell(
        verdict=verdict,
        requests=run.requests,
        warnings=tuple(heard),
        played=played,
        differences=tuple(differences),
        unrecovered=tuple(_recover(stage)),
        message=run.message,
    )


def is_right(case: Case, name: PassName, cell: Cell) -> bool:
    """Say whether what came of a case in a pass is what may come of it."""
    return cell.verdict in case.may_become(name) and not cell.unrecovered


@dataclass(frozen=True, kw_only=True)
class _Copy:
    """What a consumer holds of a portal that was copied completely."""

    rows: Mapping[str, Mapping[str, Held]]
    state: str
    at_ms: int


def _stage(properties: Properties) -> Stage:
    stage = Stage(contacts=_CONTACTS, deals=_DEALS)
    if properties != "few":
        stage.properties = None
    prepare(stage, has_many_properties=properties == "many")
    return stage


@lru_cache(maxsize=3)
def _complete_copy(properties: Properties) -> _Copy:
    """Return what a consumer has once HubSpot answered as documented: the same for every case."""
    stage = _stage(properties)
    stage.sandbox.dialect = Dialect(sensitive_naming="ignored")
    run = stage.sync(FULL)
    assert run.ended == "done", run.message
    assert stage.differences() == []
    consumer = stage.consumer
    return _Copy(rows=consumer.rows, state=json.dumps(consumer.state), at_ms=stage.clock.now_ms())


def _take(copy: _Copy, stage: Stage) -> None:
    """Let a stage go on where a complete copy was made."""
    stage.clock.advance(copy.at_ms - stage.clock.now_ms())
    stage.consumer.rows = {stream: dict(rows) for stream, rows in copy.rows.items()}
    stage.consumer.state = json.loads(copy.state)


def _run(stage: Stage, case: Case, pass_name: PassName) -> Run:
    settings = {**_SETTINGS.get(pass_name, FULL), **case.settings}
    if case.failing is not None and case.failures:
        stage.sandbox.fail_next(case.failing, case.failures)
    if case.failing is not None and case.spell_seconds:
        stage.sandbox.fail_for(case.failing, PAUSE_SECONDS + case.spell_seconds)
    if pass_name == "resumed":
        half = _requests_of_full_pass(case) // 2
        killed = stage.sync(settings, killed_at_request=max(1, half), state_frequency=_OFTEN)
        if killed.ended != "killed":
            return killed
    return stage.sync(settings, killed_at_request=_ENDLESS, state_frequency=_OFTEN)


def _requests_of_full_pass(case: Case) -> int:
    """Return how many requests a full pass of this case takes that nothing disturbs."""
    return play(case, "full").requests


def _verdict(stage: Stage, case: Case, run: Run, held: Holdings, differences: list[str]) -> str:
    lost = held.lost(stage.consumer, stage.portal)
    if lost:
        return f"{len(lost)} lost ({run.ended})"
    if run.ended == "killed":
        return "endless"
    if run.ended != "done":
        return run.ended
    if not differences:
        return EQUAL
    refused = {" ".join(row) for row in refused_rows(stage.portal, case.dialect)}
    if not case.dialect.batch_reads_archived:
        # Where a listing shows ids only, nothing else is known of them.
        stores = stage.portal.stores
        refused |= {
            f"{stream} {id_}" for stream in OBJECT_STREAMS for id_ in stores[stream].archived
        }
    wrong = [
        line
        for line in differences
        if line.partition(":")[0] not in refused and not line.endswith("left over")
    ]
    return f"{len(wrong)} differ" if wrong else KEPT


def _recover(stage: Stage) -> list[str]:
    """Let HubSpot answer as documented and the token read all, and return what still differs."""
    sandbox = stage.sandbox
    sandbox.faults = Faults()
    sandbox.fault_plan.forget()
    sandbox.dialect = Dialect(sensitive_naming="ignored")
    run = stage.sync(FULL)
    return stage.differences() if run.ended == "done" else [f"ended by {run.ended}: {run.message}"]


class _Ear(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.heard: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record.getMessage())


@contextmanager
def _listening() -> Iterator[list[str]]:
    """Return the warnings of the tap while the block lasts."""
    logger, ear = logging.getLogger("HubSpotConnector"), _Ear()
    logger.addHandler(ear)
    try:
        yield ear.heard
    finally:
        logger.removeHandler(ear)
