"""What programs of the host ask, and what they are told."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import requests
from orchestrator.web.served import served_web

if TYPE_CHECKING:
    from collections.abc import Mapping

    from databases import TestDatabase
    from orchestrator.web.served import ServedWeb

    from hubspot_sandbox.server import RunningSandbox

TIMEOUT = 30


def call(
    web: ServedWeb, method: str, path: str, params: Mapping[str, str] | None = None
) -> requests.Response:
    """A call that shows the token."""
    return requests.request(
        method,
        web.url + path,
        params=params,
        headers={"Authorization": f"Bearer {web.internal_token}"},
        timeout=TIMEOUT,
    )


def problem_of(answer: requests.Response, status: int) -> dict[str, Any]:
    """The problem document of a refusal."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert (told["type"], told["status"]) == ("about:blank", status)
    return told


def test_a_run_is_asked_for_once_however_often_one_asks(web: ServedWeb) -> None:
    org_id, connection_id = web.database.add_connection()
    first = call(web, "POST", f"/internal/connections/{connection_id}/sync")
    again = call(web, "POST", f"/internal/connections/{connection_id}/sync")
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    run = first.json()
    assert (run["status"], run["trigger"], run["org_id"]) == ("pending", "manual", str(org_id))
    assert first.headers["Location"] == f"/internal/runs/{run['id']}"
    assert call(web, "GET", first.headers["Location"]).json() == run


def test_a_connection_that_cannot_run_says_why(web: ServedWeb) -> None:
    _, connection_id = web.database.add_connection()
    web.database.rows(
        "update crmhub.source_connections set status = 'paused' where id = %s", [connection_id]
    )
    refused = call(web, "POST", f"/internal/connections/{connection_id}/sync")
    assert "paused: resume it first" in problem_of(refused, 409)["detail"]


def test_what_is_not_there_is_a_404(web: ServedWeb) -> None:
    for method, path in (
        ("POST", f"/internal/connections/{uuid.uuid4()}/sync"),
        ("GET", f"/internal/runs/{uuid.uuid4()}"),
        ("GET", "/internal/nothing"),
    ):
        problem_of(call(web, method, path), 404)


def test_a_malformed_parameter_is_named_and_not_quoted(web: ServedWeb) -> None:
    for path, name in (
        ("/internal/runs/someone@example.com", "run_id"),
        ("/internal/connections?limit=someone@example.com", "limit"),
        ("/internal/connections?limit=201", "limit"),
        ("/internal/connections?limt=1", "limt"),
        ("/internal/connections?after=%27;drop", "after"),
    ):
        refused = call(web, "GET", path)
        assert problem_of(refused, 422)["detail"] == f"Correct {name}."
        assert "example.com" not in refused.text


def test_connections_come_in_pages_without_gap_or_double(
    web_database: TestDatabase, web_sandbox: RunningSandbox, web: ServedWeb
) -> None:
    del web_database, web_sandbox
    org_id = uuid.uuid4()
    added = {str(web.database.add_connection(org_id)[1]) for _ in range(7)}
    web.database.add_connection()
    seen: list[str] = []
    after = None
    while True:
        page = call(
            web,
            "GET",
            "/internal/connections",
            params={"org_id": str(org_id), "limit": "3", **({"after": after} if after else {})},
        ).json()
        seen += [connection["id"] for connection in page["connections"]]
        after = page["next"]
        if after is None:
            break
    assert len(seen) == 7
    assert set(seen) == added


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer wrong", "Basic dXNlcjpwYXNz", "Bearer ", "Bearer töken"],
)
def test_without_the_token_the_api_says_nothing(web: ServedWeb, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization.encode("latin-1")}
    for path in ("/internal/connections", f"/internal/runs/{uuid.uuid4()}", "/metrics"):
        refused = requests.get(web.url + path, headers=headers, timeout=TIMEOUT)
        problem_of(refused, 401)
        assert refused.headers["WWW-Authenticate"] == "Bearer"


def test_without_a_token_set_the_api_is_closed(
    web_database: TestDatabase, web_sandbox: RunningSandbox
) -> None:
    with served_web(web_database, web_sandbox, CRMHUB_INTERNAL_TOKEN="") as web:
        for shown in ("", web.internal_token):
            refused = requests.get(
                f"{web.url}/internal/connections",
                headers={"Authorization": f"Bearer {shown}"},
                timeout=TIMEOUT,
            )
            problem_of(refused, 401)


def test_too_many_calls_are_told_when_to_come_again(
    web_database: TestDatabase, web_sandbox: RunningSandbox
) -> None:
    with served_web(web_database, web_sandbox, CRMHUB_INTERNAL_CALLS_PER_MINUTE="12") as web:
        # Whoever guesses tokens takes no calls away from who has one.
        for _ in range(3):
            guessed = requests.get(f"{web.url}/internal/connections", timeout=TIMEOUT)
            assert guessed.status_code in {401, 429}
        statuses = [call(web, "GET", "/internal/connections").status_code for _ in range(2)]
        refused = call(web, "GET", "/internal/connections")
    assert statuses == [200, 200]
    problem_of(refused, 429)
    assert 1 <= int(refused.headers["Retry-After"]) <= 5


def test_a_process_that_is_alive_and_ready_says_so(web: ServedWeb) -> None:
    assert requests.get(f"{web.url}/healthz", timeout=TIMEOUT).json() == {"status": "ok"}
    ready = requests.get(f"{web.url}/readyz", timeout=TIMEOUT)
    assert ready.status_code == 200
    assert ready.json() == {
        "status": "ready",
        "checks": {"database": "ok", "migrations": "ok", "engine": "ok", "reader": "ok"},
        "workers": 0,
    }


def test_a_database_that_lacks_a_migration_is_not_ready(web: ServedWeb) -> None:
    with psycopg.connect(web.database.url) as database:
        [(last,)] = database.execute("select max(version) from crmhub.schema_migrations").fetchall()
        database.execute(
            "update crmhub.schema_migrations set version = '9999' where version = %s", [last]
        )
    try:
        answer = requests.get(f"{web.url}/readyz", timeout=TIMEOUT)
    finally:
        with psycopg.connect(web.database.url) as database:
            database.execute(
                "update crmhub.schema_migrations set version = %s where version = '9999'", [last]
            )
    assert answer.status_code == 503
    assert answer.json()["checks"]["migrations"] == "run `crmhub migrate`"


def test_metrics_count_requests_by_route_and_name_nobody(web: ServedWeb) -> None:
    org_id, connection_id = web.database.add_connection()
    call(web, "POST", f"/internal/connections/{connection_id}/sync")
    requests.get(f"{web.url}/made-up-{uuid.uuid4()}", timeout=TIMEOUT)
    told = call(web, "GET", "/metrics")
    assert told.status_code == 200
    route = 'route="/internal/connections/{connection_id}/sync"'
    assert f'crmhub_http_requests_total{{method="POST",{route},status="202"}}' in told.text
    assert 'route="unknown"' in told.text
    assert "made-up-" not in told.text
    assert "crmhub_runs_pending" in told.text
    assert "crmhub_connections_due" in told.text
    for id_ in (org_id, connection_id):
        assert str(id_) not in told.text
