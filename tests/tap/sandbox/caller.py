"""A client that calls the sandbox in-process, with a clock that stands still."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.test import Client, TestResponse

from hubspot_sandbox.app import SandboxApp
from hubspot_sandbox.clock import VirtualClock
from hubspot_sandbox.sandbox import Sandbox, SandboxPortal

#: 2026-11-22T10:00:00.000Z
START = 1_795_341_600_000


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer, its JSON read."""

    status: int
    body: dict[str, Any]
    headers: Mapping[str, str]

    @property
    def ids(self) -> list[str]:
        """The ids of the results."""
        return [result["id"] for result in self.body["results"]]


class Caller:
    """Calls one portal with its static token."""

    def __init__(self, sandbox: Sandbox, portal: SandboxPortal, clock: VirtualClock) -> None:
        self.sandbox = sandbox
        self.portal = portal
        self.clock = clock
        self.token = portal.access_token
        self.client = Client(SandboxApp(sandbox))

    def get(self, path: str, **query: str) -> Reply:
        """GET a path."""
        return _reply(self.client.get(path, query_string=query, headers=self._headers()))

    def post(self, path: str, body: object) -> Reply:
        """POST JSON."""
        return _reply(self.client.post(path, json=body, headers=self._headers()))

    def form(self, path: str, **fields: str) -> Reply:
        """POST a form, as the token endpoint wants it."""
        return _reply(self.client.post(path, data=fields))

    def control(self, method: str, path: str, body: object = None) -> Reply:
        """Call the control API, without a token."""
        return _reply(self.client.open(path, method=method, json=body or {}))

    def raw(self, path: str, **headers: str) -> TestResponse:
        """GET a path with headers of the test's own."""
        return self.client.get(path, headers=headers)

    def search(self, object_type: str, *filters: dict[str, object], **rest: object) -> Reply:
        """Search with one group of filters."""
        groups = [{"filters": list(filters)}] if filters else []
        return self.post(
            f"/crm/objects/2026-09/{object_type}/search", {"filterGroups": groups, **rest}
        )

    def batch(self, object_type: str, *ids: str, archived: bool = False) -> Reply:
        """Batch read records."""
        suffix = "?archived=true" if archived else ""
        inputs = [{"id": record_id} for record_id in ids]
        return self.post(
            f"/crm/objects/2026-09/{object_type}/batch/read{suffix}", {"inputs": inputs}
        )

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def where(name: str, operator: str, value: object = None, **rest: object) -> dict[str, object]:
    """Return one filter of a search."""
    given = {} if value is None else {"value": value}
    return {"propertyName": name, "operator": operator, **given, **rest}


def _reply(response: TestResponse) -> Reply:
    body = response.get_json(silent=True)
    return Reply(status=response.status_code, body=body or {}, headers=dict(response.headers))
