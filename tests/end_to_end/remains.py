"""What runs may leave behind: processes and folders."""

from __future__ import annotations

import contextlib
from pathlib import Path


def processes_of(folder: Path, program: str = "") -> list[int]:
    """Ids of processes that have the folder in their environment and execute the program."""
    found: list[int] = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (
                str(folder).encode() in (entry / "environ").read_bytes()
                and program.encode() in (entry / "cmdline").read_bytes()
            ):
                found.append(int(entry.name))
    return found


def folders_of_runs(folder: Path) -> list[Path]:
    """Private directories of runs below the folder."""
    return list(folder.glob("crmhub-run-*"))
