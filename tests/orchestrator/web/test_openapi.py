"""The OpenAPI document and the answers fit each other, whatever one asks (schemathesis)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from orchestrator.web.served import served_web
from schemathesis.core.result import Ok

if TYPE_CHECKING:
    from collections.abc import Iterator

    from databases import TestDatabase
    from orchestrator.web.served import ServedWeb

    from hubspot_sandbox.server import RunningSandbox


@pytest.fixture(scope="module")
def unlimited_web(web_database: TestDatabase, web_sandbox: RunningSandbox) -> Iterator[ServedWeb]:
    """An application that takes as many calls as one makes."""
    with served_web(
        web_database, web_sandbox, CRMHUB_INTERNAL_CALLS_PER_MINUTE="1000000"
    ) as served:
        yield served


def test_the_document_names_every_address_for_programs(web: ServedWeb) -> None:
    document = requests.get(f"{web.url}/internal/openapi.json", timeout=10).json()
    named = {
        (method, path): operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert set(named) == {
        ("post", "/internal/connections/{connection_id}/sync"),
        ("get", "/internal/connections"),
        ("get", "/internal/runs/{run_id}"),
        ("get", "/healthz"),
        ("get", "/readyz"),
        ("get", "/metrics"),
    }
    assert all(operation["description"] for operation in named.values())


def _hold(web: ServedWeb, *, examples: int) -> int:
    """Ask every operation rightly and wrongly; returns how many answers were compared."""
    schema = schemathesis.openapi.from_url(f"{web.url}/internal/openapi.json")
    headers = {"Authorization": f"Bearer {web.internal_token}"}
    compared = 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        takes_something = bool(operation.path_parameters or operation.query)
        modes = schemathesis.GenerationMode if takes_something else [_RIGHT]
        for mode in modes:

            @given(case=operation.as_strategy(generation_mode=mode))
            @settings(
                max_examples=examples,
                deadline=None,
                database=None,
                derandomize=True,
                phases=(Phase.explicit, Phase.generate),
                suppress_health_check=list(HealthCheck),
            )
            def answers_fit(case: schemathesis.Case[Any]) -> None:
                nonlocal compared
                # A list of nothing is no part of an address: what seems wrong is then right.
                assume(all(value not in ([], {}, None) for value in case.query.values()))
                # Every check of the library: statuses, media types, bodies, refusals, no 5xx.
                case.call_and_validate(headers=headers)
                compared += 1

            answers_fit()
    return compared


_RIGHT = schemathesis.GenerationMode.POSITIVE


def test_answers_are_as_documented(unlimited_web: ServedWeb) -> None:
    assert _hold(unlimited_web, examples=5) > 20


@pytest.mark.long
def test_many_answers_are_as_documented(unlimited_web: ServedWeb) -> None:
    """CRMHUB_OPENAPI_EXAMPLES says how many right and wrong ones of each operation."""
    examples = int(os.environ.get("CRMHUB_OPENAPI_EXAMPLES", "300"))
    assert _hold(unlimited_web, examples=examples) > 3 * examples
