"""Calling the sandbox from requests without a socket."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from tap.sandbox.caller import START, Caller

from hubspot_sandbox.adapter import IN_PROCESS_URL, SandboxAdapter
from hubspot_sandbox.app import SandboxApp

CONTACTS = f"{IN_PROCESS_URL}/crm/objects/2026-09/contacts"


@pytest.fixture
def session(caller: Caller) -> Iterator[requests.Session]:
    """Return a session whose requests reach the caller's sandbox."""
    with requests.Session() as made:
        made.mount(IN_PROCESS_URL, SandboxAdapter(SandboxApp(caller.sandbox)))
        made.headers["Authorization"] = f"Bearer {caller.token}"
        yield made


def test_answers_are_those_of_the_server(session: requests.Session, caller: Caller) -> None:
    answer = session.get(CONTACTS, params="limit=100&properties=city,email")
    assert answer.status_code == 200
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Date"] == "Sun, 22 Nov 2026 10:00:00 GMT"
    path = "/crm/objects/2026-09/contacts"
    assert answer.json() == caller.get(path, limit="100", properties="city,email").body
    assert len(answer.json()["results"]) == 60


def test_bodies_forms_and_refusals_go_through(session: requests.Session, caller: Caller) -> None:
    found = session.post(f"{CONTACTS}/search", json={"limit": 7})
    assert len(found.json()["results"]) == 7
    assert found.reason == "OK"
    tokens = session.post(
        f"{IN_PROCESS_URL}/oauth/2026-09/token",
        data={
            "grant_type": "refresh_token",
            "client_id": caller.portal.client_id,
            "client_secret": caller.portal.client_secret,
            "refresh_token": caller.portal.refresh_token,
        },
    )
    assert tokens.json()["hub_id"] == 4242
    session.headers["Authorization"] = "Bearer nobody"
    refused = session.get(CONTACTS)
    assert (refused.status_code, refused.ok, refused.reason) == (401, False, "Unauthorized")


def test_a_streamed_answer_is_read_in_pieces(session: requests.Session) -> None:
    with session.get(CONTACTS, params={"limit": 100}, stream=True) as answer:
        pieces = list(answer.iter_content(1_000))
    assert len(pieces) > 3
    assert b"".join(pieces).endswith(b"}")


def test_latency_is_time_of_the_clock_alone(session: requests.Session, caller: Caller) -> None:
    caller.sandbox.latency_ms = 86_400_000
    session.get(CONTACTS, timeout=None)
    assert caller.clock.now_ms() == START + 86_400_000


def test_an_answer_that_comes_too_late_is_a_time_out(
    session: requests.Session, caller: Caller
) -> None:
    caller.sandbox.latency_ms = 2_000
    assert session.get(CONTACTS, timeout=3).status_code == 200
    with pytest.raises(requests.ReadTimeout):
        session.get(CONTACTS, timeout=(5, 1))


def test_many_threads_share_one_adapter(caller: Caller) -> None:
    adapter = SandboxAdapter(SandboxApp(caller.sandbox))

    def read(number: int) -> int:
        with requests.Session() as own:
            own.mount(IN_PROCESS_URL, adapter)
            own.headers["Authorization"] = f"Bearer {caller.token}"
            return len(own.get(CONTACTS, params={"limit": number}).json()["results"])

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(read, range(1, 41))) == list(range(1, 41))
    assert len(caller.sandbox.requests(4242)) == 40
