"""Is it alive, can it serve, and what does it do: for those who watch over processes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from crmhub.errors import CrmHubError
from crmhub.migrate import read_migrations
from crmhub.queries import read_queries
from crmhub.web.internal_documents import HealthDocument, ReadinessDocument
from crmhub.web.problems import documented
from crmhub.web.programs import known_program

if TYPE_CHECKING:
    from crmhub.web.databases import Databases

_QUERIES = read_queries(Path(__file__).with_name("health.sql"))

#: An organisation that nobody has.
_NOBODY: Final = UUID(int=0)

router = APIRouter(responses=documented(400, 408, 413, 500), tags=["health"])


@router.get("/healthz")
def healthz() -> HealthDocument:
    """The process answers. Asks nothing of the database: a restart would not bring that back."""
    return HealthDocument(status="ok")


@router.get("/readyz", responses={503: {"model": ReadinessDocument}})
def readyz(request: Request, response: Response) -> ReadinessDocument:
    """Pages can be served: the database answers both logins, is migrated and has its queue."""
    databases: Databases = request.app.state.databases
    checks, workers = _orchestrator_checks(databases)
    checks["reader"] = _reader_check(databases)
    is_ready = all(said == "ok" for said in checks.values())
    if not is_ready:
        response.status_code = 503
    return ReadinessDocument(
        status="ready" if is_ready else "not ready", checks=checks, workers=workers
    )


@router.get(
    "/metrics",
    dependencies=[Depends(known_program)],
    response_class=PlainTextResponse,
    responses=documented(401, 429),
)
def metrics(request: Request) -> Response:
    """What Prometheus reads."""
    return Response(
        generate_latest(request.app.state.metrics.registry), media_type=CONTENT_TYPE_LATEST
    )


def _orchestrator_checks(databases: Databases) -> tuple[dict[str, str], int | None]:
    """What was looked at → ok or what to do; and how many workers there are."""
    try:
        with databases.orchestrator() as database:
            applied = {version for (version,) in database.execute(_QUERIES["applied"]).fetchall()}
            row = database.execute(_QUERIES["workers"]).fetchone()
    except CrmHubError as error:
        return {"database": str(error)}, None
    missing = [each.version for each in read_migrations() if each.version not in applied]
    return {
        "database": "ok",
        "migrations": "run `crmhub migrate`" if missing else "ok",
        "engine": "ok",
    }, None if row is None else int(row[0])


def _reader_check(databases: Databases) -> str:
    try:
        with databases.reader(_NOBODY) as database:
            database.execute(_QUERIES["can_read"])
    except CrmHubError as error:
        return str(error)
    return "ok"
