"""Tokens and grants: which portal a token reads, with which scopes and until when."""

import hashlib
import re
import threading
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from hubspot_sandbox.clock import Clock, iso
from hubspot_sandbox.errors import expired_token, malformed_token, refused_grant, unknown_token

#: How long an access token lives (HubSpot: manage OAuth tokens).
LIFETIME_SECONDS: Final = 1800

DEFAULT_SCOPES: Final = (
    "oauth",
    "crm.objects.contacts.read",
    "crm.objects.deals.read",
    "crm.objects.owners.read",
    "crm.schemas.contacts.read",
    "crm.schemas.deals.read",
)

_FORM: Final = re.compile(r"[A-Za-z0-9._~+/=-]+")


@dataclass(frozen=True, kw_only=True)
class TokenHabits:
    """How tokens live: HubSpot may change what is not promised."""

    #: Of an access token from now on.
    lifetime_seconds: int = LIFETIME_SECONDS
    #: Whether a refresh gives out another refresh token and ends the one it was given.
    rotates_refresh_tokens: bool = False
    #: How long the one that was replaced is still good.
    rotation_grace_seconds: int = 0
    #: Whether a token's answer tells portal and scopes; introspection does in any case.
    tells_portal: bool = True


@dataclass(frozen=True, kw_only=True)
class Credential:
    """What an accepted bearer token stands for."""

    kind: Literal["static", "oauth"]
    portal_id: int
    #: The app that calls: limits are counted for it.
    app_id: int
    scopes: tuple[str, ...]
    #: Milliseconds since 1970; None for a static token.
    expires_at: int | None = None
    client_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Grant:
    """A refresh token's meaning, or that of a code not yet exchanged."""

    portal_id: int
    scopes: tuple[str, ...]
    client_id: str
    redirect_uri: str | None = None


@dataclass(frozen=True, kw_only=True)
class IssuedTokens:
    """What the token endpoint gives out."""

    grant: Grant
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int


