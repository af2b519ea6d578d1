"""How many requests were answered how, and how long it took."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, Histogram

from crmhub.metrics import LEASE_LOSSES, RATE_LIMITED, RECORDS, RUN_SECONDS, RUNS, Fleet

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: A path that nothing answers names no route: whoever tries addresses would make a metric of each.
_UNKNOWN: Final = "unknown"


class WebMetrics:
    """The metrics of one application, with what a worker in the same process counts."""

    def __init__(self, database_url: str) -> None:
        """Begin at nothing; the gauges of all connections are read when somebody asks."""
        self.registry = CollectorRegistry()
        self.registry.register(Fleet(database_url))
        for counted in (RUNS, RUN_SECONDS, RECORDS, LEASE_LOSSES, RATE_LIMITED):
            self.registry.register(counted)
        self.requests = Counter(
            "crmhub_http_requests",
            "Requests that were answered.",
            ["route", "method", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "crmhub_http_request_seconds",
            "How long until an answer began, seconds.",
            ["route"],
            buckets=(0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10),
            registry=self.registry,
        )


class MeasuredRequests:
    """Counts every answer by the route that gave it."""

    def __init__(self, app: ASGIApp, *, metrics: WebMetrics) -> None:
        """Wrap an application."""
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def count(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", None) or _UNKNOWN
                # Methods are anybody's words, too.
                method = scope["method"] if route != _UNKNOWN else _UNKNOWN
                self._metrics.requests.labels(route, method, str(message["status"])).inc()
                self._metrics.seconds.labels(route).observe(time.perf_counter() - began)
            await send(message)

        await self._app(scope, receive, count)
