"""Worker processes for tests, each with a log to read and an end that is waited for."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from end_to_end.conftest import Scene

    from crmhub.demo.stage import Stage

#: Nothing here takes so long, seconds; a test that hangs fails instead.
PATIENCE_SECONDS = 180.0
#: Of a worker's log, shown when a test of it fails.
_LAST_LINES = 60


@dataclass(frozen=True, kw_only=True)
class WorkerProcess:
    """A `crmhub worker` that runs."""

    process: subprocess.Popen[bytes]
    log: Path

    def lines(self) -> list[dict[str, Any]]:
        """What it said so far, each line an object."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def said(self, event: str) -> list[dict[str, Any]]:
        """The lines with these words."""
        return [line for line in self.lines() if line.get("event") == event]

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for its end; returns its exit status."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)


def worker_environment(stage: Stage) -> dict[str, str]:
    """What a worker on this stage finds in its environment."""
    return {
        **{name: os.environ[name] for name in ("PATH", "TMPDIR", "LANG") if name in os.environ},
        "DATABASE_URL": stage.urls.orchestrator,
        "CRMHUB_LOADER_DATABASE_URL": stage.urls.loader,
        "CRMHUB_STATE_DATABASE_URL": stage.urls.state,
        "CRMHUB_READER_DATABASE_URL": stage.urls.reader,
        "PII_HASH_SALT": stage.salt,
        "SECRETS_ENCRYPTION_KEY": stage.encryption_key,
        "HUBSPOT_API_URL": stage.api_url,
    }


@contextlib.contextmanager
def running_worker(environment: Mapping[str, str], *options: str) -> Iterator[WorkerProcess]:
    """A worker until the block ends; what is left of it then is killed."""
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory) / "log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [str(Path(sys.executable).with_name("crmhub")), "worker", *options],
                env=dict(environment),
                stdout=stream,
                stderr=stream,
            )
        try:
            yield WorkerProcess(process=process, log=log)
        except AssertionError as failure:
            failure.add_note(f"the worker's status: {process.poll()}; what it said last:")
            for line in log.read_text().splitlines()[-_LAST_LINES:]:
                failure.add_note(line)
            raise
        finally:
            process.kill()
            process.wait()


def wait_until(holds: Callable[[], object], what: str) -> None:
    """Return when something holds; fail, naming it, when it does not in time."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < until, f"waited in vain: {what}"
        time.sleep(0.2)


def runs_of(scene: Scene, status: str) -> list[dict[str, Any]]:
    """The runs of that status, oldest first."""
    return scene.database.rows(
        "select id, connection_id, trigger, error_class, records from crmhub.sync_runs "
        "where status = %s order by requested_at",
        [status],
    )
