"""From what went wrong to what the operator sees and what comes next: the runbook's table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
HEAD: Final = ("what happens", "`last_error_class`", "the connection", "when it is tried again")


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a run ends that met something."""

    #: What it met.
    met: str
    error_class: str
    #: A few words of the message.
    said: str = ""
    status: str = "connected"
    #: When the connection is due again, seconds from the end: at the soonest, at the latest.
    due: tuple[float, float]
    #: The same in words.
    tried_again: str

    def row(self) -> str:
        """Its line of the runbook's table."""
        status = f"`{self.status}`"
        return f"| {self.met} | `{self.error_class}` | {status} | {self.tried_again} |"


_BACKOFF: Final = "in a minute, then later and later, up to six hours"
_DAILY: Final = "in a day"
_NEVER: Final = "when the account is connected again"

HTML: Final = Ending(
    met="HubSpot answers something that is no JSON, four times",
    error_class="unexpected_response",
    said="no JSON",
    due=(MINUTE, MINUTE),
    tried_again=_BACKOFF,
)
DAILY_LIMIT: Final = Ending(
    met="the calls of the day are used up",
    error_class="rate_limit",
    said="daily limit",
    due=(0, DAY + HOUR),
    tried_again="after HubSpot's reset",
)
ACCOUNT_CLOSED: Final = Ending(
    met="the account is closed, or has removed the app",
    error_class="access_denied",
    status="needs_reconnect",
    due=(DAY - HOUR, DAY),
    tried_again=_NEVER,
)
GRANT_REVOKED: Final = Ending(
    met="the grant is revoked",
    error_class="invalid_grant",
    said="connect the account again",
    status="needs_reconnect",
    due=(DAY - HOUR, DAY),
    tried_again=_NEVER,
)
SCOPE_MISSING: Final = Ending(
    met="the token lacks a scope",
    error_class="missing_scopes",
    due=(DAY, DAY),
    tried_again=_DAILY,
)
MOST_IS_GONE: Final = Ending(
    met="a full pass would delete most of a stream",
    error_class="mass_delete",
    due=(DAY, DAY),
    tried_again=_DAILY,
)
OUTAGE: Final = Ending(
    met="HubSpot answers 503 for minutes",
    error_class="hubspot_unavailable",
    said="503",
    due=(MINUTE, MINUTE),
    tried_again=_BACKOFF,
)
NETWORK: Final = Ending(
    met="connections to HubSpot break for minutes",
    error_class="network",
    due=(MINUTE, MINUTE),
    tried_again=_BACKOFF,
)
LOST_KEY: Final = Ending(
    met="the key of the stored token, or its row, is lost",
    error_class="secret_unreadable",
    status="needs_reconnect",
    due=(DAY - HOUR, DAY),
    tried_again=_NEVER,
)
OTHER_ACCOUNT: Final = Ending(
    met="the token reads another account than the connection's",
    error_class="wrong_account",
    said="the token reads HubSpot account",
    status="needs_reconnect",
    due=(DAY - HOUR, DAY),
    tried_again=_NEVER,
)
OTHER_SALT: Final = Ending(
    met="`PII_HASH_SALT` is another one than before",
    error_class="invalid_settings",
    said="salt",
    due=(DAY, DAY),
    tried_again=_DAILY,
)
TOO_LONG: Final = Ending(
    met="the run takes longer than six hours",
    error_class="timeout",
    said="longer than",
    due=(MINUTE, MINUTE),
    tried_again=f"{_BACKOFF}; it goes on where it was",
)
STRANGE_STATE: Final = Ending(
    met="`state_json` is no state of the tap's",
    error_class="invalid_settings",
    said="state",
    due=(DAY, DAY),
    tried_again=f"{_DAILY}; a reset mends it",
)
FULL_DISK: Final = Ending(
    met="the disk of the run's directory is full",
    error_class="internal",
    said="takes no more",
    due=(MINUTE, MINUTE),
    tried_again=_BACKOFF,
)
LOST_WORKER: Final = Ending(
    met="the worker, or its machine, is gone",
    error_class="worker_lost",
    said="the worker went away",
    due=(0, 0),
    tried_again="at once by another one; from the second time on, later and later",
)

ENDINGS: Final = (
    GRANT_REVOKED,
    ACCOUNT_CLOSED,
    LOST_KEY,
    OTHER_ACCOUNT,
    DAILY_LIMIT,
    OUTAGE,
    NETWORK,
    HTML,
    SCOPE_MISSING,
    MOST_IS_GONE,
    OTHER_SALT,
    STRANGE_STATE,
    TOO_LONG,
    FULL_DISK,
    LOST_WORKER,
)


def table() -> str:
    """The runbook's table, as Markdown."""
    head = [f"| {' | '.join(HEAD)} |", "|---|---|---|---|"]
    return "\n".join([*head, *(ending.row() for ending in ENDINGS)])
