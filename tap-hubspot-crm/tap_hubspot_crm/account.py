"""The account that a token reads: asked and compared before anything is sent.

HubSpot: account information API, "Retrieve account details". Its only scope is `oauth`, which every
OAuth token has; service keys and private apps need none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_hubspot_crm.account_id import read_account_id
from tap_hubspot_crm.errors import MissingScopesError, UnexpectedResponseError, WrongAccountError

if TYPE_CHECKING:
    from tap_hubspot_crm.client import HubSpotClient


def account_of(client: HubSpotClient) -> str:
    """Return the id of the account that the token reads.

    Makes one call.

    Raises:
        MissingScopesError: The token may not ask for it.
        UnexpectedResponseError: HubSpot's answer names no account.
        TapError: As any other call.
    """
    endpoint = client.paths.account()
    found = read_account_id(client.get(endpoint, {}).body.get("portalId"))
    if found is None:
        raise UnexpectedResponseError(
            f"HubSpot's answer to GET {endpoint.path} has no account id in portalId; check api_url "
            "and any proxy"
        )
    return found


def check_account(client: HubSpotClient, expected: str | None) -> None:
    """Compare the account that the token reads with the expected one; None: any account will do.

    Makes one call.

    Raises:
        WrongAccountError: The token reads another account.
        UnexpectedResponseError: HubSpot's answer names no account.
        TapError: As any other call.
    """
    if expected is None:
        return
    try:
        found = account_of(client)
    except MissingScopesError as error:
        raise MissingScopesError(
            f"{error.message}; without it, setting expected_account_id cannot be checked"
        ) from None
    if found != expected:
        raise WrongAccountError(
            f"the token reads HubSpot account {found}, but expected_account_id is {expected}; "
            "nothing was sent"
        )
