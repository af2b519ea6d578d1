"""Ask HubSpot for what its user has granted, and check that a sync can live on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmhub.errors import (
    CrmHubError,
    HubSpotUnavailableError,
    InvalidSettingsError,
    NetworkFailedError,
    RateLimitedError,
)
from crmhub.oauth.scopes import missing_scopes
from crmhub.web.errors import ConsentRefusedError, HubSpotAwayError

if TYPE_CHECKING:
    from crmhub.oauth.answers import Grant, Introspection
    from crmhub.oauth.token_endpoint import TokenEndpoint
    from crmhub.vault.secret import Secret

_PASSING = (HubSpotUnavailableError, NetworkFailedError, RateLimitedError)


@dataclass(frozen=True, kw_only=True)
class GrantedAccount:
    """An account that its user lets us read."""

    #: HubSpot's portal id.
    account_id: str
    #: The account's own address, where HubSpot told it.
    domain: str | None
    refresh_token: Secret


def granted_account(endpoint: TokenEndpoint, code: Secret, *, redirect_uri: str) -> GrantedAccount:
    """The account that a code stands for.

    Raises HubSpotAwayError, or ConsentRefusedError where its user has to do something else.
    A grant that is refused is left alone: ending it could end another connection's too.
    """
    try:
        grant = endpoint.exchange(code, redirect_uri=redirect_uri)
        refresh_token = grant.refresh_token
        told = None if refresh_token is None else _told_of(endpoint, grant, refresh_token)
    except _PASSING:
        raise HubSpotAwayError(
            "HubSpot does not answer just now. Nothing was changed: connect again in a minute."
        ) from None
    except InvalidSettingsError:
        raise ConsentRefusedError(
            "HubSpot does not know this app by its id and secret. Whoever runs CRM Hub has to "
            "correct HUBSPOT_CLIENT_ID and HUBSPOT_CLIENT_SECRET."
        ) from None
    except CrmHubError:
        raise ConsentRefusedError(
            "HubSpot did not take the permission it had given. Nothing was changed: connect again."
        ) from None
    account_id = grant.account_id or (told and told.account_id)
    if refresh_token is None or not account_id:
        raise ConsentRefusedError(
            "HubSpot did not say which account was connected. Nothing was changed: connect again."
        )
    scopes = grant.scopes if grant.scopes is not None else (told and told.scopes)
    if missing := missing_scopes(scopes or None):
        raise ConsentRefusedError(
            f"The permission lacks {', '.join(missing)}. Nothing was changed: connect again as a "
            "user who may read contacts, deals and owners of the account, and grant all of it."
        )
    return GrantedAccount(
        account_id=account_id,
        domain=None if told is None else told.domain,
        refresh_token=refresh_token,
    )


def _told_of(endpoint: TokenEndpoint, grant: Grant, refresh_token: Secret) -> Introspection | None:
    """What HubSpot says of the token beside what it said when it gave it.

    Without an answer the account has no name; that is no reason to send its user away.
    """
    try:
        return endpoint.introspect(refresh_token)
    except CrmHubError:
        if grant.account_id is None or grant.scopes is None:
            raise
        return None
