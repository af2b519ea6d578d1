"""The runs of one worker: so many at once, each in a thread, all of them known by their control."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from crmhub.sync.control import RunControl

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from crmhub.sync.meltano_log import PluginFailure


class Slots:
    """Runs connections in threads of its own, whatever becomes of the jobs that asked for it."""

    def __init__(self, *, count: int, sync: Callable[[UUID, RunControl], None]) -> None:
        """Begin with every slot free.

        Args:
            count: Runs at once.
            sync: Runs a connection to its end and records the outcome; it does not raise.
        """
        self._sync = sync
        self._free = asyncio.Semaphore(count)
        self._executor = ThreadPoolExecutor(max_workers=count, thread_name_prefix="sync")
        self._controls: dict[asyncio.Task[None], RunControl] = {}
        self._is_open = True

    @property
    def running(self) -> int:
        """How many runs are going on, or about to."""
        return len(self._controls)

    async def run(self, connection_id: UUID) -> None:
        """Run a connection as soon as a slot is free; returns at its end.

        Cancelling this leaves the run alone: its outcome still has to be recorded.
        """
        control = RunControl()
        task = asyncio.create_task(self._run(connection_id, control))
        self._controls[task] = control
        task.add_done_callback(self._controls.pop)
        await asyncio.shield(task)

    async def close(self, *, drain_seconds: float, reason: PluginFailure) -> None:
        """Take nothing more; give what runs some time to end by itself, then make it end."""
        self._is_open = False
        if self._controls:
            await asyncio.wait(list(self._controls), timeout=drain_seconds)
        for control in self._controls.values():
            control.end(reason)
        if self._controls:
            await asyncio.wait(list(self._controls))
        self._executor.shutdown()

    def end_now(self, reason: PluginFailure) -> None:
        """Make every run end, without waiting for it."""
        for control in self._controls.values():
            control.end(reason)

    async def _run(self, connection_id: UUID, control: RunControl) -> None:
        async with self._free:
            if self._is_open:
                loop = asyncio.get_running_loop()
                await loop.run_in_executor(self._executor, self._sync, connection_id, control)
