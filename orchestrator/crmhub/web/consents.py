"""Somebody's way to HubSpot's consent page and back: good once, for the same session."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode
from uuid import UUID, uuid4

from psycopg.rows import class_row

from crmhub.oauth.scopes import ASKED_SCOPES
from crmhub.queries import read_queries

if TYPE_CHECKING:
    import psycopg

    from crmhub.web.sessions import Viewer
    from crmhub.web.settings import WebSettings

_QUERIES = read_queries(Path(__file__).with_name("consents.sql"))

CALLBACK_PATH: Final = "/oauth/hubspot/callback"
#: How long somebody may take at HubSpot, who may have to find a password first.
_MINUTES: Final = 10


@dataclass(frozen=True, kw_only=True)
class Consent:
    """A way that was begun."""

    org_id: UUID
    #: The connection to be reconnected; None: whichever the account has, or a new one.
    connection_id: UUID | None


def redirect_uri(settings: WebSettings) -> str:
    """Where HubSpot leads back to; its app has to know the same address."""
    return settings.base_url + CALLBACK_PATH


def begin_consent(
    database: psycopg.Connection,
    viewer: Viewer,
    settings: WebSettings,
    *,
    connection_id: UUID | None,
) -> str:
    """The address of HubSpot's consent page for this session (HubSpot: OAuth quickstart)."""
    state = uuid4()
    database.execute(
        _QUERIES["begin"],
        {
            "id": state,
            "org_id": viewer.org_id,
            "session_id": viewer.session_id,
            "connection_id": connection_id,
            "minutes": _MINUTES,
        },
    )
    asked = {
        "client_id": settings.client_id,
        "redirect_uri": redirect_uri(settings),
        "scope": " ".join(ASKED_SCOPES),
        "state": str(state),
    }
    return f"{settings.authorize_url}?{urlencode(asked)}"


def end_consent(database: psycopg.Connection, viewer: Viewer, state: str) -> Consent | None:
    """What a state stands for, once; None for one that is forged, used, old or somebody else's."""
    try:
        id_ = UUID(state)
    except ValueError:
        return None
    with database.cursor(row_factory=class_row(Consent)) as cursor:
        return cursor.execute(
            _QUERIES["end"],
            {"id": id_, "org_id": viewer.org_id, "session_id": viewer.session_id},
        ).fetchone()
