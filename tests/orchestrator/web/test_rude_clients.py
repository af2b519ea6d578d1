"""Clients that send too much, too slowly, or nonsense; and a database that is away."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import requests
from orchestrator.web.at_hubspot import TIMEOUT, ask
from orchestrator.web.served import database_away, served_web

if TYPE_CHECKING:
    from collections.abc import Iterator

    from databases import TestDatabase, TestServer
    from orchestrator.web.served import ServedWeb

    from hubspot_sandbox.server import RunningSandbox


FORM_WITHOUT_PARTS = (
    b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
    b"Content-Type: multipart/form-data; boundary=x\r\n\r\nabc"
)


@pytest.fixture(scope="module")
def impatient(web_database: TestDatabase, web_sandbox: RunningSandbox) -> Iterator[ServedWeb]:
    with served_web(web_database, web_sandbox, patience_seconds=0.3) as served:
        yield served


def spoken(web: ServedWeb, *said: bytes, pause: float = 0.0) -> bytes:
    """What a client hears that says this, bit by bit, until it is let go."""
    parts = urlsplit(web.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=TIMEOUT) as client:
        heard = b""
        try:
            for bit in said:
                client.sendall(bit)
                time.sleep(pause)
            while more := client.recv(65536):
                heard += more
        except ConnectionError:
            # It was let go while it spoke.
            pass
        return heard


@pytest.mark.parametrize("path", ["/sign-in", "/internal/connections"])
def test_a_body_too_large_is_refused_before_it_is_read(web: ServedWeb, path: str) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n"
    heard = spoken(web, head.encode())
    assert heard.startswith(b"HTTP/1.1 413 ")
    assert (b"application/problem+json" in heard) == path.startswith("/internal")


def test_a_body_without_end_is_refused(web: ServedWeb) -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"a" * 10_000

    head = b"POST /sign-in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = [b"2710\r\n" + bit + b"\r\n" for bit, _ in zip(endless(), range(8), strict=False)]
    assert spoken(web, head, *chunks).startswith(b"HTTP/1.1 413 ")


def test_a_head_too_large_is_refused(web: ServedWeb) -> None:
    head = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 5_000_000 + b"\r\n\r\n"
    # Whoever still speaks when it is let go may miss the 400.
    assert b"HTTP/1.1 200 " not in spoken(web, head)
    assert requests.get(f"{web.url}/healthz", timeout=TIMEOUT).status_code == 200


@pytest.mark.parametrize(
    "said",
    [
        b"\x16\x03\x01",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        FORM_WITHOUT_PARTS,
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    ],
)
def test_nonsense_ends_with_a_refusal_or_an_answer_and_nobody_else_notices(
    impatient: ServedWeb, said: bytes
) -> None:
    heard = spoken(impatient, said)
    assert b" 500 " not in heard.partition(b"\r\n")[0]
    assert requests.get(f"{impatient.url}/healthz", timeout=TIMEOUT).status_code == 200


def test_a_client_that_does_not_get_its_head_out_is_let_go(impatient: ServedWeb) -> None:
    assert spoken(impatient, b"") == b""
    bits = (b"GET /healthz HTTP/1.1\r\n", *(b"X: y\r\n" for _ in range(30)))
    assert spoken(impatient, *bits, pause=0.05) == b""


def test_a_client_that_is_slow_the_second_time_is_let_go(impatient: ServedWeb) -> None:
    parts = urlsplit(impatient.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=TIMEOUT) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
        client.sendall(b"GET /hea")
        while more := client.recv(65536):
            assert b"HTTP/1.1 " not in more


def test_a_client_that_does_not_get_its_body_out_is_told(impatient: ServedWeb) -> None:
    head = b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"
    assert spoken(impatient, head, b"a").startswith(b"HTTP/1.1 408 ")


def test_slow_clients_keep_nobody_from_being_served(impatient: ServedWeb) -> None:
    parts = urlsplit(impatient.url)
    slow = [
        socket.create_connection((parts.hostname, parts.port), timeout=TIMEOUT) for _ in range(100)
    ]
    try:
        for client in slow:
            client.sendall(b"POST /sign-in HTTP/1.1\r\n")
        assert requests.get(f"{impatient.url}/readyz", timeout=TIMEOUT).status_code == 200
    finally:
        for client in slow:
            client.close()


def test_a_database_that_is_away_is_said_and_comes_back_by_itself(
    database: TestDatabase, database_server: TestServer, web_sandbox: RunningSandbox
) -> None:
    with served_web(database, web_sandbox, database_wait_seconds=0.2) as web:
        browser = web.sign_in(web.new_org())
        web.sandbox.add_portal()
        with database_away(database_server, database):
            for path in ("/oauth/hubspot/start", "/integrations", "/integrations/events"):
                page = browser.get(web.url + path, timeout=TIMEOUT)
                assert page.status_code == 503
                assert "Its database does not answer" in page.text
                assert page.headers["Retry-After"]
            told = requests.get(
                f"{web.url}/internal/connections",
                headers={"Authorization": f"Bearer {web.internal_token}"},
                timeout=TIMEOUT,
            )
            assert (told.status_code, told.headers["Content-Type"]) == (
                503,
                "application/problem+json",
            )
            assert requests.get(f"{web.url}/healthz", timeout=TIMEOUT).status_code == 200
            ready = requests.get(f"{web.url}/readyz", timeout=TIMEOUT)
            assert (ready.status_code, ready.json()["status"]) == (503, "not ready")
        # A pool that tries again waits between two tries; nobody has to restart anything.
        until = time.monotonic() + TIMEOUT
        while requests.get(f"{web.url}/readyz", timeout=TIMEOUT).status_code != 200:
            assert time.monotonic() < until
        assert ask(web, browser).status_code == 200
        assert browser.get(f"{web.url}/integrations", timeout=TIMEOUT).status_code == 200


def test_a_fault_of_ours_is_a_page_without_a_word_of_the_fault(
    database: TestDatabase, web_sandbox: RunningSandbox, caplog: pytest.LogCaptureFixture
) -> None:
    with served_web(database, web_sandbox) as web:
        browser = web.sign_in(web.new_org())
        # Nobody foresees a session without its secret's hash.
        database.rows("alter table crmhub.web_sessions alter token_hash drop not null")
        database.rows("update crmhub.web_sessions set token_hash = null")
        page = ask(web, browser)
    assert page.status_code == 500
    assert "has been noted" in page.text
    assert "TypeError" not in page.text
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    [noted] = [record for record in caplog.records if record.name == "CrmHubWeb"]
    assert noted.getMessage() == "GET /oauth/hubspot/start: TypeError"


def test_a_refused_sign_in_is_logged_with_its_reason_and_nothing_of_the_token(
    web: ServedWeb, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="CrmHubWeb")
    token = web.login_token(web.new_org(), aud="https://other.example.com")
    requests.get(f"{web.url}/sign-in", params={"token": token}, timeout=TIMEOUT)
    requests.get(f"{web.url}/%0d%0aforged%20line", timeout=TIMEOUT)
    said = [record.getMessage() for record in caplog.records if record.name == "CrmHubWeb"]
    assert len(said) == 1
    assert said[0].startswith("GET /sign-in: The sign-in token is not meant for this")
    assert token not in caplog.text