class TokenBook:
    """Every token of a sandbox. Tokens are made up from a name and a running number."""

    def __init__(self, *, clock: Clock, name: str) -> None:
        self._clock = clock
        self._name = name
        self._count = 0
        self._lock = threading.Lock()
        self._access: dict[str, Credential] = {}
        self._refresh: dict[str, Grant] = {}
        self._codes: dict[str, Grant] = {}
        #: Until when (ms) a refresh token that was replaced is still good.
        self._replaced: dict[str, int] = {}
        self.habits = TokenHabits()

    def add_static(
        self,
        token: str | None,
        *,
        portal_id: int,
        scopes: tuple[str, ...] = DEFAULT_SCOPES,
        app_id: int | None = None,
    ) -> str:
        """Accept a static token for a portal (one is made up where none is given)."""
        token = token or self._make("pat-na1", portal_id)
        self._access[token] = Credential(
            kind="static",
            portal_id=portal_id,
            app_id=portal_id % 900_000 + 100_000 if app_id is None else app_id,
            scopes=scopes,
        )
        return token

    def add_grant(self, grant: Grant) -> str:
        """Return a new refresh token for a portal that installed the app."""
        token = self._make("na1", grant.portal_id)
        self._refresh[token] = grant
        return token

    def add_code(self, grant: Grant) -> str:
        """Return a new authorization code, good for one exchange."""
        code = self._make("code", grant.portal_id)
        self._codes[code] = grant
        return code

    def authenticate(self, token: str) -> Credential:
        """Return what a bearer token stands for.

        Raises:
            ApiError: malformed, unknown, revoked or expired.
        """
        if not _FORM.fullmatch(token):
            raise malformed_token()
        credential = self._access.get(token)
        if credential is None:
            raise unknown_token()
        now = self._clock.now_ms()
        if credential.expires_at is not None and now >= credential.expires_at:
            seconds = (now - credential.expires_at) // 1000
            raise expired_token(iso(credential.expires_at), seconds)
        return credential

    def exchange(self, code: str, client_id: str, redirect_uri: str | None) -> IssuedTokens:
        """Turn an authorization code into tokens, once.

        Raises:
            ApiError: unknown or used code, another client or another redirect address.
        """
        with self._lock:
            grant = self._codes.pop(code, None)
        if grant is None or grant.client_id != client_id:
            raise refused_grant("BAD_AUTH_CODE", "invalid_grant", "missing or unknown auth code")
        if grant.redirect_uri is not None and grant.redirect_uri != redirect_uri:
            raise refused_grant(
                "BAD_REDIRECT_URI", "invalid_grant", "missing or invalid redirect URI"
            )
        return self._issue(grant, self.add_grant(grant))

    def find_grant(self, refresh_token: str, client_id: str) -> Grant:
        """Return what a refresh token stands for.

        Raises:
            ApiError: invalid, revoked or another client's.
        """
        grant = self._good_grant(refresh_token)
        if grant is None or grant.client_id != client_id:
            message = "refresh token is invalid, expired or revoked"
            raise refused_grant("BAD_REFRESH_TOKEN", "invalid_grant", message)
        return grant

    def refresh(self, refresh_token: str, client_id: str) -> IssuedTokens:
        """Give out a new access token; earlier ones stay good until they expire.

        Raises:
            ApiError: invalid, revoked or another client's.
        """
        grant = self.find_grant(refresh_token, client_id)
        if self.habits.rotates_refresh_tokens:
            grace = self.habits.rotation_grace_seconds * 1000
            self._replaced.setdefault(refresh_token, self._clock.now_ms() + grace)
            refresh_token = self.add_grant(grant)
        return self._issue(grant, refresh_token)

    def look_up(self, token: str) -> Credential | Grant | None:
        """Return what an access or refresh token stands for, None where it is good no more."""
        if (grant := self._good_grant(token)) is not None:
            return grant
        credential = self._access.get(token)
        if credential and credential.expires_at and self._clock.now_ms() >= credential.expires_at:
            return None
        return credential

    def revoke(self, token: str) -> None:
        """End a token; access tokens given out for a refresh token survive it."""
        self._refresh.pop(token, None)
        self._access.pop(token, None)

    def forget_portal(self, portal_id: int) -> None:
        """End every grant and OAuth access token of a portal; static tokens stay."""
        with self._lock:
            self._refresh = {
                token: grant
                for token, grant in self._refresh.items()
                if grant.portal_id != portal_id
            }
            self._access = {
                token: credential
                for token, credential in self._access.items()
                if credential.portal_id != portal_id or credential.kind == "static"
            }

    def expire(self, portal_id: int) -> None:
        """Let every OAuth access token of a portal expire now."""
        now = self._clock.now_ms()
        for token, credential in list(self._access.items()):
            if credential.portal_id == portal_id and credential.kind == "oauth":
                self._access[token] = replace(credential, expires_at=now)

    def _good_grant(self, refresh_token: str) -> Grant | None:
        good_until = self._replaced.get(refresh_token)
        if good_until is not None and self._clock.now_ms() >= good_until:
            return None
        return self._refresh.get(refresh_token)

    def _issue(self, grant: Grant, refresh_token: str) -> IssuedTokens:
        token = self._make("access", grant.portal_id)
        self._access[token] = Credential(
            kind="oauth",
            portal_id=grant.portal_id,
            app_id=int(hashlib.sha256(grant.client_id.encode()).hexdigest()[:6], 16),
            scopes=grant.scopes,
            expires_at=self._clock.now_ms() + self.habits.lifetime_seconds * 1000,
            client_id=grant.client_id,
        )
        return IssuedTokens(
            grant=grant,
            access_token=token,
            refresh_token=refresh_token,
            expires_in=self.habits.lifetime_seconds,
        )

    def _make(self, prefix: str, portal_id: int) -> str:
        with self._lock:
            self._count += 1
            digest = hashlib.sha256(f"{self._name} {portal_id} {self._count}".encode()).hexdigest()
        parts = (digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32])
        return f"{prefix}-{'-'.join(parts)}"
