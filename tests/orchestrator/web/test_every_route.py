"""What holds of every page and action there is, and of each that is added later."""

from __future__ import annotations

import itertools
import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
import requests
from fastapi.routing import APIRoute
from orchestrator.terminal import KEY
from orchestrator.web.at_hubspot import connect, connections, refresh_token
from orchestrator.web.served import SIGNING_KEY
from orchestrator.web.test_page_attacks import INJECTIONS

from crmhub.web import oauth_pages, sign_in
from crmhub.web.status_center import routes as status_center

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orchestrator.web.served import ServedWeb
    from starlette.routing import BaseRoute

TIMEOUT = 30
#: Whoever is not signed in yet, and whoever leaves.
FOR_ANYBODY = {"/sign-in", "/sign-out"}


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one address, and what it takes."""

    method: str
    path: str
    query: tuple[str, ...]
    form: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


def operations(routes: Sequence[BaseRoute]) -> Iterator[Operation]:
    """Those of a router and of the routers that it includes."""
    for route in routes:
        if isinstance(route, APIRoute):
            for method in sorted(route.methods or ()):
                yield Operation(
                    method=method,
                    path=route.path,
                    query=tuple(field.alias for field in route.dependant.query_params),
                    form=tuple(field.alias for field in route.dependant.body_params),
                )
        else:
            yield from operations(route.original_router.routes)  # type: ignore[attr-defined] # FastAPI's own type is private


ALL = [
    operation
    for module in (sign_in, oauth_pages, status_center)
    for operation in operations(module.router.routes)
]
INSIDE = [operation for operation in ALL if operation.path not in FOR_ANYBODY]
ACTIONS = [operation for operation in INSIDE if operation.method != "GET"]


def send(
    web: ServedWeb,
    browser: requests.Session,
    operation: Operation,
    value: str = "",
    **form: str,
) -> requests.Response:
    """Send an operation with an id that nobody has, or with `value` for everything it takes."""
    path = re.sub(r"\{\w+\}", quote(value or str(uuid.uuid4()), safe=""), operation.path)
    filled = {name: value or str(uuid.uuid4()) for name in operation.form}
    return browser.request(
        operation.method,
        web.url + path,
        params=dict.fromkeys(operation.query, value) if value else None,
        data={**filled, **form} if operation.method != "GET" else None,
        # A stream of events does not end.
        stream=True,
        allow_redirects=False,
        timeout=TIMEOUT,
    )


def test_there_are_pages_and_actions() -> None:
    assert {operation.name for operation in ALL} >= {
        "GET /integrations",
        "GET /integrations/events",
        "GET /oauth/hubspot/callback",
        "POST /oauth/hubspot/disconnect",
        "POST /sign-in",
    }
    assert len(ACTIONS) >= 4


@pytest.mark.parametrize("operation", INSIDE, ids=lambda each: each.name)
def test_nobody_gets_in_without_signing_in(web: ServedWeb, operation: Operation) -> None:
    answer = send(web, requests.Session(), operation)
    assert answer.status_code == 401
    assert "Please sign in" in answer.text


@pytest.mark.parametrize("operation", INSIDE, ids=lambda each: each.name)
def test_where_the_flag_is_off_nothing_is_there(web: ServedWeb, operation: Operation) -> None:
    browser = web.sign_in(web.new_org(crm_hub=False))
    answer = send(web, browser, operation, csrf_token=web.csrf_token(browser))
    assert answer.status_code == 404


@pytest.mark.parametrize("operation", ACTIONS, ids=lambda each: each.name)
def test_an_action_is_for_admins_by_a_page_of_ours(web: ServedWeb, operation: Operation) -> None:
    org_id = web.new_org()
    admin, viewer = web.sign_in(org_id), web.sign_in(org_id, "viewer")
    assert send(web, viewer, operation, csrf_token=web.csrf_token(viewer)).status_code == 403
    assert send(web, admin, operation, csrf_token="").status_code == 403
    assert send(web, admin, operation, csrf_token=web.csrf_token(viewer)).status_code == 403


@pytest.mark.parametrize("operation", INSIDE, ids=lambda each: each.name)
def test_whatever_one_sends_is_refused_or_answered(web: ServedWeb, operation: Operation) -> None:
    org_id = web.new_org()
    browser = web.sign_in(org_id)
    for value in INJECTIONS:
        answer = send(web, browser, operation, value, csrf_token=web.csrf_token(browser))
        assert answer.status_code < 500, value
        answer.close()
    assert connections(web, org_id) == []


def test_no_page_holds_a_secret(web: ServedWeb) -> None:
    org_id = web.new_org()
    browser = web.sign_in(org_id)
    connect(web, browser, web.sandbox.add_portal().portal_id)
    [connection] = connections(web, org_id)
    secrets = [
        refresh_token(web, connection["id"]),
        web.sandbox.client_secret,
        web.internal_token,
        SIGNING_KEY,
        KEY,
        browser.cookies["crmhub_session"].partition(".")[2],
    ]
    assert all(secrets)
    shown = 0
    for operation in INSIDE:
        if operation.method == "GET":
            address = web.url + re.sub(r"\{\w+\}", str(connection["id"]), operation.path)
            with browser.get(
                address, stream=True, allow_redirects=False, timeout=TIMEOUT
            ) as answer:
                is_endless = "event-stream" in answer.headers.get("Content-Type", "")
                # The first part of a stream holds its cards.
                parts = itertools.islice(answer.iter_content(None), 2 if is_endless else None)
                told = f"{answer.headers}{b''.join(parts).decode()}"
            shown += connection["display_name"] in told
            assert not [secret for secret in secrets if secret and secret in told], operation.name
    assert shown >= 4
