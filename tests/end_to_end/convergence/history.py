"""One history: portals, everything that happens to them and to their syncs, and what is left."""

from __future__ import annotations

import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from end_to_end.comparison import Comparison, compare
from end_to_end.convergence.circumstances import draw_circumstances
from end_to_end.convergence.isolation import differences_between
from end_to_end.convergence.mishaps import Mishaps
from end_to_end.convergence.portal_life import PortalLife
from end_to_end.convergence.processes import HubProcesses
from end_to_end.convergence.setting import setting_of
from end_to_end.convergence.settling import Settling
from end_to_end.remains import folders_of_runs, processes_of
from end_to_end.run_records import endings, newest_writes

from hubspot_sandbox.faults import Faults
from hubspot_sandbox.tokens import TokenHabits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from end_to_end.convergence.circumstances import Circumstances
    from end_to_end.convergence.setting import Setting

#: Runs of one worker at once.
_CONCURRENCY = 3
#: One round in so many has a run without a worker beside the others.
_BY_HAND = 4
#: An interval that no history sees the end of.
_NEVER = 1_000_000
#: What has ended may take so long to be gone altogether, seconds.
_GONE_SECONDS = 20.0
#: The intervals of a connection for which nobody chose any.
_USUAL = {
    "reconcile_interval_hours": 24,
    "archived_interval_minutes": 360,
    "associations_interval_minutes": 1440,
}
_QUICK = {**dict.fromkeys(_USUAL, _NEVER), "archived_interval_minutes": 0}
_FULL = dict.fromkeys(_USUAL, 0)


@dataclass(kw_only=True)
class Outcome:
    """What a history counted and found."""

    seed: int
    counts: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)
    #: What happened, the newest last.
    log: list[str] = field(default_factory=list)


def play(seed: int) -> Outcome:
    """Play the history of a seed.

    The same seed draws the same circumstances, changes and mishaps; where in a run each of them
    falls, the machine's speed decides.
    """
    outcome = Outcome(seed=seed)
    began = time.monotonic()

    def say(line: str) -> None:
        outcome.log.append(f"{time.monotonic() - began:6.2f} s  {line}")

    circumstances = draw_circumstances(seed)
    say(f"circumstances {circumstances}")
    with (
        setting_of(circumstances) as setting,
        HubProcesses(setting.environment(), setting.folder, concurrency=_CONCURRENCY) as processes,
    ):
        try:
            _History(outcome, circumstances, setting, processes, say).play()
        except Exception as error:  # noqa: BLE001 - told with all that led to it
            outcome.differences.append(f"it broke off: {error!r}")
            outcome.log += [*traceback.format_exception(error), *processes.complaints()[-20:]]
        _note_runs(outcome, setting)
    outcome.counts["histories"] = 1
    outcome.counts["differences"] = len(outcome.differences)
    outcome.counts["seconds"] = round(time.monotonic() - began)
    return outcome


class _History:
    def __init__(
        self,
        outcome: Outcome,
        circumstances: Circumstances,
        setting: Setting,
        processes: HubProcesses,
        say: Callable[[str], None],
    ) -> None:
        self._outcome = outcome
        self._circumstances = circumstances
        self._setting = setting
        self._processes = processes
        self._say = say
        self._rng = Random(f"history {outcome.seed}")
        self._life = PortalLife(setting.portals, seed=outcome.seed, say=say)
        self._mishaps = Mishaps(setting, processes, Random(f"mishaps {outcome.seed}"))
        self._settling = Settling(setting, processes, say)

    def play(self) -> None:
        """Play it to its end."""
        self._setting.sandbox.faults = self._circumstances.faults
        for _ in range(self._circumstances.workers):
            self._processes.start_worker()
        for number in range(self._circumstances.rounds):
            self._play_round(number)
        self._count_what_happened()
        self._come_to_rest()
        statuses = self._processes.stop_workers()
        self._differ([f"workers ended with {statuses}"] if any(statuses) else [])
        self._differ(self._what_is_left())

    def _play_round(self, number: int) -> None:
        """Let people work, runs be asked for and something go wrong, until all is calm again."""
        self._say(f"round {number}")
        self._life.work(self._rng.choice([0, 5, 10, 20]))
        with self._life.going_on(most=self._rng.choice([10, 30, 60])):
            self._ask_for_runs()
            if number == self._circumstances.restart_in_round:
                is_crash = self._circumstances.is_crash
                self._say(self._mishaps.restart_database(is_crash=is_crash))
            for _ in range(self._rng.choice([1, 2, 2])):
                self._say(self._mishaps.befall_a_run())
            self._settling.wait_for_calm()
        self._connect_lost_accounts()

    def _ask_for_runs(self) -> None:
        connections = self._setting.connections
        asked = self._rng.sample(connections, self._rng.randint(1, len(connections)))
        for connection in asked:
            is_asked = self._mishaps.ask_for(connection)
            self._say(f"{connection.name} was {'' if is_asked else 'not '}asked for")
        if not self._rng.randrange(_BY_HAND):
            connection = self._rng.choice(connections)
            self._processes.run_by_hand(connection.connection_id)
            self._say(f"{connection.name} is synced by hand")

    def _connect_lost_accounts(self) -> None:
        lost = self._settling.connect_lost_accounts()
        self._outcome.counts["reconnects"] += lost
        if lost and not self._circumstances.may_lose_grants:
            self._differ([f"{lost} grants were lost, though nothing took them away"])

    def _count_what_happened(self) -> None:
        counts = self._outcome.counts
        counts.update(self._mishaps.counts)
        counts["operations"] = self._life.operations
        counts["faults"] = self._setting.sandbox.fault_plan.played.total()

    def _come_to_rest(self) -> None:
        """Have all synced undisturbed, and compare; then after a full pass too."""
        sandbox = self._setting.sandbox
        sandbox.faults, sandbox.latency_ms, sandbox.tokens.habits = Faults(), 0, TokenHabits()
        time.sleep(self._circumstances.lag_seconds)
        self._differ(self._settling.sync_all(_QUICK))
        self._compare("after the last sync", is_complete=False)
        self._differ(self._settling.sync_all(_FULL))
        self._compare("after a full pass", is_complete=True)
        database, connections = self._setting.scene.database, self._setting.connections
        self._differ(differences_between(database, connections))
        # What a search shows for no reason may be read again, but nothing of it is written.
        before = newest_writes(database)
        self._differ(self._settling.sync_all(_USUAL))
        written = newest_writes(database).items() - before.items()
        self._differ(f"when nothing had changed, {table} was written" for table, _ in written)

    def _compare(self, when: str, *, is_complete: bool) -> None:
        for connection in self._setting.connections:
            silent = frozenset() if is_complete else self._life.silent(connection.portal)
            found: Comparison = compare(
                self._setting.scene.database,
                connection,
                salt=self._setting.scene.stage.salt,
                silent=silent,
                is_complete=is_complete,
            )
            self._outcome.counts["rows compared"] += found.rows
            self._outcome.counts["values compared"] += found.values
            self._differ(f"{when}, {connection.name}: {line}" for line in found.differences)

    def _what_is_left(self) -> list[str]:
        """Processes and folders of runs, once there was time for them to go."""
        until = time.monotonic() + _GONE_SECONDS
        folder = self._setting.folder
        while processes_of(folder) and time.monotonic() < until:
            time.sleep(0.1)
        processes, folders = processes_of(folder), folders_of_runs(folder)
        found = [f"{len(processes)} processes are left"] if processes else []
        return found + ([f"{len(folders)} folders of runs are left"] if folders else [])

    def _differ(self, differences: Iterable[str]) -> None:
        for line in differences:
            self._outcome.differences.append(line)
            self._say(f"DIFFERENCE {line}")


def _note_runs(outcome: Outcome, setting: Setting) -> None:
    """Count the runs and note how each ended."""
    runs = endings(setting.scene.database)
    outcome.counts["syncs"] = runs.total()
    outcome.counts.update({f"runs that ended {how}": count for how, count in runs.items()})
    outcome.counts["token renewals"] = sum(
        request.path.endswith("/token") and request.status == 200
        for request in setting.sandbox.requests()
    )
    for row in setting.scene.database.rows(
        "select requested_at, started_at, finished_at, trigger, connection_id, status, "
        "records, error_class, error_message from crmhub.sync_runs order by requested_at"
    ):
        outcome.log.append("run " + ", ".join(f"{name} {value}" for name, value in row.items()))
