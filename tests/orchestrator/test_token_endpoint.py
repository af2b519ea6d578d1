"""A code that HubSpot's user brings back becomes tokens, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmhub.errors import CrmHubError, InvalidSettingsError
from crmhub.oauth.asking import HubSpotAsker
from crmhub.oauth.token_endpoint import TokenEndpoint
from crmhub.vault.secret import Secret
from hubspot_sandbox.faults import FaultRule
from hubspot_sandbox.server import RunningSandbox, running_sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hubspot_sandbox.sandbox import SandboxPortal

ADDRESS = "http://127.0.0.1/oauth/hubspot/callback"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox() as running:
        yield running


@pytest.fixture
def portal(sandbox: RunningSandbox) -> SandboxPortal:
    return sandbox.sandbox.add_portal()


def endpoint(
    sandbox: RunningSandbox, portal: SandboxPortal, *, secret: str | None = None
) -> TokenEndpoint:
    return TokenEndpoint(
        HubSpotAsker(sandbox.url, sleep=lambda _seconds: None),
        client_id=portal.client_id,
        client_secret=Secret(secret or portal.client_secret),
    )


def code_of(sandbox: RunningSandbox, portal: SandboxPortal) -> Secret:
    return Secret(sandbox.sandbox.issue_code(portal.portal_id, redirect_uri=ADDRESS))


def test_a_code_becomes_tokens_of_its_account(
    sandbox: RunningSandbox, portal: SandboxPortal
) -> None:
    asking = endpoint(sandbox, portal)
    grant = asking.exchange(code_of(sandbox, portal), redirect_uri=ADDRESS)
    assert grant.account_id == str(portal.portal_id)
    assert grant.life_seconds == 1800
    assert grant.refresh_token is not None
    # Both are good: the one reads the portal, the other brings the next one.
    assert asking.account_of(grant.refresh_token) == str(portal.portal_id)
    assert asking.refresh(grant.refresh_token).access_token != grant.access_token


def test_a_code_is_good_for_one_use_and_for_its_own_address(
    sandbox: RunningSandbox, portal: SandboxPortal
) -> None:
    asking = endpoint(sandbox, portal)
    code = code_of(sandbox, portal)
    with pytest.raises(CrmHubError) as elsewhere:
        asking.exchange(code_of(sandbox, portal), redirect_uri="http://127.0.0.1/elsewhere")
    asking.exchange(code, redirect_uri=ADDRESS)
    with pytest.raises(CrmHubError) as again:
        asking.exchange(code, redirect_uri=ADDRESS)
    for refused in (elsewhere, again):
        assert "token endpoint answered 400" in str(refused.value)
        assert code.reveal() not in str(refused.value)


def test_an_app_that_is_not_the_codes_is_the_operators_to_mend(
    sandbox: RunningSandbox, portal: SandboxPortal
) -> None:
    with pytest.raises(InvalidSettingsError, match="HUBSPOT_CLIENT_SECRET"):
        endpoint(sandbox, portal, secret="another").exchange(
            code_of(sandbox, portal), redirect_uri=ADDRESS
        )


def test_a_code_outlives_a_failure_of_the_token_endpoint_that_passes(
    sandbox: RunningSandbox, portal: SandboxPortal
) -> None:
    code = code_of(sandbox, portal)
    sandbox.sandbox.fail_next(FaultRule(kind="503", rate=1.0, paths=("token",)), 2)
    grant = endpoint(sandbox, portal).exchange(code, redirect_uri=ADDRESS)
    assert grant.account_id == str(portal.portal_id)
