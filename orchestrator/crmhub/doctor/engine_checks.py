"""Is somebody working, and could a run start here?"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from psycopg.rows import dict_row

from crmhub.database import connect
from crmhub.doctor.findings import Finding
from crmhub.project_files import meltano_project_directory
from crmhub.queries import read_queries
from crmhub.settings import database_url
from crmhub.sync.meltano_version import MELTANO_MAJOR

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_QUERIES = read_queries(Path(__file__).with_name("engine_checks.sql"))

#: What a run starts; each says its version.
_PROGRAMS: Final = ("meltano", "tap-hubspot-crm", "target-crmhub-postgres")
_PATIENCE_SECONDS: Final = 60
#: The first number of a program's own words about its version.
_VERSION: Final = re.compile(r"(\d+)\.\d+\.\d+")


def check_engine(environment: Mapping[str, str]) -> Iterator[Finding]:
    """The queue's tables, the workers that were heard of, and what waits for too long."""
    url = database_url(environment)
    if url is None:
        return
    with connect(url) as database, database.cursor(row_factory=dict_row) as cursor:
        engine = cursor.execute(_QUERIES["view_engine"]).fetchone() or {}
        if not engine["has_queue"]:
            yield Finding(
                what="queue",
                verdict="failed",
                said="its tables are missing",
                remedy="run `crmhub migrate` as the database's administrator",
            )
            return
        workers = cursor.execute(_QUERIES["count_workers"]).fetchone() or {}
    alive, overdue = workers["alive"], engine["overdue"]
    yield Finding(
        what="workers",
        verdict="ok" if alive else "warning",
        said=f"{alive} were heard of in the last 30 s",
        remedy="" if alive else "start `crmhub worker` on some machine",
    )
    yield Finding(
        what="overdue connections",
        verdict="warning" if overdue else "ok",
        said=f"{overdue} have been due for more than ten minutes",
        remedy="start more workers, or raise CRMHUB_WORKER_CONCURRENCY" if overdue else "",
    )


def check_meltano(_environment: Mapping[str, str]) -> Iterator[Finding]:
    """Meltano, tap and target in the environment that this program runs in."""
    folder = Path(sys.executable).parent
    for program in _PROGRAMS:
        path = shutil.which(program, path=str(folder))
        if path is None:
            yield Finding(
                what=program,
                verdict="failed",
                said="is not beside this program",
                remedy="install it into the same environment",
            )
            continue
        yield _version_of(program, path)


def _version_of(program: str, path: str) -> Finding:
    found = _VERSION.search(_words_about_version(path))
    if found is None:
        return Finding(
            what=program, verdict="failed", said="does not start", remedy="install it anew"
        )
    if program == "meltano" and found[1] != MELTANO_MAJOR:
        return Finding(
            what=program,
            verdict="failed",
            said=f"version {found[0]}",
            remedy=f"install version {MELTANO_MAJOR}",
        )
    return Finding(what=program, verdict="ok", said=f"version {found[0]}")


def _words_about_version(path: str) -> str:
    """What a program says of its version; nothing where it fails, or says nothing for too long."""
    try:
        done = subprocess.run(
            [path, "--version"],
            cwd=meltano_project_directory(),
            env={"PATH": os.environ.get("PATH", ""), "HOME": os.devnull},
            capture_output=True,
            text=True,
            check=True,
            timeout=_PATIENCE_SECONDS,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout
