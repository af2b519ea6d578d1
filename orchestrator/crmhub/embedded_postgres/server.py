"""Start an embedded PostgreSQL and hold it for as long as a `with` block lasts."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crmhub.embedded_postgres.binaries import (
    PostgresBinaries,
    ServerAccount,
    copied_binaries,
    find_binaries,
    reachable_by,
    server_account,
)
from crmhub.errors import EmbeddedPostgresError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crmhub.embedded_postgres.guard import GuardWish


@dataclass(frozen=True, kw_only=True)
class EmbeddedPostgres:
    """A running server."""

    port: int
    #: The superuser's password.
    password: str
    #: Data, log and, where they had to be copied, binaries.
    directory: Path
    binaries: PostgresBinaries

    @property
    def url(self) -> str:
        """A connection string of the superuser for the database `postgres`."""
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        """A connection string of the superuser for `database`."""
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/{database}"


@contextlib.contextmanager
def embedded_postgres(
    directory: Path | None = None,
    *,
    within: Path | None = None,
    settings: Mapping[str, str] | None = None,
) -> Iterator[EmbeddedPostgres]:
    """Run a server until the block ends.

    Without `directory` the server is temporary: fast, not durable, and nothing is left of
    it; its files lie `within` a folder, the system's place for such unless said. With one, the
    data live there and survive. `settings` are further server settings.
    Raises EmbeddedPostgresError with PostgreSQL's own last message when it does not start.
    """
    binaries = find_binaries()
    account = server_account()
    temporary = directory is None
    if directory is None:
        directory = Path(tempfile.mkdtemp(prefix="crmhub-postgres-", dir=within))
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    guard: subprocess.Popen[str] | None = None
    try:
        if account is not None:
            os.chown(directory, account.user, account.group)
            _refuse_unreachable(directory, account)
            binaries = _within_reach(binaries, account, directory)
        password = _password(directory)
        guard = _start_guard()
        port = _ask_guard(
            guard,
            {
                "prefix": str(binaries.prefix),
                "major": binaries.major,
                "directory": str(directory),
                "password": password,
                "temporary": temporary,
                "user": account.user if account else None,
                "group": account.group if account else None,
                "settings": dict(settings or {}),
            },
        )
        yield EmbeddedPostgres(port=port, password=password, directory=directory, binaries=binaries)
    finally:
        if guard is not None:
            _close_guard(guard)
        if temporary:
            shutil.rmtree(directory, ignore_errors=True)


def _start_guard() -> subprocess.Popen[str]:
    return subprocess.Popen(
        # -P: the folder the command happens to be run in is no place for imports.
        [sys.executable, "-P", "-m", "crmhub.embedded_postgres.guard"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # A session of its own: the terminal's Ctrl-C is for the parent alone.
        start_new_session=True,
    )


def _ask_guard(guard: subprocess.Popen[str], wish: GuardWish) -> int:
    if guard.stdin is None or guard.stdout is None:
        raise EmbeddedPostgresError("the guard of the embedded PostgreSQL has no pipes")
    guard.stdin.write(json.dumps(wish) + "\n")
    guard.stdin.flush()
    line = guard.stdout.readline()
    reply: dict[str, str] = json.loads(line) if line else {"error": "its guard process ended"}
    if "error" in reply:
        raise EmbeddedPostgresError(
            f"the embedded PostgreSQL did not start: {reply['error']} "
            f"(free memory or disk, or set DATABASE_URL to a server of yours)"
        )
    return int(reply["port"])


def _close_guard(guard: subprocess.Popen[str]) -> None:
    for pipe in (guard.stdin, guard.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
    guard.wait()


def _refuse_unreachable(directory: Path, account: ServerAccount) -> None:
    if not reachable_by(directory, account):
        raise EmbeddedPostgresError(
            f"PostgreSQL does not run as root, and its account cannot reach {directory}: "
            "run as another user, or set XDG_DATA_HOME to a folder that others may enter"
        )


def _within_reach(
    binaries: PostgresBinaries, account: ServerAccount, directory: Path
) -> PostgresBinaries:
    """The binaries where the account can run them: a copy if they lie in a closed folder."""
    if reachable_by(binaries.prefix / "bin", account):
        return binaries
    return copied_binaries(binaries, directory / "binaries")


def _password(directory: Path) -> str:
    """The superuser's password: kept beside the data, in a file for its owner only."""
    path = directory / "superuser.password"
    # Of a start that was cut off there may be an empty one.
    if path.exists() and (known := path.read_text().strip()):
        return known
    password = secrets.token_urlsafe(24)
    path.touch(mode=0o600)
    path.write_text(password + "\n")
    return password
