"""What an admin does to a connection by a button."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Header, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from crmhub.comparisons import want_comparison
from crmhub.connection_status import pause_connection, resume_connection
from crmhub.engine.queue import request_sync
from crmhub.errors import ConnectionNotReadyError
from crmhub.web.errors import NotReadyError
from crmhub.web.sessions import Viewer
from crmhub.web.status_center.card_parts import card_part
from crmhub.web.status_center.cards import card_of
from crmhub.web.status_center.readings import read_connection
from crmhub.web.viewers import acting_admin

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from crmhub.web.databases import Databases

router = APIRouter(include_in_schema=False)

ConnectionId = Annotated[UUID, Path()]
ActingAdmin = Annotated[Viewer, Depends(acting_admin)]


@dataclass(frozen=True, kw_only=True)
class Press:
    """An admin's press on a button of a connection."""

    databases: Databases
    viewer: Viewer
    connection_id: UUID
    #: Which page the button is on.
    page: str
    #: Whether the card alone is wanted, to be put in its place by a script.
    wants_card: bool


def press(
    request: Request,
    connection_id: ConnectionId,
    viewer: ActingAdmin,
    page: Annotated[str, Form()] = "",
    hx_request: Annotated[str, Header()] = "",
) -> Press:
    """The press that a request stands for. Raises as `acting_admin`."""
    return Press(
        databases=request.app.state.databases,
        viewer=viewer,
        connection_id=connection_id,
        page=page,
        wants_card=bool(hx_request),
    )


@router.post("/integrations/connections/{connection_id}/sync")
def sync(pressed: Annotated[Press, Depends(press)]) -> Response:
    """Ask for a run; one that waits already is it."""
    return _act(pressed, _request_sync)


@router.post("/integrations/connections/{connection_id}/compare")
def compare(pressed: Annotated[Press, Depends(press)]) -> Response:
    """Ask for a run that ends with HubSpot's counts beside ours."""
    return _act(pressed, _request_comparison)


@router.post("/integrations/connections/{connection_id}/pause")
def pause(pressed: Annotated[Press, Depends(press)]) -> Response:
    """Run the connection no more until it is resumed."""
    return _act(pressed, pause_connection)


@router.post("/integrations/connections/{connection_id}/resume")
def resume(pressed: Annotated[Press, Depends(press)]) -> Response:
    """Let a paused connection go on, at once."""
    return _act(pressed, _resume)


def _act(pressed: Press, act: Callable[[psycopg.Connection, UUID], object]) -> Response:
    """Do it to a connection of the viewer's organisation, and show what came of it.

    Raises NotFoundError for another's connection, NotReadyError where its state forbids it.
    """
    org_id, connection_id = pressed.viewer.org_id, pressed.connection_id
    with pressed.databases.reader(org_id) as reader:
        read_connection(reader, org_id, connection_id)
    with pressed.databases.orchestrator() as database:
        try:
            act(database, connection_id)
        except ConnectionNotReadyError:
            raise NotReadyError(
                "The connection has changed in the meantime: reload the page and see what it needs."
            ) from None
    if not pressed.wants_card:
        is_on_its_page = pressed.page == "connection"
        place = (
            f"/connections/{connection_id}" if is_on_its_page else f"#connection-{connection_id}"
        )
        return RedirectResponse(f"/integrations{place}", status_code=303)
    with pressed.databases.reader(org_id) as reader:
        connection = read_connection(reader, org_id, connection_id)
    card = card_of(connection, pressed.viewer.role, datetime.now(UTC))
    return HTMLResponse(card_part(card), headers={"Cache-Control": "no-store"})


def _request_sync(database: psycopg.Connection, connection_id: UUID) -> None:
    request_sync(database, connection_id, trigger="manual")


def _request_comparison(database: psycopg.Connection, connection_id: UUID) -> None:
    """Ask for both at once: what is behind is brought up to date before it is counted."""
    with database.transaction():
        want_comparison(database, connection_id)
        _request_sync(database, connection_id)


def _resume(database: psycopg.Connection, connection_id: UUID) -> None:
    """Resume, and have a worker begin now, not at the next poll."""
    with database.transaction():
        resume_connection(database, connection_id)
        _request_sync(database, connection_id)
