"""The embedded PostgreSQL: it answers, asks for passwords, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from crmhub.embedded_postgres import embedded_postgres
from crmhub.embedded_postgres.binaries import copied_binaries, find_binaries
from crmhub.errors import EmbeddedPostgresError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crmhub.embedded_postgres import EmbeddedPostgres

#: How long the end of a server may take before a test gives up, seconds.
PATIENCE = 30.0
HOLDER = """
import sys, time
from crmhub.embedded_postgres import embedded_postgres
with embedded_postgres() as server:
    print(server.url, server.directory, flush=True)
    time.sleep(600)
"""
FIRST_START = """
import pathlib, sys
from crmhub.embedded_postgres import embedded_postgres
with embedded_postgres(pathlib.Path(sys.argv[1])):
    pass
"""


def comes_true(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.mark.parametrize(
    "number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name
)
def test_a_server_and_its_files_go_when_the_parent_is_ended(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as holder:
        assert holder.stdout is not None
        url, directory = holder.stdout.readline().split()
        assert answers(url)
        os.killpg(holder.pid, number)
        holder.wait()
    assert comes_true(lambda: not answers(url))
    assert comes_true(lambda: not Path(directory).exists())


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    with embedded_postgres() as server:
        yield server


def test_a_wrong_password_is_refused(server: EmbeddedPostgres) -> None:
    wrong = server.url.replace(server.password, "wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_it_listens_on_loopback_only_and_stores_scram_verifiers(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.url) as connection:
        row = connection.execute(
            "select current_setting('listen_addresses'), left(rolpassword, 13) "
            "from pg_authid where rolname = 'postgres'"
        ).fetchone()
    assert row == ("127.0.0.1", "SCRAM-SHA-256")


@pytest.fixture
def directory() -> Iterator[Path]:
    """A folder that others may enter: root's server runs as another account."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


def test_a_server_with_a_directory_keeps_its_data(directory: Path) -> None:
    with embedded_postgres(directory / "kept") as server, psycopg.connect(server.url) as connection:
        connection.execute("create table kept (id int)")
        connection.commit()
    with embedded_postgres(directory / "kept") as server, psycopg.connect(server.url) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (0,)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists a process's children")
def test_a_server_whose_first_start_was_cut_off_starts_the_next_time(directory: Path) -> None:
    """As by a machine that goes down while the files are made."""
    kept = directory / "kept"
    with subprocess.Popen(
        [sys.executable, "-c", FIRST_START, str(kept)], stderr=subprocess.DEVNULL
    ) as starting:
        assert comes_true(lambda: any(kept.glob("data*/PG_VERSION")))
        [guard] = Path(f"/proc/{starting.pid}/task/{starting.pid}/children").read_text().split()
        starting.kill()
        os.killpg(int(guard), signal.SIGKILL)
    with embedded_postgres(kept) as server:
        assert answers(server.url)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as another account")
def test_binaries_that_are_copied_find_their_libraries(directory: Path) -> None:
    copy = copied_binaries(find_binaries(), directory / "binaries")
    for program in ("postgres", "initdb", "pg_ctl"):
        answer = subprocess.run(
            [copy.program(program), "--version"], capture_output=True, text=True, check=False
        )
        assert answer.returncode == 0, answer.stderr
    assert copied_binaries(find_binaries(), directory / "binaries") == copy


def test_a_directory_out_of_the_servers_reach_is_named(directory: Path) -> None:
    closed = directory / "closed"
    closed.mkdir(mode=0o700)
    with (
        pytest.raises(EmbeddedPostgresError, match=r"cannot reach .*closed/data: run as another"),
        embedded_postgres(closed / "data"),
    ):
        pass


def test_a_server_that_cannot_start_says_why() -> None:
    with (
        pytest.raises(EmbeddedPostgresError, match=r"did not start: .*shared_buffers"),
        embedded_postgres(settings={"shared_buffers": "none"}),
    ):
        pass
