"""What goes wrong in a history while runs go on, one thing at a time."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, TypeAlias

from end_to_end.convergence.processes import VICTIMS

from crmhub.database import connect
from crmhub.engine.queue import request_sync
from crmhub.errors import CrmHubError

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from end_to_end.convergence.processes import HubProcesses
    from end_to_end.convergence.setting import Setting

    from crmhub.demo.stage import Organisation

#: Something that goes wrong, or that a person does; it says what it was.
Mishap: TypeAlias = "Callable[[], str]"

#: So long a run is waited for at most, seconds: a mishap while nothing runs is none.
_BEGIN_SECONDS = 20.0
#: A mishap comes so long after a run has begun at most, seconds.
_LONGEST_WAIT = 3.0
#: Between two looks, seconds.
_LOOK_SECONDS = 0.15
#: What a kill waits for a part of a run that is not there yet, seconds.
_SEARCH_SECONDS = 3.0


class Mishaps:
    """Lets things go wrong by chance."""

    def __init__(self, setting: Setting, processes: HubProcesses, rng: Random) -> None:
        self._setting = setting
        self._processes = processes
        self._rng = rng
        #: What happened, how often.
        self.counts: Counter[str] = Counter()
        self._kinds: dict[Mishap, int] = {
            self._kill: 10,
            self._reset: 4,
            self._expire_tokens: 3,
            self._ask_twice: 2,
            self._nothing: 2,
        }

    def befall_a_run(self) -> str:
        """Wait until a run goes on, and a little, and let one thing go wrong; says which."""
        self.ask_for(self._any())
        if not self._wait_for_a_run():
            return "no run began"
        time.sleep(self._rng.uniform(0.0, _LONGEST_WAIT))
        return self._rng.choices(list(self._kinds), list(self._kinds.values()))[0]()

    def restart_database(self, *, is_crash: bool) -> str:
        """Stop the database under everybody, and start it again."""
        self._wait_for_a_run()
        time.sleep(self._rng.uniform(0.0, _LONGEST_WAIT))
        self._setting.server.stop(immediate=is_crash)
        time.sleep(self._rng.uniform(0.0, 1.0))
        self._setting.server.start()
        self.counts["restarts"] += 1
        return f"the database was {'killed and ' if is_crash else ''}started again"

    def _wait_for_a_run(self) -> bool:
        until = time.monotonic() + _BEGIN_SECONDS
        database = self._setting.scene.database
        while not database.rows("select id from crmhub.sync_runs where status = 'running'"):
            if time.monotonic() > until:
                return False
            time.sleep(_LOOK_SECONDS)
        return True

    def _kill(self) -> str:
        victim = self._rng.choice(VICTIMS)
        until = time.monotonic() + _SEARCH_SECONDS
        while not self._processes.kill(victim, self._rng):
            if time.monotonic() > until:
                return f"there was no {victim} to kill"
            time.sleep(_LOOK_SECONDS)
        self.counts["kills"] += 1
        self.counts[f"kills of a {victim}"] += 1
        return f"a {victim} was killed"

    def _reset(self) -> str:
        connection = self._any()
        self.counts["resets"] += 1
        match self._rng.choice(["sql", "state", "command"]):
            case "sql":
                self._setting.scene.database.rows(
                    "update crmhub.source_connections set last_sync_at = null where id = %s",
                    [connection.connection_id],
                )
            case "state":
                self._setting.scene.database.rows(
                    "update crmhub.source_connections set state_json = null where id = %s",
                    [connection.connection_id],
                )
            case _:
                status = self._processes.reset(connection.connection_id)
                assert status == 0, f"`crmhub connections reset` ended with {status}"
        return f"{connection.name} was reset"

    def _expire_tokens(self) -> str:
        portal = self._rng.choice(self._setting.portals)
        self._setting.sandbox.tokens.expire(portal.portal_id)
        self.counts["token expiries"] += 1
        return f"the access tokens of portal {portal.portal_id} expired"

    def _ask_twice(self) -> str:
        connection = self._any()
        asked = [self.ask_for(connection) for _ in range(2)]
        self.counts["asked twice"] += 1
        return f"{connection.name} was asked for twice: {asked}"

    def _nothing(self) -> str:
        return "nothing went wrong"

    def ask_for(self, connection: Organisation) -> bool:
        """Press Sync Now; False where the account has to be connected again first."""
        try:
            with connect(self._setting.scene.stage.urls.orchestrator) as database:
                request_sync(database, connection.connection_id, trigger="manual")
        except CrmHubError:
            return False
        return True

    def _any(self) -> Organisation:
        return self._rng.choice(self._setting.connections)
