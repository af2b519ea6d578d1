"""The server over a real socket, and the command line."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from hubspot_sandbox.server import RunningSandbox, main, running_sandbox

COMMAND = [sys.executable, "-m", "hubspot_sandbox.server"]


@contextmanager
def _session(token: str) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {token}"
        yield session


@pytest.fixture
def running() -> Iterator[RunningSandbox]:
    """Return a sandbox served on a free port."""
    with running_sandbox() as served:
        yield served


def test_two_portals_share_an_address_and_the_token_decides(running: RunningSandbox) -> None:
    for number in (3, 5):
        portal = running.sandbox.add_portal(portal_id=number, contacts=number)
        with _session(portal.access_token) as session:
            page = session.get(f"{running.url}/crm/objects/2026-09/contacts", timeout=10).json()
            assert len(page["results"]) == number
            account = session.get(f"{running.url}/account-info/2026-09/details", timeout=10).json()
            assert account["portalId"] == number


def test_a_connection_serves_one_request_after_another(running: RunningSandbox) -> None:
    portal = running.sandbox.add_portal(contacts=150, deals=3)
    host, port = running.url.removeprefix("http://").split(":")
    request = (
        f"GET /crm/v3/objects/contacts?limit=1 HTTP/1.1\r\nHost: {host}\r\n"
        f"Authorization: Bearer {portal.access_token}\r\n\r\n"
    ).encode()
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        for _ in range(3):
            connection.sendall(request)
            answer = connection.recv(65_536)
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
            assert answer.endswith(b"}"), "head and body come in one packet"
        connection.sendall(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        answer = b""
        while part := connection.recv(65_536):
            answer += part
        assert b"Connection: close" in answer


def test_bodies_and_compression_go_over_the_wire(running: RunningSandbox) -> None:
    portal = running.sandbox.add_portal(contacts=150)
    with _session(portal.access_token) as session:
        for _ in range(2):
            found = session.post(
                f"{running.url}/crm/objects/2026-09/contacts/search",
                json={"limit": 100, "properties": ["city"]},
                timeout=10,
            )
            assert found.headers["Content-Encoding"] == "gzip"
            assert len(found.json()["results"]) == 100


def test_nothing_is_left_when_the_block_ends() -> None:
    before = set(threading.enumerate())
    with running_sandbox() as served:
        portal = served.sandbox.add_portal(contacts=1)
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {portal.access_token}"
        session.get(f"{served.url}/crm/v3/objects/contacts", timeout=10)
        assert set(threading.enumerate()) - before
    assert set(threading.enumerate()) <= before
    with pytest.raises(requests.ConnectionError):
        session.get(f"{served.url}/crm/v3/objects/contacts", timeout=10)
    session.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_says_when_it_is_ready_and_ends_on_a_signal(number: signal.Signals) -> None:
    arguments = ["--contacts", "7", "--deals", "2", "--portal-id", "88", "--json"]
    with subprocess.Popen(
        [*COMMAND, *arguments, "--access-token", "my-token", "--calls-per-10-seconds", "17"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert (ready["event"], ready["portal_id"], ready["contacts"]) == ("ready", 88, 7)
        with _session("my-token") as session:
            answer = session.get(f"{ready['url']}/crm/v3/objects/contacts", timeout=10)
            assert len(answer.json()["results"]) == 7
            assert answer.headers["X-HubSpot-RateLimit-Max"] == "17"
            os.kill(process.pid, number)
            out, err = process.communicate(timeout=10)
        assert (process.returncode, out, err) == (0, "", "")


def test_troubles_are_ordered_on_the_command_line() -> None:
    troubles = [
        "--index-lag-ms=60000",
        "--fault=502=1",
        "--fault=503=0",
        "--faults-in-a-row=1",
        "--dialect=list_cursor=opaque",
        "--calls-per-day=77",
        "--time-zone=Europe/Berlin",
    ]
    with (
        subprocess.Popen(
            [*COMMAND, "--contacts=3", "--json", *troubles], stdout=subprocess.PIPE, text=True
        ) as process,
        requests.Session() as session,
    ):
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        session.headers["Authorization"] = f"Bearer {ready['access_token']}"
        contacts = f"{ready['url']}/crm/v3/objects/contacts"
        answers = [session.get(contacts, params={"limit": 1}, timeout=10) for _ in range(2)]
        portal = f"{ready['url']}/sandbox/portals/{ready['portal_id']}"
        made = session.post(f"{portal}/contacts/create", json={"properties": {}}, timeout=10)
        found = session.post(f"{contacts}/search", json={}, timeout=10)
        refused = found.status_code
        found = session.post(f"{contacts}/search", json={}, timeout=10)
        process.terminate()
    assert [answer.status_code for answer in answers] == [502, 200]
    assert not answers[1].json()["paging"]["next"]["after"].isdecimal()
    assert answers[1].headers["X-HubSpot-RateLimit-Daily"] == "77"
    assert refused == 502
    assert made.json()["id"] not in [hit["id"] for hit in found.json()["results"]]


def test_the_block_for_people_tells_address_token_and_portal() -> None:
    with subprocess.Popen(
        [*COMMAND, "--contacts", "1", "--deals", "1"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(8)]
        process.terminate()
        block = "".join(lines)
    for word in ("http://127.0.0.1:", "portal id      1000001", "pat-na1-", "1 contacts"):
        assert word in block


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.com", "::"])  # refused
def test_a_host_that_others_can_reach_is_refused(
    host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--host", host]) == 2
    assert "must be this machine's loopback" in capsys.readouterr().err
    with pytest.raises(ValueError, match="loopback"), running_sandbox(host=host):
        pass


@pytest.mark.parametrize(
    "arguments",
    [
        ["--contacts", "-1"],
        ["--port", "70000"],
        ["--deals", "x"],
        ["--speed", "1"],
        ["--fault", "503"],
        ["--fault", "418=0.1"],
        ["--fault", "503=7"],
        ["--time-zone", "Nowhere/There"],
    ],
)
def test_a_malformed_option_is_named(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert arguments[0] in capsys.readouterr().err


@pytest.mark.parametrize(
    "switch", ["magic=1", "list_cursor=magic", "batch_silence.share=2", "list_limit=-1", "seed"]
)
def test_a_switch_of_the_dialect_that_cannot_be_is_refused(
    switch: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--dialect", switch]) == 2
    assert "--dialect" in capsys.readouterr().err


def test_help_teaches_by_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    for word in (
        "curl -H",
        "/truth/deals",
        "--latency-ms",
        "--calls-per-10-seconds",
        "cut_body",
        "search_sort",
    ):
        assert word in text
