"""The web application: the Status Center, signing in, connecting, and the internal API."""

from __future__ import annotations

import contextlib
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from crmhub.web import health, internal_api, oauth_pages, sign_in
from crmhub.web.background_erasing import BackgroundErasing
from crmhub.web.databases import Databases
from crmhub.web.openapi import DOCUMENT_PATH, DocumentedApp
from crmhub.web.programs import CallLimits
from crmhub.web.refusals import CaughtFaults, answer_refusals
from crmhub.web.request_bodies import BoundedBodies
from crmhub.web.request_metrics import MeasuredRequests, WebMetrics
from crmhub.web.security_headers import SecurityHeaders
from crmhub.web.static_files import CheckedFiles
from crmhub.web.status_center import routes as status_center
from crmhub.web.status_center.live import LiveCards

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

    from crmhub.web.settings import WebSettings

_STATIC: Final = Path(__file__).with_name("static")


def create_app(settings: WebSettings) -> FastAPI:
    """The application; it connects to the database when it is started."""
    databases = Databases(settings.urls, wait_seconds=settings.database_wait_seconds)
    metrics = WebMetrics(settings.urls.orchestrator)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        databases.open()
        try:
            yield
        finally:
            databases.close()

    app = DocumentedApp(
        title="CRM Hub",
        version=version("crmhub"),
        lifespan=lifespan,
        openapi_url=DOCUMENT_PATH,
        docs_url=None,
        redoc_url=None,
        # A redirect to the same address with a slash would be made of the Host header.
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.state.databases = databases
    app.state.metrics = metrics
    app.state.call_limits = CallLimits(settings.internal_calls_per_minute)
    app.state.erasing = BackgroundErasing(databases)
    app.state.live = LiveCards(databases, look_seconds=settings.look_seconds)
    for routes in (health, internal_api, sign_in, oauth_pages, status_center):
        app.include_router(routes.router)
    app.mount("/static", CheckedFiles(directory=_STATIC))
    answer_refusals(app)
    # The last one added is the first to see a request.
    app.add_middleware(BoundedBodies, longest_seconds=settings.patience_seconds)
    app.add_middleware(CaughtFaults)
    app.add_middleware(MeasuredRequests, metrics=metrics)
    app.add_middleware(
        SecurityHeaders,
        frame_ancestors=settings.frame_ancestors,
        is_secure=settings.is_secure,
        form_targets=[_form_target(settings.authorize_url)],
    )
    return app


def _form_target(authorize_url: str) -> str:
    """Where a form that connects may end up; HubSpot sends people on to their region's host."""
    parts = urlsplit(authorize_url)
    if (parts.hostname or "").endswith(".hubspot.com"):
        return "https://*.hubspot.com"
    return f"{parts.scheme}://{parts.netloc}"
