"""Sets HubSpot's counts beside ours, and keeps what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from crmhub.comparisons import Comparison, comparison_due, keep_comparison, keep_failure
from crmhub.database import connect
from crmhub.errors import CrmHubError, HubSpotCountError
from crmhub.queries import read_queries
from crmhub.sync.control import RunControl
from crmhub.sync.environment import tap_settings
from tap_hubspot_crm.probe import OBJECT_STREAMS, Abandoned, TapError, count_records

if TYPE_CHECKING:
    from crmhub.connections import Connection
    from crmhub.oauth.access_tokens import AccessTokens
    from crmhub.settings import DatabaseUrls
    from crmhub.vault.secret import Secret

_QUERIES = read_queries(Path(__file__).with_name("verify.sql"))
_log = structlog.get_logger("HubSpotSyncWorker")


def verify_connection(
    connection: Connection,
    *,
    token: Secret,
    urls: DatabaseUrls,
    api_url: str | None,
    control: RunControl | None = None,
) -> list[Comparison]:
    """The counts side by side, kept as the connection's last comparison.

    Raises HubSpotCountError, which is kept, too, as `connect`, and Abandoned if `control` ended it.
    """
    try:
        hubspot = _count_at_hubspot(
            connection, token=token, api_url=api_url, control=control or RunControl()
        )
    except HubSpotCountError as error:
        with connect(urls.orchestrator) as database:
            keep_failure(database, connection.id, error.error_class)
        raise
    ours = _count_rows(urls.reader, connection)
    found = [
        Comparison(
            stream=stream,
            hubspot=count,
            ours=ours[stream],
            leaves_out=stream in OBJECT_STREAMS and "start_date" in connection.config,
        )
        for stream, count in hubspot.items()
    ]
    with connect(urls.orchestrator) as database:
        keep_comparison(database, connection.id, found)
    return found


def verify_if_due(
    connection: Connection,
    *,
    tokens: AccessTokens,
    urls: DatabaseUrls,
    api_url: str | None,
    control: RunControl,
) -> None:
    """End a sync that has succeeded with a comparison, after a full pass or where one is wanted.

    Under the lease, so that the counts are of this sync. Raises nothing: the sync has succeeded,
    whatever becomes of this, and the next one tries again.
    """
    try:
        with connect(urls.orchestrator) as database:
            is_due = comparison_due(database, connection.id)
        if is_due:
            token = tokens.current(connection.id).secret
            verify_connection(connection, token=token, urls=urls, api_url=api_url, control=control)
    except CrmHubError as error:
        _log.warning("the counts were not compared", error=str(error))
    except Abandoned:
        _log.info("the counts were not compared: the worker stops, or the lease is gone")
    except Exception as error:  # noqa: BLE001 - as said above
        _log.warning("the counts were not compared", error=type(error).__name__)


def _count_at_hubspot(
    connection: Connection, *, token: Secret, api_url: str | None, control: RunControl
) -> dict[str, int]:
    """Stream → records HubSpot has; raises HubSpotCountError with the class of its refusal."""
    settings = {**tap_settings(connection, api_url=api_url), "access_token": token.reveal()}
    try:
        return count_records(settings, attach=control.attach)
    except TapError as error:
        raise HubSpotCountError(
            f"{error.error_class}: {error.message} {error.remedy}", error_class=error.error_class
        ) from None


def _count_rows(reader_url: str, connection: Connection) -> dict[str, int]:
    """Stream → rows in the canonical tables, counted as a reader of the organisation."""
    named = {"org_id": connection.org_id, "connection_id": connection.id}
    with (
        connect(reader_url, setting="CRMHUB_READER_DATABASE_URL") as database,
        database.transaction(),
    ):
        database.execute(_QUERIES["see_organisation"], named)
        return dict(database.execute(_QUERIES["count_rows"], named).fetchall())
