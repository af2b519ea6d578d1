"""`crmhub web` as an operator runs it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import requests
from orchestrator.terminal import said_in_one_line, settings_of
from orchestrator.web.served import SIGNING_KEY

if TYPE_CHECKING:
    from databases import TestDatabase
    from orchestrator.terminal import Crmhub


@pytest.mark.parametrize("key", ["", "short"])
def test_without_a_good_signing_key_it_does_not_start(
    crmhub: Crmhub, database: TestDatabase, key: str
) -> None:
    done = crmhub("web", **settings_of(database), CRMHUB_SIGNING_KEY=key)
    assert "CRMHUB_SIGNING_KEY" in said_in_one_line(done, 2)


def test_it_says_where_it_is_answers_and_ends_when_told(
    database: TestDatabase, python_environment: dict[str, str]
) -> None:
    settings = settings_of(database)
    # It works without the logins of those who write.
    del settings["CRMHUB_LOADER_DATABASE_URL"], settings["CRMHUB_STATE_DATABASE_URL"]
    with subprocess.Popen(
        ["crmhub", "web", "--port=0"],
        env=python_environment | settings | {"CRMHUB_SIGNING_KEY": SIGNING_KEY},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr
        told = re.search(r"http://127\.0\.0\.1:\d+", process.stderr.readline())
        assert told
        answer = requests.get(f"{told[0]}/readyz", timeout=30)
        assert answer.json()["status"] == "ready"
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()
    assert process.returncode == 0
    assert "Traceback" not in rest


def test_a_port_that_is_taken_is_said(crmhub: Crmhub, database: TestDatabase) -> None:
    port = re.search(r":(\d+)/", database.url)
    assert port
    done = crmhub(
        "web", f"--port={port[1]}", **settings_of(database), CRMHUB_SIGNING_KEY=SIGNING_KEY
    )
    assert f"cannot listen at 127.0.0.1, port {port[1]}" in said_in_one_line(done, 2)


def test_commands_that_serve_nothing_do_not_load_a_web_framework(
    python_environment: dict[str, str],
) -> None:
    program = (
        "import sys, crmhub.cli.main; print(sorted({'fastapi', 'uvicorn'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=python_environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"
