"""What HubSpot's answers about tokens mean; no input or output here.

HubSpot: "Manage OAuth tokens", error handling and usage guidelines.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crmhub.errors import (
    AccessDeniedError,
    CrmHubError,
    HubSpotUnavailableError,
    InvalidGrantError,
    InvalidSettingsError,
    NetworkFailedError,
    RateLimitedError,
    UnexpectedResponseError,
)
from crmhub.oauth.account_ids import read_account_id
from crmhub.vault.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

#: How often a request is sent at most.
MOST_TRIES = 6
#: A longer wait is not worth holding a connection's token for.
LONGEST_PAUSE_SECONDS = 15.0
#: Another token is fetched so long before the old one ends, or after half its life.
EARLY_SECONDS = 300.0
#: Where an answer does not say how long its token lives (HubSpot: 30 minutes).
LIFE_SECONDS = 1800.0
LONGEST_LIFE_SECONDS = 365 * 86_400.0

_OK = 200
_TOO_MANY = 429
#: HubSpot: a lock and a migration, which pass.
_PASSING = {423, 477}
_SERVER_ERRORS = 500
#: A token that is not known; one that has no token's form (HubSpot's edge); one not allowed.
_TOKEN_REFUSED = {401, 403, 530}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer, or that none came."""

    #: HTTP status; None where no complete answer came.
    status: int | None
    #: The JSON object; None where it is none. It may hold tokens.
    body: Mapping[str, object] | None = field(default=None, repr=False)
    #: Of the header Retry-After.
    retry_after_seconds: float | None = None

    def text(self, name: str) -> str:
        """A field of the body, "" where it is no text that could be stored and shown."""
        value = (self.body or {}).get(name)
        return value if isinstance(value, str) and value.isprintable() else ""

    def token(self, name: str) -> str:
        """A token in the body, "" where it is none that a header could carry."""
        value = self.text(name)
        return value if value.isascii() else ""


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What the token endpoint gave."""

    access_token: Secret
    #: HubSpot may give another one with every answer; the newest counts.
    refresh_token: Secret | None
    life_seconds: float
    #: HubSpot's portal id, where it was told.
    account_id: str | None
    #: What the tokens may read, where it was told.
    scopes: frozenset[str] | None = None


@dataclass(frozen=True, kw_only=True)
class Introspection:
    """What HubSpot says of a refresh token that is good."""

    account_id: str | None
    scopes: frozenset[str] | None
    #: The account's own address, as a name that people know it by.
    domain: str | None


def pause_before_retry(answer: Answer, *, tries: int, jitter: float) -> float | None:
    """Seconds until the request may be sent again; None where that helps nobody now.

    `jitter` is from 0 to 1: what failed together is not tried again together.
    """
    may_pass = (
        answer.status is None
        or answer.status in {_TOO_MANY, *_PASSING}
        or (answer.status >= _SERVER_ERRORS and answer.status not in _TOKEN_REFUSED)
        or (answer.status == _OK and answer.body is None)
    )
    if not may_pass or tries >= MOST_TRIES:
        return None
    if answer.retry_after_seconds is not None:
        asked = answer.retry_after_seconds
        return asked if asked <= LONGEST_PAUSE_SECONDS else None
    return float(min(0.5 * 2 ** (tries - 1) * (1 + jitter), LONGEST_PAUSE_SECONDS))


def read_grant(answer: Answer) -> Grant:
    """The tokens of an answer.

    Raises the error that says who has to do what where there are none.
    """
    access_token = answer.token("access_token")
    if answer.status != _OK or not access_token:
        raise refusal(answer, "token endpoint")
    life = (answer.body or {}).get("expires_in")
    refresh_token = answer.token("refresh_token")
    return Grant(
        access_token=Secret(access_token),
        refresh_token=Secret(refresh_token) if refresh_token else None,
        life_seconds=_life(life),
        account_id=account_id(answer, "hub_id"),
        scopes=read_scopes(answer),
    )


def read_introspection(answer: Answer) -> Introspection | None:
    """What an introspection tells; None for a token that is good no more.

    Raises the error that says who has to do what where it tells nothing.
    """
    if answer.status != _OK or answer.body is None:
        raise refusal(answer, "token introspection")
    if answer.body.get("active") is not True:
        return None
    return Introspection(
        account_id=account_id(answer, "hub_id"),
        scopes=read_scopes(answer),
        domain=answer.text("hub_domain") or None,
    )


def read_scopes(answer: Answer) -> frozenset[str] | None:
    """The scopes in a body, as a list or separated by spaces; None where none are told."""
    told = (answer.body or {}).get("scopes")
    if isinstance(told, str):
        told = told.split()
    if not isinstance(told, list):
        return None
    return frozenset(scope for scope in told if isinstance(scope, str))


def account_id(answer: Answer, name: str) -> str | None:
    """The portal id in a field of the body; None where there is none that could be one."""
    return read_account_id((answer.body or {}).get(name))


def _life(seconds: object) -> float:
    """How long a token lives; an answer that says nothing possible says nothing."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return LIFE_SECONDS
    return float(seconds) if 0 <= seconds <= LONGEST_LIFE_SECONDS else LIFE_SECONDS


def renew_in_seconds(life_seconds: float, *, passed_seconds: float = 0.0) -> float:
    """When to fetch the next token, counted from now.

    `passed_seconds` have gone by since it was asked for.
    """
    return max(life_seconds - EARLY_SECONDS, life_seconds / 2) - passed_seconds


def refusal(answer: Answer, whom: str) -> CrmHubError:
    """The error for an answer that is no success; `whom` was asked, as "token endpoint"."""
    where = f"HubSpot's {whom} answered {answer.status}"
    status = answer.status
    if status is None:
        return NetworkFailedError(
            f"HubSpot's {whom} gave no complete answer: check the network and HUBSPOT_API_URL"
        )
    if status == _TOO_MANY:
        return RateLimitedError(
            f"{where}: its limit is reached; another try comes later",
            retry_after_seconds=answer.retry_after_seconds,
        )
    if status in _PASSING or (status >= _SERVER_ERRORS and status not in _TOKEN_REFUSED):
        return HubSpotUnavailableError(f"{where}: HubSpot has a problem; another try comes later")
    return _final_refusal(answer, where)


def _final_refusal(answer: Answer, where: str) -> CrmHubError:
    """The error for an answer that will be the same next time."""
    match answer.text("error"):
        case "invalid_grant":
            return InvalidGrantError(
                f"{where}: the grant is invalid, expired or revoked; connect the account again"
            )
        case "invalid_client":
            return InvalidSettingsError(
                f"{where}: HUBSPOT_CLIENT_ID or HUBSPOT_CLIENT_SECRET is not the app's own"
            )
        case "access_denied":
            return AccessDeniedError(
                f"{where}: the account is gone or has removed the app; connect it again"
            )
        case _ if answer.status in _TOKEN_REFUSED:
            return AccessDeniedError(
                f"{where}: it does not take this token; connect the account again"
            )
        case _:
            return UnexpectedResponseError(f"{where}, which its documentation does not explain")
