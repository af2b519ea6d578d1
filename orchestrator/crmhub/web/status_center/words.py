"""States, errors, numbers and durations in words. Everything here is a pure function."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

from crmhub.web.status_center.streams import STREAM_WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal

    from crmhub.web.status_center.readings import ConnectionReading, RunReading

Tone = Literal["good", "busy", "warning", "bad", "quiet"]

#: A due connection that nobody has taken up for so long is late.
LATE: Final = timedelta(minutes=15)
_MINUTE: Final = 60
_HOUR: Final = 3600
_TENTHS_BELOW: Final = 10
_TRIGGER_WORDS: Final = {
    "schedule": "On schedule",
    "manual": "Sync Now",
    "reset": "After a reset",
}


@dataclass(frozen=True, kw_only=True)
class State:
    """How a connection or a run stands, in words."""

    #: For programs: what changed if it is another one.
    name: str
    tone: Tone
    words: str


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """What an error means to whoever sees it, and what to do."""

    meaning: str
    advice: str


_RECONNECTED: Final = (
    "Everything stored is kept, and the next sync goes on where the last one ended."
)
_BY_ITSELF: Final = "You need not do anything: CRM Hub tries again by itself."
_OPERATOR: Final = "Ask whoever runs CRM Hub to look at it; it is tried again once a day."

#: By error class of a run (`last_error_class`).
REMEDIES: Final[Mapping[str, Remedy]] = {
    "invalid_grant": Remedy(
        meaning="HubSpot no longer accepts this connection",
        advice=f"Somebody removed the app in HubSpot, or its permission ended. Reconnect the "
        f"account. {_RECONNECTED}",
    ),
    "access_denied": Remedy(
        meaning="HubSpot refuses access to the account",
        advice="The account may be closed, or the app's permission was taken away. Reconnect as "
        f"a HubSpot user who may see contacts and deals. {_RECONNECTED}",
    ),
    "secret_unreadable": Remedy(
        meaning="The stored permission cannot be read any more",
        advice=f"The key that seals it was changed or lost. Reconnect the account. {_RECONNECTED}",
    ),
    "wrong_account": Remedy(
        meaning="The permission is for another HubSpot account than this connection's",
        advice="Nothing of the other account was stored. Reconnect, and choose this connection's "
        f"account on HubSpot's page. {_RECONNECTED}",
    ),
    "missing_scopes": Remedy(
        meaning="HubSpot does not grant every permission that is needed",
        advice="Connect the account again and leave all permissions on HubSpot's page ticked: "
        "reading contacts, deals and owners.",
    ),
    "rate_limit": Remedy(
        meaning="HubSpot's limit of requests is reached",
        advice="Other programs share the account's limit. You need not do anything: the sync "
        "goes on as soon as HubSpot allows it.",
    ),
    "hubspot_unavailable": Remedy(
        meaning="HubSpot does not answer as it should just now", advice=_BY_ITSELF
    ),
    "network": Remedy(meaning="HubSpot cannot be reached from here", advice=_BY_ITSELF),
    "timeout": Remedy(meaning="The sync took too long and was ended", advice=_BY_ITSELF),
    "worker_lost": Remedy(meaning="The machine that ran the sync went away", advice=_BY_ITSELF),
    "database": Remedy(meaning="CRM Hub's database was not available", advice=_BY_ITSELF),
    "internal": Remedy(meaning="The sync failed by a fault of ours", advice=_BY_ITSELF),
    "unexpected_response": Remedy(
        meaning="HubSpot answered something that CRM Hub does not understand", advice=_BY_ITSELF
    ),
    "cancelled": Remedy(
        meaning="The sync was ended before it was done",
        advice="It was paused, or its worker was stopped. Nothing is lost.",
    ),
    "lease_lost": Remedy(
        meaning="The sync gave way to another one",
        advice="The connection was reset or synced from elsewhere. Nothing is lost.",
    ),
    "invalid_settings": Remedy(
        meaning="A setting of this connection does not fit", advice=_OPERATOR
    ),
    "invalid_record": Remedy(
        meaning="A record from HubSpot could not be stored",
        advice=f"What came before it is stored. {_OPERATOR}",
    ),
    "unknown_stream": Remedy(
        meaning="HubSpot's data have a kind that CRM Hub cannot store", advice=_OPERATOR
    ),
    "tenant_mismatch": Remedy(
        meaning="The connection does not fit its organisation", advice=_OPERATOR
    ),
    "mass_delete": Remedy(
        meaning="Far fewer records are in HubSpot than before",
        advice="To be safe, nothing was deleted here. If they were removed on purpose, ask "
        "whoever runs CRM Hub to allow it once.",
    ),
}
#: Of a connection that is due, and nothing happens.
UNATTENDED: Final = Remedy(
    meaning="No worker has taken this sync up yet",
    advice="It begins as soon as one is free. If it stays so, ask whoever runs CRM Hub whether a "
    "worker runs: `crmhub doctor` tells.",
)
#: What to do about any error while nothing is tried.
PAUSED_ADVICE: Final = "Nothing is tried while it is paused: resume it to have it synced again."
_UNKNOWN: Final = Remedy(meaning="The last sync failed", advice=_OPERATOR)


def remedy_of(error_class: str) -> Remedy:
    """What an error class means and asks for."""
    return REMEDIES.get(error_class, _UNKNOWN)


def state_of(connection: ConnectionReading, now: datetime) -> State:
    """How a connection stands: the first of these that holds."""
    status = connection.status
    first = connection.last_sync_at is None
    states: tuple[tuple[bool, State], ...] = (
        (
            connection.running_since is not None,
            State(name="syncing", tone="busy", words="First sync" if first else "Syncing"),
        ),
        (
            status == "needs_reconnect",
            State(name="needs_reconnect", tone="bad", words="Reconnect needed"),
        ),
        (
            status == "disconnected",
            State(name="disconnected", tone="quiet", words="Disconnected"),
        ),
        (status == "paused", State(name="paused", tone="quiet", words="Paused")),
        (
            connection.waiting_since is not None and now - connection.waiting_since > LATE,
            State(name="stuck", tone="warning", words="Waiting for a worker"),
        ),
        (
            connection.waiting_since is not None,
            State(name="waiting", tone="busy", words="Waiting to start"),
        ),
        (
            connection.last_error_class is not None,
            State(name="failed", tone="warning", words="Last sync failed"),
        ),
        (
            now - connection.next_sync_at > LATE,
            State(name="late", tone="warning", words="Sync is late"),
        ),
        (first, State(name="new", tone="busy", words="Starts shortly")),
    )
    up_to_date = State(name="up_to_date", tone="good", words="Up to date")
    return next((state for holds, state in states if holds), up_to_date)


def state_of_run(run: RunReading) -> State:
    """How a run stands or ended."""
    tones: dict[str, tuple[Tone, str]] = {
        "pending": ("busy", "Waiting"),
        "running": ("busy", "Running"),
        "succeeded": ("good", "Succeeded"),
        "failed": ("bad", "Failed"),
        "cancelled": ("quiet", "Cancelled"),
    }
    # A worker of a later release may know of others.
    tone, words = tones.get(run.status, ("quiet", run.status.capitalize()))
    return State(name=run.status, tone=tone, words=words)


def trigger_words(trigger: str) -> str:
    """Why a run was asked for; in its own word where a later release knows of another reason."""
    return _TRIGGER_WORDS.get(trigger, trigger)


def number(count: int) -> str:
    """A count with its thousands apart: 12,345."""
    return f"{count:,}"


def amount(value: Decimal | int) -> str:
    """An amount of money in whole units, so that columns of them align: 12,346."""
    # Plus nothing: a little less than nothing is no "-0".
    return f"{round(value) + 0:,}"


def counted(records: Mapping[str, int]) -> tuple[tuple[str, str], ...]:
    """Counts by stream as pairs of number and words, in the streams' order; none that is zero."""
    known = [stream for stream in STREAM_WORDS if records.get(stream)]
    others = sorted(stream for stream in records if stream not in STREAM_WORDS and records[stream])
    return tuple(
        (number(records[stream]), _one_or_many(STREAM_WORDS.get(stream, stream), records[stream]))
        for stream in known + others
    )


def duration(taken: timedelta) -> str:
    """A duration to two units: 0.4 s, 12 s, 4 min 10 s, 1 h 5 min."""
    seconds = max(0.0, taken.total_seconds())
    if seconds < _TENTHS_BELOW:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min" + (f" {whole % _MINUTE} s" if whole % _MINUTE else "")
    hours, minutes = divmod(round(whole / _MINUTE), 60)
    return f"{hours} h" + (f" {minutes} min" if minutes else "")


def _one_or_many(words: str, count: int) -> str:
    """The words for one or many of something, from those for many."""
    first, *rest = words.split(" ")
    if count == 1:
        first = f"{first[:-3]}y" if first.endswith("ies") else first.removesuffix("s")
    return " ".join([first, *rest])
