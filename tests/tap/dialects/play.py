"""Plays one case in one pass: a complete copy, changes, the pass, and what came of it."""

from __future__ import annotations

import copy
import logging
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tap.dialects.cases import EQUAL, KEPT, Case, PassName
from tap.dialects.changes import change, prepare
from tap.model.comparison import OBJECT_STREAMS
from tap.model.stage import FULL, PAUSE_SECONDS, QUICK, Stage
from typing_extensions import override

from hubspot_sandbox.dialect import Dialect
from hubspot_sandbox.faults import FaultRule, Faults
from hubspot_sandbox.quirks import is_refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap.model.consumer import Consumer
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
    requests: int
    warnings: tuple[str, ...] = field(repr=False)
    #: How often the dialect and the failures made an answer another one.
    played: Mapping[str, int]
    differences: tuple[str, ...] = field(repr=False)
    #: What differs after one more full pass, HubSpot answering as documented again.
    unrecovered: tuple[str, ...] = field(repr=False)
    #: What the error that ended it said.
    message: str


def play(case: Case, pass_name: PassName) -> Cell:
    """Play a case in a pass."""
    stage = _stage(case)
    prepare(stage, has_many_properties=case.properties == "many")
    if pass_name != "first":
        _copy_completely(stage, case)
        change(stage, without_trace=pass_name != "incremental")
    held = copy.deepcopy(stage.consumer)
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


def _stage(case: Case) -> Stage:
    stage = Stage(contacts=_CONTACTS, deals=_DEALS)
    if case.properties != "few":
        stage.properties = None
    return stage


def _copy_completely(stage: Stage, case: Case) -> None:
    """Let the consumer have everything, as if HubSpot had always answered as documented."""
    stage.sandbox.dialect = Dialect(sensitive_naming="ignored")
    run = stage.sync(FULL)
    assert run.ended == "done", run.message
    assert stage.differences() == [], case.name


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


def _verdict(stage: Stage, case: Case, run: Run, held: Consumer, differences: list[str]) -> str:
    lost = _lost(stage, held)
    if lost:
        return f"{len(lost)} lost ({run.ended})"
    if run.ended == "killed":
        return "endless"
    if run.ended != "done":
        return run.ended
    if not differences:
        return EQUAL
    refused = _refused(stage, case.dialect)
    wrong = [
        line
        for line in differences
        if line.partition(":")[0] not in refused and not line.endswith("left over")
    ]
    return f"{len(wrong)} differ" if wrong else KEPT


def _lost(stage: Stage, held: Consumer) -> list[str]:
    """Return the rows and sets that the consumer had, that exist, and that it has no more."""
    lost: list[str] = []
    rows = stage.consumer.rows
    for stream in OBJECT_STREAMS:
        live: Any = stage.portal.truth(stream)["live"]
        for key in live:
            was = held.rows[stream].get(key)
            now = rows[stream].get(key)
            if was is not None and was.is_live and (now is None or not now.is_live):
                lost.append(f"{stream} {key}")
    sets: Any = stage.portal.truth("deal_contacts")["live"]
    for key, contacts in sets.items():
        was = held.rows["deal_contacts"].get(key)
        now = rows["deal_contacts"].get(key)
        if contacts and was and was.record["contacts"] and not (now and now.record["contacts"]):
            lost.append(f"deal_contacts {key}")
    return lost


def _refused(stage: Stage, dialect: Dialect) -> set[str]:
    """Return the rows that HubSpot gives no answer about, as `stream key`."""
    refused: set[str] = set()
    for stream in OBJECT_STREAMS:
        store = stage.portal.stores[stream]
        if not dialect.batch_reads_archived:
            # Where a listing shows ids only, nothing else is known of them.
            refused |= {f"{stream} {id_}" for id_ in store.archived}
        for id_ in (*store.live, *store.archived, *store.merged_into):
            ends = {id_, store.resolve(id_)}
            if any(is_refused(dialect, dialect.batch_refusal, stream, end) for end in ends):
                refused |= {f"{stream} {id_}", f"deal_contacts {id_}"}
            if is_refused(dialect, dialect.associations_refusal, stream, id_):
                refused.add(f"deal_contacts {id_}")
    return refused


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
