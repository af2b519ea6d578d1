"""Connect, reconnect and disconnect a HubSpot account."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from crmhub.oauth.disconnecting import disconnect, end_grant, grant_to_end
from crmhub.vault.secret import Secret
from crmhub.web.account_connections import connect_account, own_connection
from crmhub.web.consents import CALLBACK_PATH, begin_consent, end_consent, redirect_uri
from crmhub.web.errors import ConsentRefusedError, NotAllowedError, NotConfiguredError
from crmhub.web.granted_accounts import granted_account
from crmhub.web.pages import render
from crmhub.web.sessions import Viewer
from crmhub.web.sign_in import HOME
from crmhub.web.viewers import acting_admin, in_status_center

if TYPE_CHECKING:
    from crmhub.web.background_erasing import BackgroundErasing
    from crmhub.web.databases import Databases
    from crmhub.web.settings import WebSettings

logger = logging.getLogger("CrmHubWeb")

router = APIRouter(include_in_schema=False)


def admin(viewer: Annotated[Viewer, Depends(in_status_center)]) -> Viewer:
    """An admin who comes by an address, not by a form: nothing of ours changes by that alone.

    Raises as `in_status_center`, and NotAllowedError.
    """
    if viewer.role != "admin":
        raise NotAllowedError(
            "Only an admin of your organisation may connect an account: ask one of them."
        )
    return viewer


@router.get("/oauth/hubspot/start")
def start(
    request: Request,
    viewer: Annotated[Viewer, Depends(admin)],
    connection: Annotated[UUID | None, Query()] = None,
) -> RedirectResponse:
    """Lead an admin to HubSpot's consent page; with `connection`, to reconnect that one."""
    return _to_hubspot(request, viewer, connection)


@router.post("/oauth/hubspot/start")
def start_by_form(
    request: Request,
    viewer: Annotated[Viewer, Depends(acting_admin)],
    connection: Annotated[UUID | None, Form()] = None,
) -> RedirectResponse:
    """As by its address."""
    return _to_hubspot(request, viewer, connection)


@router.get(CALLBACK_PATH)
def callback(
    request: Request,
    viewer: Annotated[Viewer, Depends(admin)],
    state: Annotated[str, Query()] = "",
    code: Annotated[str, Query()] = "",
    error: Annotated[str, Query()] = "",
) -> RedirectResponse:
    """Take what HubSpot's user decided, and go on to the Status Center."""
    settings: WebSettings = request.app.state.settings
    databases: Databases = request.app.state.databases
    with databases.orchestrator() as database:
        consent = end_consent(database, viewer, state)
    if consent is None:
        raise ConsentRefusedError(
            "This step was done already, took longer than ten minutes, or was not begun here. "
            "If the account does not show as connected, connect again."
        )
    if error or not code or settings.endpoint is None:
        raise ConsentRefusedError(
            "HubSpot gave no permission. Nothing was changed: connect again, choose the account "
            "and press Connect app; it takes a user of HubSpot who may install apps."
        )
    account = granted_account(settings.endpoint, Secret(code), redirect_uri=redirect_uri(settings))
    with databases.orchestrator() as database:
        connection = connect_account(database, settings.keyring, consent, account)
    logger.info("connection %s of organisation %s is connected", connection.id, viewer.org_id)
    return RedirectResponse(HOME, status_code=303)


@router.post("/oauth/hubspot/disconnect")
def disconnect_account(
    request: Request,
    background: BackgroundTasks,
    viewer: Annotated[Viewer, Depends(acting_admin)],
    connection: Annotated[UUID, Form()],
    erase: Annotated[bool, Form()] = False,  # noqa: FBT002 - a check box of a form
) -> HTMLResponse:
    """End a connection, with `erase` its rows too."""
    settings: WebSettings = request.app.state.settings
    databases: Databases = request.app.state.databases
    with databases.orchestrator() as database:
        found = own_connection(database, viewer.org_id, connection)
        token = grant_to_end(database, settings.keyring, found)
    # HubSpot may take its time; nobody else waits for this one's place at the database.
    is_revoked = end_grant(settings.endpoint, token)
    with databases.orchestrator() as database:
        erase = disconnect(database, found, erase=erase)
    logger.info("connection %s of organisation %s is disconnected", connection, viewer.org_id)
    if erase:
        erasing: BackgroundErasing = request.app.state.erasing
        background.add_task(erasing.erase, viewer.org_id, connection)
    return render(
        request,
        "disconnected.html",
        viewer=viewer,
        account=found.display_name or found.external_account_id or str(found.id),
        # Whoever presses twice has ended it the first time.
        is_over=is_revoked or found.status == "disconnected",
        erase=erase,
    )


def _to_hubspot(request: Request, viewer: Viewer, connection_id: UUID | None) -> RedirectResponse:
    settings: WebSettings = request.app.state.settings
    databases: Databases = request.app.state.databases
    if settings.endpoint is None:
        raise NotConfiguredError(
            "No HubSpot app is set up here. Whoever runs CRM Hub has to set HUBSPOT_CLIENT_ID and "
            "HUBSPOT_CLIENT_SECRET."
        )
    with databases.orchestrator() as database:
        if connection_id is not None:
            own_connection(database, viewer.org_id, connection_id)
        address = begin_consent(database, viewer, settings, connection_id=connection_id)
    return RedirectResponse(address, status_code=303, headers={"Cache-Control": "no-store"})
