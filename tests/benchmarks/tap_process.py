"""The tap as the program it is, measured from outside."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

_PROGRAM: Final = "from tap_hubspot_crm.tap import TapHubSpotCrm; TapHubSpotCrm.cli()"
_RECORD: Final = re.compile(rb'\{"type":"RECORD","stream":"(\w+)","record":\{"\w+":"(\d+)"')


@dataclass(frozen=True, kw_only=True)
class TapRun:
    """One run of the tap."""

    seconds: float
    #: Of all its threads, in the user's and the system's part.
    cpu_seconds: float
    #: Stream to how many records came.
    records: Counter[str]
    #: Stream to how many different keys they had.
    keys: Counter[str]
    state: dict[str, Any] = field(repr=False)


def run_tap(
    directory: Path,
    settings: dict[str, Any],
    *,
    state: dict[str, Any] | None = None,
    catalog: dict[str, Any] | None = None,
) -> TapRun:
    """Run the tap to its end.

    Args:
        directory: Where its files go.
        settings: Its settings.
        state: The state to go on from.
        catalog: What to select; everything by default.

    Raises:
        RuntimeError: It failed; with the last line it logged.
    """
    options = ["--config", _write(directory / "config.json", settings)]
    if catalog is not None:
        options += ["--catalog", _write(directory / "catalog.json", catalog)]
    if state is not None:
        options += ["--state", _write(directory / "state.json", state)]
    return _measured(directory, options)


def discover(directory: Path, settings: dict[str, Any], *, only: str) -> dict[str, Any]:
    """Return the tap's catalog with one stream selected."""
    options = ["--config", _write(directory / "config.json", settings), "--discover"]
    output = subprocess.run(_command(options), check=True, capture_output=True).stdout
    catalog: dict[str, Any] = json.loads(output)
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            if not item["breadcrumb"]:
                item["metadata"]["selected"] = entry["tap_stream_id"] == only
    return catalog


def cpu_of(program: str) -> float:
    """Return the CPU seconds of a Python program."""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.DEVNULL) as process:
        return _cpu_at_end(process)[1]


def _measured(directory: Path, options: list[str]) -> TapRun:
    output, errors = directory / "stdout.singer", directory / "stderr.txt"
    began = time.perf_counter()
    # Into a file, and looked at afterwards: another reader would take the CPU from the sandbox.
    with output.open("wb") as lines, errors.open("wb") as log:
        with subprocess.Popen(_command(options), stdout=lines, stderr=log) as process:
            status, cpu = _cpu_at_end(process)
        seconds = time.perf_counter() - began
    if status != 0:
        last = errors.read_text(encoding="utf-8").splitlines()[-1:]
        raise RuntimeError(f"the tap ended with status {status}: {last}")
    records: Counter[str] = Counter()
    keys: dict[str, set[bytes]] = {}
    state = b"{}"
    with output.open("rb") as lines:
        for line in lines:
            if found := _RECORD.match(line):
                stream = found[1].decode()
                records[stream] += 1
                keys.setdefault(stream, set()).add(found[2])
            elif line.startswith(b'{"type":"STATE"'):
                state = line
    return TapRun(
        seconds=seconds,
        cpu_seconds=cpu,
        records=records,
        keys=Counter({stream: len(found) for stream, found in keys.items()}),
        state=json.loads(state).get("value", {}),
    )


def _cpu_at_end(process: subprocess.Popen[bytes]) -> tuple[int, float]:
    """Wait for a process; return its exit status and CPU seconds."""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, used.ru_utime + used.ru_stime


def _command(options: list[str]) -> list[str]:
    return [sys.executable, "-c", _PROGRAM, *options]


def _write(path: Path, content: object) -> str:
    path.write_text(json.dumps(content), encoding="utf-8")
    return str(path)
