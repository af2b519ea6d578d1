"""Start `meltano run` for one connection and read it to its end."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from crmhub.project_files import meltano_project_directory
from crmhub.sync.environment import inherited_environment, meltano_environment
from crmhub.sync.meltano_log import MeltanoLog, PluginFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from uuid import UUID

    from crmhub.sync.leash import LeashWish

#: Between asking a run to end and making it, seconds.
GRACE_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class RunOutcome:
    """How one `meltano run` ended."""

    succeeded: bool
    #: The status Meltano ended with; 128 + signal where one ended it.
    exit_status: int
    #: Rows the tap sent, by stream.
    records: dict[str, int]
    #: Why it failed; None for a success.
    failure: PluginFailure | None


def run_meltano(
    *,
    run_id: UUID,
    connection_id: UUID,
    variables: Mapping[str, str],
    access_token: str,
    timeout_seconds: float,
    on_line: Callable[[MeltanoLog, str], None] = lambda _log, _line: None,
) -> RunOutcome:
    """Run the tap into the target for one connection.

    The run has a directory of its own, an environment of chosen variables, umask 077 and a
    process group that ends with this process. The access token reaches the tap in a file.
    `on_line` hears each line, redacted, beside what has been read so far.
    """
    with _private_directory() as directory:
        token_file = directory / "access_token"
        token_file.touch(mode=0o600)
        token_file.write_text(access_token)
        environment = {
            **inherited_environment(os.environ),
            **meltano_environment(str(directory)),
            **variables,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "TAP_HUBSPOT_CRM_ACCESS_TOKEN_FILE": str(token_file),
        }
        wish: LeashWish = {
            "command": [
                str(Path(sys.executable).with_name("meltano")),
                "--log-format=json",
                "run",
                "--no-install",
                "--force",
                f"--run-id={run_id}",
                f"--state-id-suffix={connection_id}",
                "tap-hubspot-crm",
                "target-crmhub-postgres",
            ],
            "environment": environment,
            "working_directory": str(meltano_project_directory()),
            "private_directory": str(directory),
            "grace_seconds": GRACE_SECONDS,
        }
        log = MeltanoLog()
        with _leashed(wish) as process, _time_limit(process, timeout_seconds) as timed_out:
            if process.stdout is None:
                raise RuntimeError("the run was started without a pipe for its log")
            for line in process.stdout:
                on_line(log, log.read(line))
            status = process.wait()
        return _outcome(log, status, timed_out=timed_out.is_set())


def _outcome(log: MeltanoLog, status: int, *, timed_out: bool) -> RunOutcome:
    succeeded = status == 0 and log.succeeded
    failure = None
    if timed_out:
        failure = PluginFailure(
            error_class="timeout", message="the run took too long", retry_after_seconds=None
        )
    elif not succeeded:
        failure = log.failure or PluginFailure(
            error_class="internal",
            message=f"meltano ended with status {status}; its last words: "
            + " / ".join(log.last_lines[-3:]),
            retry_after_seconds=None,
        )
    return RunOutcome(
        succeeded=failure is None,
        exit_status=status,
        records=dict(log.records),
        failure=failure,
    )


@contextlib.contextmanager
def _private_directory() -> Iterator[Path]:
    """A directory for one run, gone at the end: below TMPDIR, else in memory, else on disk."""
    memory = "/dev/shm"  # noqa: S108 - the directory made below it is ours alone, mode 0700
    place = None if os.environ.get("TMPDIR") or not os.access(memory, os.W_OK) else memory
    directory = Path(tempfile.mkdtemp(prefix="crmhub-run-", dir=place))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def _leashed(wish: LeashWish) -> Iterator[subprocess.Popen[str]]:
    """The run, under a leash that ends it when this process ends or the block is left."""
    process = subprocess.Popen(
        # -S and -P: nothing but the standard library, from nowhere but Python's own folders.
        [sys.executable, "-S", "-P", str(Path(__file__).with_name("leash.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=inherited_environment(os.environ),
        start_new_session=True,
    )
    try:
        with process:
            if process.stdin is None:
                raise RuntimeError("the run was started without a pipe for its leash")
            process.stdin.write(json.dumps(wish) + "\n")
            process.stdin.flush()
            try:
                yield process
            finally:
                _let_go(process.stdin)
    finally:
        process.wait()


@contextlib.contextmanager
def _time_limit(process: subprocess.Popen[str], seconds: float) -> Iterator[threading.Event]:
    """Ends the run after `seconds`; the event tells whether that happened."""
    timed_out = threading.Event()

    def end() -> None:
        timed_out.set()
        if process.stdin is not None:
            _let_go(process.stdin)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield timed_out
    finally:
        timer.cancel()


def _let_go(pipe: IO[str]) -> None:
    with contextlib.suppress(BrokenPipeError, ValueError):
        pipe.close()
