"""Most syncs find nothing new: ask HubSpot before anything is started."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from crmhub.queries import read_queries
from crmhub.sync.environment import tap_settings
from tap_hubspot_crm.probe import Abandoned, TapError, probe

if TYPE_CHECKING:
    from datetime import datetime

    import psycopg

    from crmhub.connections import Connection
    from crmhub.sync.control import RunControl
    from crmhub.sync.runs import Claim
    from crmhub.vault.secret import Secret

_QUERIES = read_queries(Path(__file__).with_name("idle.sql"))


def read_state(database: psycopg.Connection, claim: Claim) -> object:
    """The Singer state that the run would begin with; None if there is none."""
    row = database.execute(
        _QUERIES["read_state"],
        {"connection_id": claim.run.connection_id, "token": claim.lease_token},
    ).fetchone()
    return row[0] if row else None


def unchanged_through(
    connection: Connection,
    state: object,
    *,
    token: Secret,
    api_url: str | None,
    control: RunControl,
) -> datetime | None:
    """Ask HubSpot whether a run with this state would have anything to do.

    Returns:
        The moment, in HubSpot's time, up to which nothing has changed; None if there is something
        to do, if a slower pass is due, if HubSpot gave no answer (then the run finds out), or if
        `control` ended the asking, which may otherwise take as long as HubSpot lets us wait.
    """
    if not state:
        return None
    settings = {**tap_settings(connection, api_url=api_url), "access_token": token.reveal()}
    try:
        verdict = probe(settings, state, attach=control.attach)
    except (TapError, Abandoned):
        return None
    return None if verdict.changed else verdict.asked_at
