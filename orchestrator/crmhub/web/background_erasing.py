"""Erase what an admin wants erased without anybody else waiting for it."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final

from crmhub.erasing import erase_rows
from crmhub.errors import CrmHubError

if TYPE_CHECKING:
    from uuid import UUID

    from crmhub.web.databases import Databases

logger = logging.getLogger("CrmHubWeb")

#: Each has a thread and, for a portion, a place at the database, which pages need as well.
_AT_ONCE: Final = 2


class BackgroundErasing:
    """Erases the rows of a few disconnected connections at a time; workers erase the others."""

    def __init__(self, databases: Databases) -> None:
        """Begin with none."""
        self._databases = databases
        self._free = threading.BoundedSemaphore(_AT_ONCE)

    def erase(self, org_id: UUID, connection_id: UUID) -> None:
        """Erase a connection's rows by the portion, or leave them where enough others go on.

        What is left, then or by a process or database that went away, workers erase
        (`erasing.erase_forgotten`).
        """
        if not self._free.acquire(blocking=False):
            logger.info("the rows of connection %s are left to a worker", connection_id)
            return
        try:
            erased = 0
            while portion := self._erase_portion(org_id, connection_id):
                erased += portion
            logger.info("%d rows of connection %s are erased", erased, connection_id)
        except CrmHubError as error:
            logger.warning(
                "the rows of connection %s are left to a worker: %s", connection_id, error
            )
        finally:
            self._free.release()

    def _erase_portion(self, org_id: UUID, connection_id: UUID) -> int:
        """Rows erased; each portion asks anew, which a process that ends refuses."""
        with self._databases.orchestrator() as database:
            return erase_rows(database, org_id, connection_id, portions=1)
