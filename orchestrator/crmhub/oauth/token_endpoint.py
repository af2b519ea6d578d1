"""HubSpot's OAuth token endpoint (HubSpot: "Manage OAuth tokens", version 2026-09)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmhub.errors import MissingScopesError
from crmhub.oauth.answers import account_id, read_grant, read_introspection, refusal

if TYPE_CHECKING:
    from crmhub.oauth.answers import Grant, Introspection
    from crmhub.oauth.asking import HubSpotAsker
    from crmhub.vault.secret import Secret

_PATH = "/oauth/2026-09/token"
_ACCOUNT_PATH = "/account-info/2026-09/details"
_OK = 200
_REVOKED = {200, 204}
_FORBIDDEN = 403


class TokenEndpoint:
    """What an app asks about its grants; each call raises as `answers.refusal` says."""

    def __init__(self, asker: HubSpotAsker, *, client_id: str, client_secret: Secret) -> None:
        """Keep who asks."""
        self._asker = asker
        self._client_id = client_id
        self._client_secret = client_secret

    def refresh(self, refresh_token: Secret) -> Grant:
        """A new access token. The refresh token may have been replaced by another one."""
        return self._grant(grant_type="refresh_token", refresh_token=refresh_token.reveal())

    def exchange(self, code: Secret, *, redirect_uri: str) -> Grant:
        """The tokens for an authorization code, which is good for one use."""
        return self._grant(
            grant_type="authorization_code", code=code.reveal(), redirect_uri=redirect_uri
        )

    def account_of(self, refresh_token: Secret) -> str | None:
        """The portal id that a refresh token is good for; None where it is good no more.

        Unlike `refresh`, this changes nothing: the token is not replaced.
        """
        found = self.introspect(refresh_token)
        return None if found is None else found.account_id

    def introspect(self, refresh_token: Secret) -> Introspection | None:
        """What a refresh token is good for; None where it is good no more. Changes nothing."""
        return read_introspection(
            self._asker.ask("POST", f"{_PATH}/introspect", form=self._about(refresh_token))
        )

    def revoke(self, refresh_token: Secret) -> None:
        """End a refresh token; one that is good no more is ended already.

        Access tokens given out for it are good until they expire.
        """
        answer = self._asker.ask("POST", f"{_PATH}/revoke", form=self._about(refresh_token))
        if answer.status not in _REVOKED:
            raise refusal(answer, "token revocation")

    def _about(self, refresh_token: Secret) -> dict[str, str]:
        return {
            **self._client(),
            "token": refresh_token.reveal(),
            "token_type_hint": "refresh_token",
        }

    def _grant(self, **form: str) -> Grant:
        return read_grant(self._asker.ask("POST", _PATH, form={**self._client(), **form}))

    def _client(self) -> dict[str, str]:
        return {
            "client_id": self._client_id,
            "client_secret": self._client_secret.reveal(),
        }


def account_of_access_token(asker: HubSpotAsker, token: Secret) -> str:
    """The portal id that an access token or service key reads.

    Raises MissingScopesError where the token may not ask (HubSpot's guide asks for the scope
    `oauth`, which OAuth tokens have; service keys and private apps need none), and as
    `answers.refusal` says: AccessDeniedError for a token that HubSpot refuses,
    UnexpectedResponseError for an answer without a portal id.
    """
    answer = asker.ask("GET", _ACCOUNT_PATH, token=token)
    if answer.status == _FORBIDDEN:
        raise MissingScopesError(
            "HubSpot does not let this token ask which account it reads: grant it the scope oauth, "
            "or use a service key"
        )
    account = account_id(answer, "portalId")
    if answer.status != _OK or account is None:
        raise refusal(answer, "account information")
    return account
