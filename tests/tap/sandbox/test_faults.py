"""Failures on purpose: what they look like, how often they come, and that they repeat."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import requests
from tap.sandbox.caller import Caller

from hubspot_sandbox.adapter import IN_PROCESS_URL, SandboxAdapter
from hubspot_sandbox.app import SandboxApp
from hubspot_sandbox.faults import FAULT_KINDS, FaultKind, FaultRule, Faults
from hubspot_sandbox.server import RunningSandbox, running_sandbox

PATH = "/crm/objects/2026-09/contacts"


@pytest.fixture
def session(caller: Caller) -> Iterator[requests.Session]:
    """Return a session whose requests reach the caller's sandbox in-process."""
    with requests.Session() as made:
        made.mount(IN_PROCESS_URL, SandboxAdapter(SandboxApp(caller.sandbox)))
        made.headers["Authorization"] = f"Bearer {caller.token}"
        yield made


@pytest.fixture
def served() -> Iterator[tuple[RunningSandbox, requests.Session]]:
    """Return a sandbox behind a socket and a session with its token."""
    with running_sandbox() as running, requests.Session() as session:
        portal = running.sandbox.add_portal(contacts=120)
        session.headers["Authorization"] = f"Bearer {portal.access_token}"
        yield running, session


@pytest.mark.parametrize(
    ("kind", "status", "word"),
    [
        ("ten_secondly", 429, "TEN_SECONDLY_ROLLING"),
        ("secondly", 429, "SECONDLY"),
        ("daily", 429, "DAILY"),
        ("423", 423, "LOCKED"),
        ("477", 477, "MIGRATION_IN_PROGRESS"),
        ("500", 500, "INTERNAL_ERROR"),
        ("502", 502, "INTERNAL_ERROR"),
        ("503", 503, "INTERNAL_ERROR"),
        ("504", 504, "INTERNAL_ERROR"),
        ("521", 521, "INTERNAL_ERROR"),
        ("523", 523, "INTERNAL_ERROR"),
        ("524", 524, "INTERNAL_ERROR"),
        ("expired", 401, "EXPIRED_AUTHENTICATION"),
        ("unauthorized", 401, "INVALID_AUTHENTICATION"),
        ("daily_by_message", 429, "RATE_LIMITS"),
    ],
)
def test_a_failure_with_a_status_comes_once_with_its_words(
    caller: Caller, kind: FaultKind, status: int, word: str
) -> None:
    caller.sandbox.fail_next(FaultRule(kind=kind))
    failed = caller.get(PATH)
    assert failed.status == status
    assert word in {failed.body.get("category"), failed.body.get("policyName")}
    assert "Retry-After" not in failed.headers
    assert caller.get(PATH).status == 200
    assert [entry.fault for entry in caller.sandbox.requests()] == [kind, None]


@pytest.mark.parametrize("status", [400, 403, 404, 408])
def test_a_page_of_the_edge_comes_once(session: requests.Session, status: int) -> None:
    adapter = session.get_adapter(IN_PROCESS_URL)
    assert isinstance(adapter, SandboxAdapter)
    kind = next(kind for kind in FAULT_KINDS if kind == f"html_{status}")
    adapter.sandbox.fail_next(FaultRule(kind=kind))
    page = session.get(IN_PROCESS_URL + PATH)
    assert (page.status_code, page.headers["Content-Type"]) == (status, "text/html;charset=utf-8")
    assert page.text.startswith("<!DOCTYPE html>")
    assert session.get(IN_PROCESS_URL + PATH).status_code == 200


def test_a_limit_of_the_day_may_be_told_by_its_message_alone(caller: Caller) -> None:
    caller.sandbox.fail_next(FaultRule(kind="daily_by_message", retry_after_seconds=0))
    failed = caller.get(PATH)
    assert "daily limit" in failed.body["message"]
    assert "policyName" not in failed.body
    assert failed.headers["Retry-After"] == "0"


