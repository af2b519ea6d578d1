"""Ends a run from another thread: its lease was lost, its time is up, or its worker stops."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmhub.sync.meltano_log import PluginFailure


class RunControl:
    """A handle on one run; safe between threads, usable before the run began and after its end."""

    def __init__(self) -> None:
        """Nobody wants the run to end yet."""
        self._lock = threading.Lock()
        self._reason: PluginFailure | None = None
        self._end: Callable[[], None] | None = None

    @property
    def reason(self) -> PluginFailure | None:
        """Why the run was made to end; None if it was not."""
        with self._lock:
            return self._reason

    def attach(self, end: Callable[[], None]) -> None:
        """Say how to end the run; called at once if somebody wanted it already."""
        with self._lock:
            self._end = end
            wanted = self._reason is not None
        if wanted:
            end()

    def end(self, reason: PluginFailure) -> None:
        """Make the run end. The first reason stays."""
        with self._lock:
            if self._reason is not None:
                return
            self._reason = reason
            end = self._end
        if end is not None:
            end()
