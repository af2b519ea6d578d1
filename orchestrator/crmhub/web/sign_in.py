"""Signing in by a token of the host application, and signing out."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from crmhub.web.login_tokens import read_login
from crmhub.web.pages import render
from crmhub.web.sessions import SESSION_HOURS, Viewer, begin_session, end_session
from crmhub.web.viewers import own_page, session_cookie_name

if TYPE_CHECKING:
    from crmhub.web.databases import Databases
    from crmhub.web.settings import WebSettings

logger = logging.getLogger("CrmHubWeb")

router = APIRouter(include_in_schema=False)

#: Where whoever signed in goes, unless the host application says where.
HOME: Final = "/integrations"
_PATH: Final = re.compile(r"/(?![/\\])[!-\[\]-~]*")


@router.get("/sign-in")
def sign_in_by_link(
    request: Request,
    token: Annotated[str, Query()] = "",
    return_to: Annotated[str, Query()] = HOME,
) -> RedirectResponse:
    """Turn the token of a link into a session."""
    return _sign_in(request, token, return_to)


@router.post("/sign-in")
def sign_in_by_form(
    request: Request,
    token: Annotated[str, Form()] = "",
    return_to: Annotated[str, Form()] = HOME,
) -> RedirectResponse:
    """Turn the token of a form into a session; unlike a link it stays in no history."""
    return _sign_in(request, token, return_to)


@router.post("/sign-out")
def sign_out(request: Request, viewer: Annotated[Viewer, Depends(own_page)]) -> HTMLResponse:
    """End the session."""
    del viewer
    settings: WebSettings = request.app.state.settings
    databases: Databases = request.app.state.databases
    name = session_cookie_name(settings)
    with databases.orchestrator() as database:
        end_session(database, request.cookies.get(name, ""))
    page = render(
        request,
        "message.html",
        title="You are signed out",
        message="To come back, open the Status Center from your application.",
    )
    page.delete_cookie(name, path="/", secure=settings.is_secure, httponly=True, samesite="lax")
    return page


def local_path(wished: str) -> str:
    """A path of ours to go on to; where another site is wished for, the home page."""
    if not _PATH.fullmatch(wished) or urlsplit(wished).netloc:
        return HOME
    return wished


def _sign_in(request: Request, token: str, return_to: str) -> RedirectResponse:
    settings: WebSettings = request.app.state.settings
    databases: Databases = request.app.state.databases
    login = read_login(token, settings.login_keys, audience=settings.base_url)
    name = session_cookie_name(settings)
    with databases.orchestrator() as database, database.transaction():
        cookie = begin_session(database, login)
        # Whatever the browser had before is good no more: nobody rides along on it.
        end_session(database, request.cookies.get(name, ""))
    logger.info("somebody signed in for organisation %s as %s", login.org_id, login.role)
    answer = RedirectResponse(
        local_path(return_to), status_code=303, headers={"Cache-Control": "no-store"}
    )
    answer.set_cookie(
        name,
        cookie,
        max_age=SESSION_HOURS * 3600,
        path="/",
        secure=settings.is_secure,
        httponly=True,
        samesite="lax",
    )
    return answer
