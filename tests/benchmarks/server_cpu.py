"""CPU time of the server's process behind a connection, on this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from psycopg import Connection

_TICKS: Final = os.sysconf("SC_CLK_TCK")


def server_cpu_seconds(connection: Connection[Any]) -> float:
    """CPU seconds that the connection's process has used so far (Linux: proc)."""
    stat = Path(f"/proc/{connection.info.backend_pid}/stat").read_text()
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
