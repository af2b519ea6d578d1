"""Who asks, and whether they may: dependencies of the pages' handlers."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import Depends, Form, Header, Request

from crmhub.web.errors import NotAllowedError, NotFoundError, SignInNeededError
from crmhub.web.sessions import Viewer, find_viewer

if TYPE_CHECKING:
    from crmhub.web.databases import Databases
    from crmhub.web.settings import WebSettings

#: What browsers say of a request that a page of somebody else's made (Fetch Metadata).
_FOREIGN_SITES: Final = frozenset({"cross-site", "same-site"})


def session_cookie_name(settings: WebSettings) -> str:
    """With HTTPS a name that binds the cookie to this host (RFC 6265bis, `__Host-`)."""
    return "__Host-crmhub_session" if settings.is_secure else "crmhub_session"


def signed_in(request: Request) -> Viewer:
    """Whoever is signed in. Raises SignInNeededError."""
    databases: Databases = request.app.state.databases
    cookie = request.cookies.get(session_cookie_name(request.app.state.settings), "")
    with databases.orchestrator() as database:
        viewer = find_viewer(database, cookie) if cookie else None
    if viewer is None:
        raise SignInNeededError(
            "Nobody is signed in here, or not for so long that it has ended: open the Status "
            "Center from your application."
        )
    return viewer


def in_status_center(viewer: Annotated[Viewer, Depends(signed_in)]) -> Viewer:
    """A viewer whose organisation has the Status Center.

    Raises SignInNeededError, NotFoundError.
    """
    if not viewer.has_status_center:
        raise NotFoundError("There is no such page here.")
    return viewer


def own_page(
    viewer: Annotated[Viewer, Depends(signed_in)],
    csrf_token: Annotated[str, Form()] = "",
    x_csrf_token: Annotated[str, Header()] = "",
    sec_fetch_site: Annotated[str, Header()] = "",
) -> Viewer:
    """A viewer whose request was sent by a page of ours.

    Raises SignInNeededError, NotAllowedError.
    """
    shown = x_csrf_token or csrf_token
    if sec_fetch_site in _FOREIGN_SITES or not hmac.compare_digest(
        shown.encode(), viewer.csrf_token.encode()
    ):
        raise NotAllowedError(
            "This was not sent by a page of yours, or the page was open for too long: reload it "
            "and try again."
        )
    return viewer


def acting_admin(viewer: Annotated[Viewer, Depends(own_page)]) -> Viewer:
    """An admin who acts by a page of ours, in the Status Center of the organisation.

    Raises SignInNeededError, NotAllowedError, NotFoundError.
    """
    in_status_center(viewer)
    if viewer.role != "admin":
        raise NotAllowedError("Only an admin of your organisation may do this: ask one of them.")
    return viewer
