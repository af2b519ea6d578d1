"""Start `meltano run` for one connection and read it to its end."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from crmhub.project_files import meltano_project_directory
from crmhub.sync.environment import inherited_environment, meltano_environment
from crmhub.sync.meltano_log import MeltanoLog, PluginFailure
from crmhub.sync.meltano_version import meltano_program
from crmhub.sync.run_directories import full_disk_in, run_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime
    from uuid import UUID

    from crmhub.sync.control import RunControl
    from crmhub.sync.launching import Launcher
    from crmhub.sync.leash import LeashWish
    from crmhub.sync.token_file import TokenFile

#: Between asking a run to end and making it, seconds.
GRACE_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class RunOutcome:
    """How a run ended."""

    succeeded: bool
    #: The status Meltano ended with; 128 + signal where one ended it.
    exit_status: int
    #: Rows the tap sent, by stream.
    records: dict[str, int]
    #: Why it failed; None for a success.
    failure: PluginFailure | None
    #: Everything HubSpot had up to then is in; None: as the bookmarks say.
    synced_through: datetime | None = None


def run_meltano(
    *,
    run_id: UUID,
    connection_id: UUID,
    variables: Mapping[str, str],
    token: TokenFile,
    timeout_seconds: float,
    control: RunControl,
    launcher: Launcher,
    on_line: Callable[[MeltanoLog, str], None] = lambda _log, _line: None,
) -> RunOutcome:
    """Run the tap into the target for one connection.

    The run has a directory of its own, an environment of chosen variables, umask 077 and a
    process group that ends with this process. The access token reaches the tap in a file; if
    HubSpot refuses it before its time, the run begins once more with another one, from the
    last state. `launcher` starts it, `control` can end it; `on_line` hears each line, redacted,
    beside what has been read so far.
    """
    until = time.monotonic() + timeout_seconds

    def run() -> RunOutcome:
        return _run_once(
            run_id=run_id,
            connection_id=connection_id,
            variables=variables,
            token=token,
            timeout_seconds=until - time.monotonic(),
            control=control,
            launcher=launcher,
            on_line=on_line,
        )

    first = run()
    if first.failure is None or first.failure.error_class != "access_denied":
        return first
    if control.reason is None and token.replace_refused():
        second = run()
        return replace(second, records=dict(Counter(first.records) + Counter(second.records)))
    if token.problem is not None:
        # Why there is no good token says more than that HubSpot refused the one there was.
        return replace(first, failure=PluginFailure.from_error(token.problem))
    return first


def _run_once(
    *,
    run_id: UUID,
    connection_id: UUID,
    variables: Mapping[str, str],
    token: TokenFile,
    timeout_seconds: float,
    control: RunControl,
    launcher: Launcher,
    on_line: Callable[[MeltanoLog, str], None],
) -> RunOutcome:
    with run_directory() as directory, token.kept_at(directory / "access_token") as token_file:
        environment = {
            **inherited_environment(os.environ),
            **meltano_environment(str(directory)),
            **variables,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "TAP_HUBSPOT_CRM_ACCESS_TOKEN_FILE": str(token_file),
        }
        wish: LeashWish = {
            "command": [
                str(meltano_program()),
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
        with launcher.launched(wish) as process, _time_limit(control, timeout_seconds):
            control.attach(process.let_go)
            for line in process.output:
                on_line(log, log.read(token.hide(line)))
            status = process.wait()
        return _outcome(log, status, control.reason)


def _outcome(log: MeltanoLog, status: int, made_to_end: PluginFailure | None) -> RunOutcome:
    # A run that was told to end and yet came to its end has done its work.
    has_succeeded = status == 0 and log.succeeded
    return RunOutcome(
        succeeded=has_succeeded,
        exit_status=status,
        records=dict(log.records),
        failure=None if has_succeeded else made_to_end or log.failure or _unexplained(log, status),
    )


def _unexplained(log: MeltanoLog, status: int) -> PluginFailure:
    """Why a run failed that no plugin explained."""
    full_disk = full_disk_in(log.last_lines)
    if full_disk is not None:
        return PluginFailure.from_error(full_disk)
    return PluginFailure(
        error_class="internal",
        message=f"meltano ended with status {status}; its last words: "
        + " / ".join(log.last_lines[-3:]),
        retry_after_seconds=None,
    )


@contextlib.contextmanager
def _time_limit(control: RunControl, seconds: float) -> Iterator[None]:
    """Ends the run after `seconds`."""
    too_long = PluginFailure(
        error_class="timeout",
        message=f"the run took longer than {seconds:.0f} seconds and was ended; "
        "what it stored stays, the next one goes on from there",
        retry_after_seconds=None,
    )
    timer = threading.Timer(seconds, control.end, [too_long])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
