"""A load that stands still in the midst of a batch, because another session holds a row."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg
from target.loading import record, schema, state
from target.own_server import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from target.loading import Ended, Hub, Message

KEYS = [str(number) for number in range(1, 41)]


def contacts(stage: str, updated: str = "2026-11-01T10:00:00Z") -> list[Message]:
    return [
        schema("contacts"),
        *(record("contacts", id=key, lifecyclestage=stage, updatedAt=updated) for key in KEYS),
        state(stage=stage),
    ]


def stages(hub: Hub) -> list[str]:
    return [row["lifecycle_stage"] for row in hub.rows("crm_contacts", "lifecycle_stage")]


class Blocker:
    """Another session that holds a row, so that a batch stands still in its midst."""

    def __init__(self, hub: Hub, key: str = "20") -> None:
        self._hub = hub
        self.connection = psycopg.connect(hub.database.url)
        self.connection.execute("set deadlock_timeout = '1min'")
        self.hold(key)

    def hold(self, key: str) -> None:
        self.connection.execute(
            "select 1 from crmhub.crm_contacts where connection_id = %s and external_id = %s "
            "for update",
            [self._hub.connection_id, key],
        )

    def blocked(self) -> list[int]:
        """The process ids of the server's that wait for a row or another's transaction."""
        rows = self._hub.database.rows(
            "select pid from pg_stat_activity where wait_event_type = 'Lock'"
        )
        return [row["pid"] for row in rows]


def interrupted(hub: Hub, interrupt: Callable[[int], None]) -> Ended:
    """Run the program, interrupt it in the midst of a batch, let it go on."""
    hub.load(contacts("lead"))
    blocker = Blocker(hub)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(hub.run, contacts("customer", "2026-11-01T11:00:00Z"))
        wait_for(blocker.blocked)
        assert stages(hub) == ["lead"] * len(KEYS)
        interrupt(blocker.blocked()[0])
        blocker.connection.close()
        return running.result()


def assert_ended_well(hub: Hub, ended: Ended) -> None:
    assert (ended.status, ended.states) == (0, [{"stage": "customer"}]), ended.stderr
    assert "trying again in" in ended.stderr
    assert stages(hub) == ["customer"] * len(KEYS)
