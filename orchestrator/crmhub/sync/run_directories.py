"""The private directories of runs: one each, gone at the end, also when the worker was killed.

A directory is in use while somebody holds a lock on it: the worker that made it, then the run's
leash too. The kernel lets go of a dead process's locks, so what nobody holds was left by one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX: Final = "crmhub-run-"
#: A directory that lives in memory: what lies in it never reaches a disk.
_MEMORY: Final = "/dev/shm"  # noqa: S108 - the directories made below it are ours alone, mode 0700


@contextlib.contextmanager
def run_directory() -> Iterator[Path]:
    """A directory for one run, mode 0700: below TMPDIR, else in memory, else on disk."""
    directory = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_place()))
    lock = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        os.close(lock)


def remove_left_directories() -> int:
    """Delete the directories of this account's runs that nobody holds; returns how many."""
    removed = 0
    for directory in _place().glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            lock = os.open(directory, os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY)
            try:
                if os.fstat(lock).st_uid == os.geteuid() and _is_left(lock):
                    shutil.rmtree(directory, ignore_errors=True)
                    removed += 1
            finally:
                os.close(lock)
    return removed


def _is_left(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _place() -> Path:
    if os.environ.get("TMPDIR") or not os.access(_MEMORY, os.W_OK):
        return Path(tempfile.gettempdir())
    return Path(_MEMORY)
