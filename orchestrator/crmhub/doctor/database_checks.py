"""Is the database new enough and migrated, and may its logins do no more than they must?"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg.rows import dict_row

from crmhub.database import connect
from crmhub.doctor.findings import Finding
from crmhub.migrate import MINIMUM_SERVER_VERSION, pending_migrations
from crmhub.queries import read_queries
from crmhub.roles import LOGIN_SETTINGS
from crmhub.settings import database_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_QUERIES = read_queries(Path(__file__).with_name("database_checks.sql"))

#: Clocks that differ by more make leases and tokens end at the wrong time, seconds.
LARGEST_CLOCK_DIFFERENCE = 5.0


def check_version(environment: Mapping[str, str]) -> Iterator[Finding]:
    """The server's version, and its clock beside this machine's."""
    url = database_url(environment)
    if url is None:
        return
    with connect(url) as database:
        version = database.info.server_version
        before = datetime.now(UTC)
        row = database.execute(_QUERIES["read_clock"]).fetchone()
        after = datetime.now(UTC)
    yield Finding(
        what="PostgreSQL",
        verdict="ok" if version >= MINIMUM_SERVER_VERSION else "failed",
        said=f"version {version // 10000}.{version % 10000}",
        remedy="" if version >= MINIMUM_SERVER_VERSION else "use version 15 or later",
    )
    if row is not None:
        yield clock_finding("clock of the database", row[0], before=before, after=after)


def clock_finding(what: str, told: datetime, *, before: datetime, after: datetime) -> Finding:
    """Whether another clock, read between two looks at ours, goes as ours does."""
    seconds = (told - before - (after - before) / 2).total_seconds()
    wrong = abs(seconds) > LARGEST_CLOCK_DIFFERENCE + (after - before).total_seconds()
    return Finding(
        what=what,
        verdict="warning" if wrong else "ok",
        said=f"{abs(seconds):.1f} s {'ahead of' if seconds > 0 else 'behind'} this machine's",
        remedy="set both clocks by NTP" if wrong else "",
    )


def check_migrations(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Whether every migration is in."""
    url = database_url(environment)
    if url is None:
        return
    pending = pending_migrations(url)
    yield Finding(
        what="migrations",
        verdict="failed" if pending else "ok",
        said=f"{len(pending)} are missing, from {pending[0]} on" if pending else "all are in",
        remedy="run `crmhub migrate` as the database's administrator" if pending else "",
    )


def check_roles(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Whether each login is a member of its role, and of nothing that passes by the policies."""
    for role, setting in LOGIN_SETTINGS.items():
        url = environment.get(setting)
        if not url:
            continue
        with connect(url, setting=setting) as database:
            row = (
                database.cursor(row_factory=dict_row)
                .execute(
                    _QUERIES["view_role"],
                    {"role": role, "others": [each for each in LOGIN_SETTINGS if each != role]},
                )
                .fetchone()
            )
        if row is None:
            continue
        problem = _problem_of(row, role)
        yield Finding(
            what=f"role of {setting}",
            verdict="failed" if problem else "ok",
            said=f"login {row['login']} {problem or 'may do what it must and no more'}",
            remedy="make logins with `crmhub roles` and use theirs" if problem else "",
        )


def _problem_of(row: Mapping[str, object], role: str) -> str:
    if row["is_superuser"]:
        return "is a superuser, to whom no policy applies"
    if row["passes_rls"]:
        return "has BYPASSRLS: it sees every organisation's rows"
    if not row["is_member"]:
        return f"is no member of {role}"
    if row["others"]:
        return f"is a member of {', '.join(map(str, _texts(row['others'])))}, too"
    return ""


def _texts(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []
