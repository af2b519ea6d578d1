"""How a history's hub comes to rest: runs end, lost grants are renewed, a last sync succeeds."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from crmhub.database import connect
from crmhub.engine.queue import request_sync
from crmhub.errors import ConnectionNotReadyError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from uuid import UUID

    from end_to_end.convergence.processes import HubProcesses
    from end_to_end.convergence.setting import Setting

#: Runs that meet many failures take their time; what takes longer than this hangs, seconds.
_PATIENCE_SECONDS = 240.0


class Settling:
    """Brings a hub to rest.

    Args:
        setting: What it is about.
        processes: The hub's.
        say: Hears what happened.
    """

    def __init__(
        self, setting: Setting, processes: HubProcesses, say: Callable[[str], None]
    ) -> None:
        self._setting = setting
        self._database = setting.scene.database
        self._processes = processes
        self._say = say

    def wait_for_calm(self) -> None:
        """Return when no run goes on or is waited for."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while (open_ := self._open_runs()) or self._processes.has_runs_by_hand():
            assert time.monotonic() < until, f"runs do not come to an end: {open_}"
            time.sleep(0.5)

    def connect_lost_accounts(self) -> int:
        """Have people connect again what has lost its grant; returns how many that were."""
        lost = [
            row["id"]
            for row in self._database.rows(
                "select id from crmhub.source_connections where status = 'needs_reconnect'"
            )
        ]
        for connection in self._setting.connections:
            if connection.connection_id in lost:
                self._setting.connect_account(connection)
                self._say(f"{connection.name} was connected again")
        return len(lost)

    def sync_all(self, changes: Mapping[str, int]) -> list[str]:
        """Have every connection run once more, undisturbed; returns what went wrong.

        Args:
            changes: What is set in the config of each before.
        """
        runs: dict[UUID, str] = {}
        refused: list[str] = []
        for connection in self._setting.connections:
            self._setting.change_config(connection, changes)
            with connect(self._setting.scene.stage.urls.orchestrator) as database:
                try:
                    run = request_sync(database, connection.connection_id, trigger="manual")
                except ConnectionNotReadyError as error:
                    refused.append(f"{connection.name} cannot be synced: {error}")
                else:
                    runs[run.id] = connection.name
        self.wait_for_calm()
        ended = self._database.rows(
            "select id, status, error_class, error_message from crmhub.sync_runs "
            "where id = any(%s) and status <> 'succeeded'",
            [list(runs)],
        )
        self._say(f"all were synced with {dict(changes)}")
        return refused + [
            f"an undisturbed sync of {runs[row['id']]} {row['status']}: "
            f"{row['error_class']}, {row['error_message']}"
            for row in ended
        ]

    def _open_runs(self) -> list[str]:
        rows = self._database.rows(
            "select status, connection_id, now() - requested_at as since from crmhub.sync_runs "
            "where status in ('pending', 'running')"
        )
        return [f"{row['status']} for {row['since']}: {row['connection_id']}" for row in rows]
