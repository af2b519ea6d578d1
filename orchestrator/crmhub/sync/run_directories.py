"""The private directories of runs: one each, gone at the end, also when the worker was killed.

A directory is in use while somebody holds a lock on it: the worker that made it, then the run's
leash too. The kernel lets go of a dead process's locks, so what nobody holds was left by one.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crmhub.errors import RunNotStartedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PREFIX: Final = "crmhub-run-"
#: A directory that lives in memory: what lies in it never reaches a disk.
_MEMORY: Final = "/dev/shm"  # noqa: S108 - the directories made below it are ours alone, mode 0700
#: What should be free there for another run, which takes a tenth of it.
_ROOM_BYTES: Final = 16 * 1024 * 1024
#: How the system says that a disk takes no more.
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
#: How Python and SQLite, in which Meltano keeps its own records, say it.
_FULL_WORDS: Final = (
    *(os.strerror(number) for number in sorted(_FULL)),
    "database or disk is full",
    "disk I/O error",
)


@contextlib.contextmanager
def run_directory() -> Iterator[Path]:
    """A directory for one run, mode 0700: below TMPDIR, else in memory, else on disk."""
    directory, lock = _held_directory()
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        os.close(lock)


def _held_directory() -> tuple[Path, int]:
    """A new directory, and the open file that holds it."""
    while True:
        directory = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_place()))
        # Until it is held, whoever cleans up takes it for one that was left.
        with contextlib.suppress(FileNotFoundError):
            lock = os.open(directory, os.O_RDONLY)
            fcntl.flock(lock, fcntl.LOCK_SH)
            if directory.exists():
                return directory, lock
            os.close(lock)


def not_started(error: OSError) -> RunNotStartedError:
    """What the system refused on the way to a run's start, with the remedy."""
    reason = error.strerror or type(error).__name__
    if error.errno in _FULL:
        return _full_disk(reason)
    return RunNotStartedError(f"this machine could not start the run ({reason})")


def full_disk_in(lines: Iterable[str]) -> RunNotStartedError | None:
    """The full disk that a run complains of in its last words; None if it does not."""
    words = (words for line in lines for words in _FULL_WORDS if words in line)
    reason = next(words, None)
    return _full_disk(reason) if reason else None


def _full_disk(reason: str) -> RunNotStartedError:
    return RunNotStartedError(
        f"the disk of runs, {_place()}, takes no more ({reason}): free some of it, or set TMPDIR "
        "to a larger one"
    )


def remove_left_directories() -> int:
    """Delete the directories of this account's runs that nobody holds; returns how many."""
    removed = 0
    try:
        places = {_place(), _place_on_disk()}
    except RunNotStartedError:
        return 0
    for directory in [found for place in places for found in place.glob(f"{_PREFIX}*")]:
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
    has_room = (
        not os.environ.get("TMPDIR")
        and os.access(_MEMORY, os.W_OK)
        and shutil.disk_usage(_MEMORY).free >= _ROOM_BYTES
    )
    return Path(_MEMORY) if has_room else _place_on_disk()


def _place_on_disk() -> Path:
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:
        # Python has tried to write a few bytes into each that there is.
        raise RunNotStartedError(
            "no directory for temporary files takes any: free some of the disk, or set TMPDIR to "
            "one with room"
        ) from None
