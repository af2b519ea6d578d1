"""The sandbox in a process of its own, and its control calls."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_LIMIT: Final = 1_000_000
_TIMEOUT: Final = 300
_TOO_MANY: Final = 429


@dataclass(frozen=True, kw_only=True)
class Requests:
    """What the sandbox was asked during a run."""

    #: By the last part of the path that names a stream: contacts, deals, owners, pipelines.
    by_stream: Counter[str]
    searches: int
    #: Contacts and deals read by id.
    rows_read: int
    refused: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.by_stream.total()

    @property
    def refused_share(self) -> float:
        """Share of the answers that were 429."""
        return self.refused / self.total if self.total else 0.0


@dataclass(frozen=True, kw_only=True)
class BenchPortal:
    """One portal of the sandbox."""

    sandbox: BenchSandbox
    portal_id: int

    def allow(self, *, calls_per_10_seconds: int, searches_per_second: int = 5) -> str:
        """Set the portal's limits and return a token that has used nothing of them."""
        self._call("PUT", "/limits", self._limits(calls_per_10_seconds, searches_per_second))
        app_id = self.sandbox.next_app_id()
        token: str = self._call("POST", "/tokens", {"app_id": app_id})["access_token"]
        return token

    def allow_everything(self) -> str:
        """Lift the limits, for what is not measured."""
        return self.allow(calls_per_10_seconds=_NO_LIMIT, searches_per_second=_NO_LIMIT)

    def touch(self, stream: str, count: int | None = None) -> int:
        """Edit so many records in one millisecond, all by default; return how many they are."""
        order: dict[str, Any] = {"properties": {"hs_lead_status": "CONNECTED"}}
        if count is None:
            order["all"] = True
        else:
            live = self._call("GET", f"/truth/{stream}")["live"]
            order["ids"] = list(live)[:count]
        edited: int = self._call("POST", f"/{stream}/edit", order)["count"]
        return edited

    def requests(self) -> Requests:
        """Tell what was asked since the log was last emptied."""
        logged = self._call("GET", "/requests")["requests"]
        return Requests(
            by_stream=Counter(_stream(call["path"]) for call in logged),
            searches=sum(call["path"].endswith("/search") for call in logged),
            rows_read=sum(
                call["count"]
                for call in logged
                if call["path"].endswith("/batch/read") and "/objects/" in call["path"]
            ),
            refused=sum(call["status"] == _TOO_MANY for call in logged),
        )

    def _limits(self, calls: int, searches: int) -> dict[str, Any]:
        return {
            "calls_per_10_seconds": calls,
            "searches_per_second": searches,
            "calls_per_day": 10 * _NO_LIMIT,
        }

    def _call(self, verb: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON of any form
        return self.sandbox.call(verb, f"/sandbox/portals/{self.portal_id}{path}", body)


class BenchSandbox:
    """The running process."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._last_app_id = 5_000_000

    def add_portal(self, *, contacts: int, deals: int = 0) -> BenchPortal:
        """Make a portal and fill it."""
        made = self.call("POST", "/sandbox/portals", {"contacts": contacts, "deals": deals})
        return BenchPortal(sandbox=self, portal_id=made["portal_id"])

    def remove(self, portal: BenchPortal) -> None:
        """Give its memory back."""
        self.call("DELETE", f"/sandbox/portals/{portal.portal_id}")

    def set_latency(self, milliseconds: int) -> None:
        """Let every answer take so long."""
        self.call("PUT", "/sandbox/latency", {"latency_ms": milliseconds})

    def forget_requests(self) -> None:
        """Empty the log."""
        self.call("DELETE", "/sandbox/requests")

    def next_app_id(self) -> int:
        """Return the id of an app that has called nothing yet."""
        self._last_app_id += 1
        return self._last_app_id

    def call(self, verb: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON of any form
        """Make a control call."""
        answer = requests.request(verb, self.url + path, json=body or {}, timeout=_TIMEOUT)
        answer.raise_for_status()
        return answer.json()


@contextmanager
def sandbox_process() -> Iterator[BenchSandbox]:
    """Start the sandbox without records; it ends with the block."""
    program = "import sys; from hubspot_sandbox.server import main; sys.exit(main())"
    with subprocess.Popen(
        [sys.executable, "-c", program, "--contacts", "0", "--deals", "0", "--json"],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield BenchSandbox(json.loads(process.stdout.readline())["url"])
        finally:
            process.terminate()


def _stream(path: str) -> str:
    parts = path.split("/")
    names = ("pipelines", "owners", "deals", "contacts")
    return next((name for name in names if name in parts), "other")
