"""`crmhub run`: everything a small installation needs, with a PostgreSQL of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from end_to_end.workers import PATIENCE_SECONDS, wait_until

from crmhub.vault.keyring import generate_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from warm_programs import WarmPrograms

    Crmhub = Callable[..., subprocess.CompletedProcess[str]]

CRMHUB = str(Path(sys.executable).with_name("crmhub"))


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    with tempfile.TemporaryDirectory() as home:
        # PostgreSQL's own account has to reach it where the tests run as root.
        Path(home).chmod(0o755)
        yield {
            **{name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ},
            "XDG_DATA_HOME": home,
            "PII_HASH_SALT": "a salt for tests, long enough",
            "SECRETS_ENCRYPTION_KEY": generate_key().reveal(),
            "CRMHUB_SIGNING_KEY": "made-up-signing-key-of-a-test-32-bytes",
        }


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def web_port() -> int:
    return free_port()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def crmhub(programs: WarmPrograms, environment: dict[str, str]) -> Crmhub:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return programs.run("crmhub", *arguments, environment=environment)

    return run


@pytest.fixture
def running(
    environment: dict[str, str], port: int, web_port: int
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [CRMHUB, "run", f"--metrics-port={port}", f"--web-port={web_port}"],
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    yield process
    process.kill()
    process.wait()


def test_other_commands_find_the_database_while_it_runs(
    crmhub: Crmhub, running: subprocess.Popen[bytes], port: int, web_port: int
) -> None:
    wait_until(
        lambda: crmhub("connections", "list", "--json").returncode == 0,
        "the database is served",
    )
    added = crmhub("connections", "add", "--name=Small", "--json")
    connection = json.loads(added.stdout)
    # Without a token the run fails, and says that the account has to be connected.
    wait_until(lambda: json.loads(crmhub("runs", "--json").stdout), "the worker took it up")
    wait_until(lambda: _status(crmhub) == "needs_reconnect", "the run ended")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        said = answer.read().decode()
    assert "crmhub_workers_alive 1.0" in said
    assert connection["org_id"] not in said
    with urllib.request.urlopen(f"http://127.0.0.1:{web_port}/readyz") as answer:
        ready = json.load(answer)
    assert (ready["status"], ready["workers"]) == ("ready", 1)

    running.send_signal(signal.SIGTERM)
    assert running.wait(PATIENCE_SECONDS) == 0
    missing = crmhub("connections", "list")
    assert missing.returncode == 2
    assert "`crmhub run`" in missing.stderr


def _status(crmhub: Crmhub) -> str:
    [connection] = json.loads(crmhub("connections", "list", "--json").stdout)
    return str(connection["status"])


@pytest.mark.parametrize("name", ["SECRETS_ENCRYPTION_KEY", "CRMHUB_SIGNING_KEY"])
def test_a_missing_key_is_named_before_anything_is_started(
    crmhub: Crmhub, environment: dict[str, str], name: str
) -> None:
    del environment[name]
    done = crmhub("run")
    assert done.returncode == 2
    assert name in done.stderr
