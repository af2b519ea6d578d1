"""The pages of the Status Center."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import HTMLResponse, StreamingResponse

from crmhub.web.pages import render
from crmhub.web.sessions import Viewer
from crmhub.web.status_center import actions, words
from crmhub.web.status_center.card_parts import card_part
from crmhub.web.status_center.cards import CONNECT_ADDRESS, card_of, overview_of
from crmhub.web.status_center.charts import bar, runs_chart
from crmhub.web.status_center.pipeline_figures import DEALS, OWN_CURRENCY, pipeline_figures
from crmhub.web.status_center.pipeline_readings import (
    read_owners,
    read_pipelines,
    read_stages,
    read_totals,
)
from crmhub.web.status_center.readings import read_connection, read_connections, read_runs
from crmhub.web.viewers import in_status_center

if TYPE_CHECKING:
    from crmhub.web.databases import Databases
    from crmhub.web.status_center.live import LiveCards

router = APIRouter(include_in_schema=False)
router.include_router(actions.router)

#: Cards and runs of one page.
CARDS: Final = 200
RUNS: Final = 50
#: So many cards are found without a search.
_FEW: Final = 8
_MOST_PAGES: Final = 10_000

ConnectionId = Annotated[UUID, Path()]
InStatusCenter = Annotated[Viewer, Depends(in_status_center)]


@router.get("/integrations")
def integrations(
    request: Request,
    viewer: InStatusCenter,
    search: Annotated[str, Query(max_length=200)] = "",
    state: Annotated[str, Query(max_length=50)] = "",
    page: Annotated[int, Query(ge=1, le=_MOST_PAGES)] = 1,
) -> HTMLResponse:
    """All connections of the organisation, those that need somebody first."""
    with _databases(request).reader(viewer.org_id) as database:
        connections = read_connections(database, viewer.org_id)
    overview = overview_of(
        connections,
        viewer.role,
        datetime.now(UTC),
        search=search,
        state=state,
        start=(page - 1) * CARDS,
        size=CARDS,
    )
    return render(
        request,
        "status_center/integrations.html",
        viewer=viewer,
        overview=overview,
        card_part=card_part,
        search=search,
        state=state,
        page=page,
        pages=-(-overview.found // CARDS),
        has_search=overview.total > _FEW,
        connect_address=CONNECT_ADDRESS,
    )


@router.get("/integrations/events")
async def events(request: Request, viewer: InStatusCenter) -> StreamingResponse:
    """The organisation's cards as they change."""
    live: LiveCards = request.app.state.live
    return StreamingResponse(
        live.events(viewer),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@router.get("/integrations/connections/{connection_id}")
def connection(
    request: Request,
    connection_id: ConnectionId,
    viewer: InStatusCenter,
    before: Annotated[datetime | None, Query()] = None,
) -> HTMLResponse:
    """One connection with its runs."""
    with _databases(request).reader(viewer.org_id) as database:
        found = read_connection(database, viewer.org_id, connection_id)
        runs = read_runs(database, viewer.org_id, connection_id, limit=RUNS + 1, before=before)
    shown = runs[:RUNS]
    ended = [run for run in reversed(shown) if run.duration is not None]
    return render(
        request,
        "status_center/connection.html",
        viewer=viewer,
        card=card_of(found, viewer.role, datetime.now(UTC)),
        card_part=card_part,
        runs=[(run, words.state_of_run(run)) for run in shown],
        chart=runs_chart(ended) if ended else None,
        charted=ended,
        older=shown[-1].requested_at if len(runs) > RUNS else None,
        is_latest=before is None,
        words=words,
    )


@router.get("/integrations/connections/{connection_id}/disconnect")
def disconnect(
    request: Request, connection_id: ConnectionId, viewer: InStatusCenter
) -> HTMLResponse:
    """Ask an admin whether a connection is to end, and what becomes of its rows."""
    with _databases(request).reader(viewer.org_id) as database:
        found = read_connection(database, viewer.org_id, connection_id)
    return render(
        request,
        "status_center/disconnect.html",
        viewer=viewer,
        card=card_of(found, viewer.role, datetime.now(UTC)),
    )


@router.get("/integrations/pipeline")
def pipeline(
    request: Request,
    viewer: InStatusCenter,
    pipeline: Annotated[str, Query(max_length=200)] = "",
    owner: Annotated[str, Query(max_length=100)] = "",
    measure: Annotated[str, Query(max_length=20)] = "",
) -> HTMLResponse:
    """The stages of one pipeline with what is in them."""
    with _databases(request).reader(viewer.org_id) as database:
        pipelines = read_pipelines(database, viewer.org_id)
        chosen = next((each for each in pipelines if each.key == pipeline), None)
        chosen = chosen or next(iter(pipelines), None)
        if chosen is None:
            return render(request, "status_center/no_pipeline.html", viewer=viewer)
        owners = read_owners(database, viewer.org_id, chosen)
        chosen_owner = next((each for each in owners if each.key == owner), None)
        stages = read_stages(database, viewer.org_id, chosen)
        totals = read_totals(database, viewer.org_id, chosen, chosen_owner)
        account = read_connection(database, viewer.org_id, chosen.connection_id)
    return render(
        request,
        "status_center/pipeline.html",
        viewer=viewer,
        pipelines=pipelines,
        pipeline=chosen,
        owners=owners,
        owner=chosen_owner,
        figures=pipeline_figures(stages, totals, measure=measure),
        account=account,
        deals_measure=DEALS,
        own_currency=OWN_CURRENCY,
        bar=bar,
        words=words,
    )


def _databases(request: Request) -> Databases:
    databases: Databases = request.app.state.databases
    return databases
