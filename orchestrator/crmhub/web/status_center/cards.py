"""What a card says of a connection, and which buttons it has: pure functions."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal

from crmhub.web.status_center.compared import compared_of
from crmhub.web.status_center.words import (
    PAUSED_ADVICE,
    UNATTENDED,
    State,
    counted,
    remedy_of,
    state_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from crmhub.web.status_center.compared import Compared
    from crmhub.web.status_center.readings import ConnectionReading
    from crmhub.web.status_center.words import Remedy

Role = Literal["viewer", "admin"]

#: Leads to HubSpot's consent page and back.
CONNECT_ADDRESS: Final = "/oauth/hubspot/start"
#: What needs somebody comes first.
_ORDER: Final = ("bad", "warning", "busy", "good", "quiet")


@dataclass(frozen=True, kw_only=True)
class Action:
    """A button; it posts to its address."""

    name: str
    label: str
    address: str
    is_main: bool = False
    is_enabled: bool = True
    #: Which connection, where the address does not say it.
    connection_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Card:
    """One connection, ready to be shown; equal to every card that looks the same."""

    id: UUID
    name: str
    account: str
    state: State
    #: Pairs of number and words: what is stored.
    stored: tuple[tuple[str, str], ...]
    #: Pairs of number and words: what the run that goes on has read; None: none goes on.
    progress: tuple[tuple[str, str], ...] | None
    running_since: datetime | None
    last_sync_at: datetime | None
    synced_through: datetime | None
    #: None where no sync will come by itself, or one is on its way.
    next_sync_at: datetime | None
    remedy: Remedy | None
    #: What the run itself said; it holds no value of anybody's data.
    error_message: str | None
    error_at: datetime | None
    #: None while there is nothing to compare.
    compared: Compared | None
    #: The button beside it; None: not for this viewer, or not now.
    compare: Action | None
    actions: tuple[Action, ...]

    @cached_property
    def version(self) -> str:
        """A short word for all that it shows."""
        return hashlib.blake2s(repr(self).encode(), digest_size=8).hexdigest()

    @property
    def address(self) -> str:
        """Of its page."""
        return f"/integrations/connections/{self.id}"


@dataclass(frozen=True, kw_only=True)
class Overview:
    """All connections in numbers, and those of them that are asked for."""

    #: State's words → how many, what needs somebody first.
    states: dict[str, int]
    cards: list[Card]
    #: How many were asked for, on all pages.
    found: int
    total: int


def card_of(connection: ConnectionReading, role: Role, now: datetime) -> Card:
    """The card of a connection for a viewer of this role."""
    state = state_of(connection, now)
    goes_on = connection.running_since is not None
    is_expected = connection.status == "connected" and state.tone != "busy"
    remedy = _remedy(connection, state)
    has_failed = remedy is not None and remedy is not UNATTENDED
    return Card(
        id=connection.id,
        name=connection.name,
        account=connection.account,
        state=state,
        stored=counted(connection.live),
        progress=counted(connection.running_records) if goes_on else None,
        running_since=connection.running_since,
        last_sync_at=connection.last_sync_at,
        synced_through=connection.synced_through,
        next_sync_at=connection.next_sync_at if is_expected else None,
        remedy=remedy,
        error_message=connection.last_error_message if has_failed else None,
        error_at=connection.last_error_at if has_failed else None,
        compared=compared_of(connection),
        compare=_compare(connection, state) if role == "admin" else None,
        actions=_actions(connection, state) if role == "admin" else (),
    )


def _remedy(connection: ConnectionReading, state: State) -> Remedy | None:
    """What is to be known and done; None where all is well, or well on its way."""
    if state.name in {"late", "stuck"}:
        return UNATTENDED
    if connection.last_error_class is None or state.name in {"syncing", "disconnected"}:
        return None
    remedy = remedy_of(connection.last_error_class)
    return replace(remedy, advice=PAUSED_ADVICE) if state.name == "paused" else remedy


def overview_of(
    connections: Iterable[ConnectionReading],
    role: Role,
    now: datetime,
    *,
    search: str = "",
    state: str = "",
    start: int = 0,
    size: int,
) -> Overview:
    """The cards that are asked for, those that need somebody first.

    Args:
        connections: All of the organisation's.
        role: Whose buttons they have.
        now: What counts as late.
        search: Part of a name or an account; empty: any.
        state: A state's words; empty: any.
        start: How many of those found to leave out.
        size: How many to show at most.
    """
    cards = sorted(
        (card_of(connection, role, now) for connection in connections),
        key=lambda card: (_ORDER.index(card.state.tone), card.name.casefold()),
    )
    found = [card for card in cards if _fits(card, search.strip().casefold(), state)]
    states: dict[str, int] = {}
    for card in cards:
        states[card.state.words] = states.get(card.state.words, 0) + 1
    return Overview(
        states=states, cards=found[start : start + size], found=len(found), total=len(cards)
    )


def _fits(card: Card, search: str, state: str) -> bool:
    return (not state or card.state.words == state) and (
        not search or search in f"{card.name} {card.account}".casefold()
    )


def _actions(connection: ConnectionReading, state: State) -> tuple[Action, ...]:
    """The buttons of an admin."""
    at = f"/integrations/connections/{connection.id}"
    connect = Action(
        name="reconnect",
        label="Connect again" if connection.status == "disconnected" else "Reconnect",
        address=CONNECT_ADDRESS,
        is_main=True,
        connection_id=connection.id,
    )
    if connection.status in {"needs_reconnect", "disconnected"}:
        return (connect,)
    if connection.status == "paused":
        return (Action(name="resume", label="Resume", address=f"{at}/resume", is_main=True),)
    needs_scopes = connection.last_error_class == "missing_scopes"
    sync = Action(
        name="sync",
        label="Sync Now",
        address=f"{at}/sync",
        is_main=not needs_scopes,
        is_enabled=not _is_busy(state),
    )
    pause = Action(name="pause", label="Pause", address=f"{at}/pause")
    return (connect, sync, pause) if needs_scopes else (sync, pause)


def _compare(connection: ConnectionReading, state: State) -> Action | None:
    """The button that has a sync end with a comparison."""
    if connection.status != "connected":
        return None
    return Action(
        name="compare",
        label="Compare now",
        address=f"/integrations/connections/{connection.id}/compare",
        is_enabled=not _is_busy(state),
    )


def _is_busy(state: State) -> bool:
    """Whether a sync is on its way: another one would be the same."""
    return state.name in {"syncing", "waiting", "stuck"}
