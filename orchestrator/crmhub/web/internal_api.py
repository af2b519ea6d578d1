"""The internal API, for programs of the host: ask for syncs and see what became of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from psycopg.rows import class_row

from crmhub.connections import Connection
from crmhub.engine.queue import request_sync
from crmhub.queries import read_queries
from crmhub.sync.runs import find_run
from crmhub.web.internal_documents import (
    ConnectionDocument,
    ConnectionsDocument,
    ConnectionsQuery,
    RunDocument,
)
from crmhub.web.problems import documented
from crmhub.web.programs import known_program

if TYPE_CHECKING:
    from crmhub.web.databases import Databases

_QUERIES = read_queries(Path(__file__).with_name("internal_api.sql"))

router = APIRouter(
    prefix="/internal",
    dependencies=[Depends(known_program)],
    responses=documented(400, 401, 408, 413, 422, 429, 500, 503),
    tags=["internal"],
)


@router.post("/connections/{connection_id}/sync", status_code=202, responses=documented(404, 409))
def sync_connection(request: Request, response: Response, connection_id: UUID) -> RunDocument:
    """Ask for a run now. While one is pending, that one is answered and none is added."""
    databases: Databases = request.app.state.databases
    with databases.orchestrator() as database:
        run = request_sync(database, connection_id, trigger="manual")
    response.headers["Location"] = f"/internal/runs/{run.id}"
    return RunDocument.model_validate(run)


@router.get("/connections")
def list_connections(
    request: Request, asked: Annotated[ConnectionsQuery, Query()]
) -> ConnectionsDocument:
    """Connections and how they stand, a page at a time."""
    databases: Databases = request.app.state.databases
    with (
        databases.orchestrator() as database,
        database.cursor(row_factory=class_row(Connection)) as cursor,
    ):
        found = cursor.execute(
            _QUERIES["list_connections"],
            {
                "org_id": asked.org_id,
                "after": asked.after,
                # One more than the page holds says whether there is another.
                "limit": asked.limit + 1,
            },
        ).fetchall()
    page = found[: asked.limit]
    return ConnectionsDocument(
        connections=[ConnectionDocument.model_validate(connection) for connection in page],
        next=page[-1].id if len(found) > asked.limit else None,
    )


@router.get("/runs/{run_id}", responses=documented(404))
def show_run(request: Request, run_id: UUID) -> RunDocument:
    """A run: how far it is, or how it ended."""
    databases: Databases = request.app.state.databases
    with databases.orchestrator() as database:
        return RunDocument.model_validate(find_run(database, run_id))
