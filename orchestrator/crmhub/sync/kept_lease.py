"""Keeps a run's lease while it goes on, and ends the run when the lease is lost."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Final

from crmhub.database import connect
from crmhub.errors import CrmHubError
from crmhub.sync.lease import renew_lease
from crmhub.sync.meltano_log import PluginFailure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from crmhub.sync.control import RunControl

#: A lease is renewed so often while it lasts: a database that restarts does not cost the run.
_RENEWALS: Final = 12

_LOST: Final = PluginFailure(
    error_class="lease_lost",
    message="the lease of this connection was lost: a reset or another run has taken it",
    retry_after_seconds=None,
)


@contextlib.contextmanager
def kept_lease(
    url: str,
    connection_id: UUID,
    token: UUID,
    control: RunControl,
    *,
    lease_seconds: int,
) -> Iterator[None]:
    """Renew the lease until the block ends; a lease that is lost ends the run.

    So does a database that has been away for longer than the lease lasts: another worker may have
    taken over, and whatever the run still wrote would be refused.
    """
    ended = threading.Event()

    def keep() -> None:
        last = time.monotonic()
        while not ended.wait(lease_seconds / _RENEWALS):
            asked = time.monotonic()
            try:
                with connect(url) as database:
                    is_ours = renew_lease(database, connection_id, token, seconds=lease_seconds)
            except CrmHubError:
                is_ours = time.monotonic() - last < lease_seconds
            else:
                last = asked
            if not is_ours:
                control.end(_LOST)
                return

    thread = threading.Thread(target=keep, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
