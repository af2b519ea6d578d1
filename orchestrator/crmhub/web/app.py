"""The web application: the Status Center, signing in, connecting, and the internal API."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from crmhub.web import oauth_pages, sign_in
from crmhub.web.databases import Databases
from crmhub.web.refusals import answer_refusals
from crmhub.web.security_headers import SecurityHeaders
from crmhub.web.status_center import routes as status_center

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from crmhub.web.settings import WebSettings

_STATIC: Final = Path(__file__).with_name("static")


def create_app(settings: WebSettings) -> FastAPI:
    """The application; it connects to the database when it is started."""
    databases = Databases(settings.urls)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        databases.open()
        try:
            yield
        finally:
            databases.close()

    app = FastAPI(
        title="CRM Hub",
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        # A redirect to the same address with a slash would be made of the Host header.
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.state.databases = databases
    app.include_router(sign_in.router)
    app.include_router(oauth_pages.router)
    app.include_router(status_center.router)
    app.mount("/static", StaticFiles(directory=_STATIC))
    answer_refusals(app)
    app.add_middleware(
        SecurityHeaders,
        frame_ancestors=settings.frame_ancestors,
        is_secure=settings.is_secure,
        form_targets=[_origin(settings.authorize_url)],
    )
    return app


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