def test_a_spell_lasts_as_long_as_told_by_the_clock(caller: Caller) -> None:
    order = {"kind": "477", "seconds": 60, "paths": ["list"]}
    assert caller.control("POST", "/sandbox/faults/spell", order).status == 200
    statuses = []
    for _ in range(4):
        statuses += [caller.get(PATH).status, caller.search("contacts").status]
        caller.clock.advance(20_000)
    assert statuses == [477, 200, 477, 200, 477, 200, 200, 200]
    assert caller.sandbox.fault_plan.played == {"477": 3}


def test_a_failure_says_when_to_come_back_where_told_to(caller: Caller) -> None:
    caller.sandbox.fail_next(FaultRule(kind="477", retry_after_seconds=7200))
    assert caller.get(PATH).headers["Retry-After"] == "7200"


def test_a_reset_and_a_cut_body_end_the_connection(session: requests.Session) -> None:
    adapter = session.get_adapter(IN_PROCESS_URL)
    assert isinstance(adapter, SandboxAdapter)
    adapter.sandbox.fail_next(FaultRule(kind="reset"))
    with pytest.raises(requests.ConnectionError):
        session.get(IN_PROCESS_URL + PATH)
    adapter.sandbox.fail_next(FaultRule(kind="cut_body"))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        session.get(IN_PROCESS_URL + PATH, params={"limit": 100})


def test_the_same_over_a_socket(served: tuple[RunningSandbox, requests.Session]) -> None:
    running, session = served
    running.sandbox.fail_next(FaultRule(kind="reset"))
    with pytest.raises(requests.ConnectionError):
        session.get(running.url + PATH, timeout=10)
    running.sandbox.fail_next(FaultRule(kind="cut_body"))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        session.get(running.url + PATH, params={"limit": 100}, timeout=10)
    running.sandbox.fail_next(FaultRule(kind="time_out", stall_seconds=60))
    with pytest.raises(requests.ReadTimeout):
        session.get(running.url + PATH, timeout=0.2)
    assert len(session.get(running.url + PATH, timeout=10).json()["results"]) == 10


def test_a_server_with_a_stalled_answer_ends_at_once() -> None:
    with ExitStack() as stack, ExitStack() as stop:
        running = stop.enter_context(running_sandbox())
        portal = running.sandbox.add_portal(contacts=3)
        running.sandbox.fail_next(FaultRule(kind="time_out", stall_seconds=3600))
        host, port = running.url.removeprefix("http://").split(":")
        head = f"GET {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {portal.access_token}\r\n"
        connection = stack.enter_context(socket.create_connection((host, int(port)), timeout=20))
        connection.sendall(f"{head}\r\n".encode())
        while not running.sandbox.requests():
            time.sleep(0.005)
        stop.close()
        assert connection.recv(100) == b"", "nothing was sent, the connection is over"


def test_a_stall_within_the_clients_patience_is_only_late(
    session: requests.Session, caller: Caller
) -> None:
    before = caller.clock.now_ms()
    caller.sandbox.fail_next(FaultRule(kind="time_out", stall_seconds=90))
    assert session.get(IN_PROCESS_URL + PATH, timeout=(3, 100)).status_code == 200
    assert caller.clock.now_ms() - before == 90_000
    caller.sandbox.fail_next(FaultRule(kind="time_out", stall_seconds=90))
    with pytest.raises(requests.ReadTimeout):
        session.get(IN_PROCESS_URL + PATH, timeout=(3, 20))
    assert caller.clock.now_ms() - before == 110_000


def test_html_and_half_a_body_come_as_a_complete_200(session: requests.Session) -> None:
    adapter = session.get_adapter(IN_PROCESS_URL)
    assert isinstance(adapter, SandboxAdapter)
    adapter.sandbox.fail_next(FaultRule(kind="html"))
    page = session.get(IN_PROCESS_URL + PATH)
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html;charset=utf-8")
    assert page.text.startswith("<!DOCTYPE html>")
    adapter.sandbox.fail_next(FaultRule(kind="half_json"))
    half = session.get(IN_PROCESS_URL + PATH, params={"limit": 100})
    assert (half.status_code, half.text[:12]) == (200, '{"results":[')
    with pytest.raises(requests.JSONDecodeError):
        half.json()


