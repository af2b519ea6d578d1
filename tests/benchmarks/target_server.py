"""A PostgreSQL of the benchmark's own, durable as in production, and what loading costs it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg
from databases import TestServer

from crmhub.embedded_postgres import embedded_postgres
from crmhub.migrate import migrate
from crmhub.roles import create_logins

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from databases import TestDatabase

_TICKS: Final = os.sysconf("SC_CLK_TCK")
#: As the deployment guide has it: the indexes of a large table stay in the server's memory, and no
#: checkpoint falls into a load of minutes.
SETTINGS: Final = {"shared_buffers": "2GB", "max_wal_size": "8GB"}
#: How often the memory of a program is looked at.
_LOOK_SECONDS: Final = 0.05
#: The server's processes are gone, and what they used is counted.
_SETTLE_SECONDS: Final = 0.5


@dataclass(frozen=True, kw_only=True)
class Load:
    """What one load cost."""

    records: int
    seconds: float
    #: Of the program, and of all of the server's processes.
    client_cpu: float
    server_cpu: float
    peak_mib: float
    #: Bytes of write-ahead log.
    wal: int

    @property
    def rate(self) -> float:
        """Records a second, by the clock."""
        return self.records / self.seconds


class BenchServer:
    """The running server."""

    def __init__(self, *, server: TestServer, data: Path) -> None:
        self._server = server
        self._postmaster = int((data / "postmaster.pid").read_text().splitlines()[0])
        self.url = server.url

    @contextlib.contextmanager
    def hub(self) -> Iterator[tuple[TestDatabase, uuid.UUID, uuid.UUID]]:
        """A database of ours without rows, an organisation and its connection."""
        with self._server.clone() as database:
            yield database, *database.add_connection(account_id="42")

    @contextlib.contextmanager
    def empty(self) -> Iterator[TestDatabase]:
        """A database without a table."""
        with self._server.empty() as database:
            yield database

    @contextlib.contextmanager
    def measured(
        self, records: int, *, client: Client | None = None, after_checkpoint: bool = True
    ) -> Iterator[list[Load]]:
        """Measure the block: the list holds the one result after it.

        Args:
            records: How many it loads.
            client: The program that loads; by default this process.
            after_checkpoint: PostgreSQL logs each page in full that is changed for the first time
                after a checkpoint. Without one it is as in the middle of a long load.
        """
        found: list[Load] = []
        with psycopg.connect(self.url, autocommit=True) as connection:
            if after_checkpoint:
                connection.execute("checkpoint")
            wal, cpu = _wal(connection), self._cpu()
            own, began = time.process_time(), time.perf_counter()
            yield found
            seconds = time.perf_counter() - began
            own = time.process_time() - own
            time.sleep(_SETTLE_SECONDS)
            found.append(
                Load(
                    records=records,
                    seconds=seconds,
                    client_cpu=client.cpu if client else own,
                    server_cpu=self._cpu() - cpu,
                    peak_mib=client.peak_mib if client else 0.0,
                    wal=_wal(connection) - wal,
                )
            )

    def _cpu(self) -> float:
        """Return CPU seconds of the server's processes, those that ended included."""
        fields = _stat(self._postmaster)
        total = sum(fields[11:15])
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    of_process = _stat(int(entry.name))
                    if of_process[1] == self._postmaster:
                        total += of_process[11] + of_process[12]
        return total / _TICKS


class Client:
    """A program that loads."""

    def __init__(self, command: Sequence[str | Path], environment: Mapping[str, str]) -> None:
        self._command = command
        self._environment = environment
        self.cpu = 0.0
        self.peak_mib = 0.0

    def run(self, lines: Path) -> None:
        """Run it with the file as its input.

        Raises:
            RuntimeError: It failed; with the last lines it logged.
        """
        with tempfile.TemporaryFile() as log, lines.open("rb") as source:
            process = subprocess.Popen(
                self._command,
                stdin=source,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env=dict(self._environment),
            )
            done = threading.Event()
            watch = threading.Thread(target=self._watch, args=(process.pid, done))
            watch.start()
            _, status, used = os.wait4(process.pid, 0)
            done.set()
            watch.join()
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                log.seek(0)
                message = f"{self._command[0]} failed: {log.read()[-2000:].decode()}"
                raise RuntimeError(message)
        self.cpu = used.ru_utime + used.ru_stime

    def _watch(self, process: int, done: threading.Event) -> None:
        """Note the peak: the system's own figure for a child begins with its parent's memory."""
        while not done.wait(_LOOK_SECONDS):
            with contextlib.suppress(OSError, StopIteration):
                status = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
                line = next(line for line in status if line.startswith("VmHWM"))
                self.peak_mib = int(line.split()[1]) / 1024


@contextlib.contextmanager
def bench_server(directory: Path) -> Iterator[BenchServer]:
    """Start the server with its data in the directory; it ends with the block."""
    with embedded_postgres(directory, settings=SETTINGS) as running:
        template = f"bench_{uuid.uuid4().hex[:8]}"
        with psycopg.connect(running.url, autocommit=True) as connection:
            connection.execute(f'create database "{template}"')
        url = running.url_of(template)
        migrate(url)
        server = TestServer(url=running.url, template=template, logins=create_logins(url))
        yield BenchServer(server=server, data=directory / "data")


def _stat(process: int) -> list[int]:
    """Return the numbers of /proc/PID/stat after the program's name (proc(5))."""
    text = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2]
    _, *numbers = text.split()
    return [0, *map(int, numbers)]


def _wal(connection: psycopg.Connection) -> int:
    [position] = connection.execute(
        "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')"
    ).fetchone() or (0,)
    return int(position)
