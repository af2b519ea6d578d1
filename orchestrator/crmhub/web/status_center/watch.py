"""One look at the database for all streams: which cards have moved, and how they look now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crmhub.flags import CRM_HUB
from crmhub.queries import read_queries
from crmhub.web.status_center.cards import card_of
from crmhub.web.status_center.readings import read_connections

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from uuid import UUID

    from crmhub.web.databases import Databases
    from crmhub.web.status_center.cards import Card, Role

_QUERIES: Final = read_queries(Path(__file__).with_name("watch.sql"))


@dataclass(frozen=True, kw_only=True)
class Look:
    """What one look found."""

    #: Organisation and role → the cards that may have changed.
    cards: Mapping[tuple[UUID, Role], list[Card]]
    #: Connections whose run waits or goes on.
    in_flight: frozenset[UUID]
    #: Sessions that may go on watching.
    allowed: frozenset[UUID]


def look(
    databases: Databases,
    wanted: Mapping[UUID, Collection[Role]],
    *,
    sessions: Collection[UUID],
    in_flight: Collection[UUID] = (),
    back_seconds: float,
) -> Look:
    """See what moved, one database connection at a time.

    Args:
        databases: Both logins.
        wanted: Organisation → roles of those who watch it.
        sessions: Of those who watch.
        in_flight: As the last look found.
        back_seconds: Changes of so long ago still count.

    Raises DatabaseUnreachableError, DatabaseNotPreparedError.
    """
    with databases.orchestrator() as database:
        rows = database.execute(
            _QUERIES["moved"],
            {"orgs": list(wanted), "in_flight": list(in_flight), "back_seconds": back_seconds},
        ).fetchall()
        allowed = database.execute(
            _QUERIES["still_allowed"], {"sessions": list(sessions), "flag": CRM_HUB}
        ).fetchall()
    moved: dict[UUID, list[UUID]] = {}
    for org_id, connection_id, _ in rows:
        moved.setdefault(org_id, []).append(connection_id)
    cards: dict[tuple[UUID, Role], list[Card]] = {}
    now = datetime.now(UTC)
    for org_id, ids in moved.items():
        with databases.reader(org_id) as database:
            found = read_connections(database, org_id, ids)
        for role in wanted[org_id]:
            cards[org_id, role] = [card_of(connection, role, now) for connection in found]
    return Look(
        cards=cards,
        in_flight=frozenset(connection_id for _, connection_id, goes_on in rows if goes_on),
        allowed=frozenset(session_id for (session_id,) in allowed),
    )