def test_failures_can_be_kept_to_some_paths_and_portals(caller: Caller) -> None:
    other = caller.sandbox.add_portal(portal_id=5)
    caller.sandbox.faults = Faults(
        rules=(
            FaultRule(kind="503", rate=1, paths=("search",)),
            FaultRule(kind="502", rate=1, portal_id=5),
            FaultRule(kind="ten_secondly", rate=1, paths=("token",)),
        )
    )
    assert caller.get(PATH).status == 200
    assert caller.search("contacts").status == 503
    assert caller.form("/oauth/2026-09/token", grant_type="refresh_token").status == 429
    caller.token = other.access_token
    assert caller.get(PATH).status == 502


def _statuses(caller: Caller, count: int) -> list[int]:
    return [caller.get(PATH, limit=str(1 + n % 50)).status for n in range(count)]


def test_the_same_seed_fails_the_same_requests_at_about_the_rate(caller: Caller) -> None:
    rules = (FaultRule(kind="500", rate=0.2), FaultRule(kind="504", rate=0.1))
    runs = []
    for seed in (1, 1, 2):
        caller.sandbox.fault_plan.forget()
        caller.sandbox.faults = Faults(rules=rules, seed=seed)
        runs.append(_statuses(caller, 400))
    assert runs[0] == runs[1] != runs[2]
    for run in runs:
        assert 40 < run.count(500) < 120
        assert 15 < run.count(504) < 75


def test_no_request_fails_more_often_in_a_row_than_asked(caller: Caller) -> None:
    caller.sandbox.faults = Faults(rules=(FaultRule(kind="503", rate=1),), most_in_a_row=2)
    assert [caller.get(PATH).status for _ in range(6)] == [503, 503, 200, 503, 503, 200]
    assert caller.sandbox.fault_plan.played == {"503": 4}


def test_failures_are_ordered_and_counted_over_the_control_api(caller: Caller) -> None:
    told = caller.control(
        "PUT",
        "/sandbox/faults",
        {"rules": [{"kind": "502", "rate": 1, "paths": ["list"]}], "most_in_a_row": 1},
    )
    assert told.status == 200
    assert [caller.get(PATH).status for _ in range(2)] == [502, 200]
    assert caller.control("GET", "/sandbox/faults").body["played"] == {"502": 1}
    caller.control("PUT", "/sandbox/faults", {"rules": []})
    caller.control("POST", "/sandbox/faults/next", {"kind": "423", "count": 2})
    assert [caller.get(PATH).status for _ in range(3)] == [423, 423, 200]


@pytest.mark.parametrize(
    "body",
    [
        {"rules": [{"kind": "418"}]},
        {"rules": [{"rate": 1}]},
        {"rules": [{"kind": "500", "rate": 2}]},
        {"rules": [{"kind": "500", "paths": ["everywhere"]}]},
        {"rules": "all"},
        {"seed": -1},
        {"seed": True},
        {"often": 1},
    ],
)
def test_failures_that_cannot_be_are_refused(caller: Caller, body: dict[str, object]) -> None:
    assert caller.control("PUT", "/sandbox/faults", body).status == 400
    assert caller.sandbox.faults == Faults()


def test_every_kind_can_be_played(caller: Caller, session: requests.Session) -> None:
    for kind in FAULT_KINDS:
        caller.sandbox.fail_next(FaultRule(kind=kind))
        try:
            session.get(IN_PROCESS_URL + PATH, timeout=5).json()
        except requests.RequestException:
            continue
    assert set(caller.sandbox.fault_plan.played) == set(FAULT_KINDS)
