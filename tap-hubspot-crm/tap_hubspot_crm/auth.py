"""Where the access token comes from, and what to do when HubSpot refuses it."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from requests.auth import AuthBase
from typing_extensions import override

from tap_hubspot_crm.errors import (
    AccessDeniedError,
    InvalidGrantError,
    InvalidSettingsError,
    UnexpectedResponseError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from requests import PreparedRequest

    from tap_hubspot_crm.settings import Settings
    from tap_hubspot_crm.timekeeping import Timer

logger = logging.getLogger("HubSpotConnector")

#: A new token is fetched so long before the old one ends.
_EARLY_SECONDS = 60.0
#: How long a token is good where the answer does not say (HubSpot: manage OAuth tokens), and the
#: longest that is believed.
_USUAL_SECONDS = 1_800
_MOST_SECONDS = 1_000_000_000


class Credentials(Protocol):
    """A source of access tokens, safe between threads."""

    def token(self) -> str:
        """Return the access token to use now."""

    def renew(self, refused: str) -> bool:
        """Try to get another token than the one HubSpot refused; say whether there is one."""


class BearerToken(AuthBase):
    """Sets the token itself, which also keeps `requests` from using a .netrc file instead."""

    def __init__(self, token: str) -> None:
        """Keep the token."""
        self._token = token

    @override
    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class NoToken(AuthBase):
    """For the token endpoint: no header, and no .netrc file either."""

    @override
    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        return request


class StaticToken(Credentials):
    """A token from the settings: nothing can be done when HubSpot refuses it."""

    def __init__(self, token: str) -> None:
        """Keep the token."""
        self._token = token

    @override
    def token(self) -> str:
        return self._token

    @override
    def renew(self, refused: str) -> bool:
        return False


class TokenFile(Credentials):
    """A token in a file that somebody else renews: read again whenever the file changes."""

    def __init__(self, path: str) -> None:
        """Keep the path; the file is read on first use."""
        self._path = Path(path)
        self._stamp: tuple[int, int, int] | None = None
        self._token = ""
        self._lock = threading.Lock()

    @override
    def token(self) -> str:
        with self._lock:
            try:
                status = self._path.stat()
                stamp = (status.st_mtime_ns, status.st_ino, status.st_size)
                if stamp != self._stamp:
                    self._token, self._stamp = self._read(), stamp
            except (OSError, UnicodeDecodeError) as error:
                raise InvalidSettingsError(
                    f"the file of setting access_token_file cannot be read: {type(error).__name__}"
                ) from None
            return self._token

    @override
    def renew(self, refused: str) -> bool:
        with self._lock:
            self._stamp = None
        return self.token() != refused

    def _read(self) -> str:
        token = self._path.read_text(encoding="utf-8").strip()
        if not _fits_a_header(token):
            raise InvalidSettingsError("the file of setting access_token_file must hold one token")
        return token


class RefreshedToken(Credentials):
    """An OAuth app's token, fetched with the refresh token; one thread fetches, others wait.

    HubSpot may send a new refresh token with every answer; the newest one is used from then on.
    """

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: str,
        refresh_token: str,
        post: Callable[[Mapping[str, str]], tuple[int, Mapping[str, object]]],
        timer: Timer,
    ) -> None:
        """Keep the credentials; the first token is fetched on first use."""
        self._client_id = client_id
        self._client_secret = client_secret
        self._refresh_token = refresh_token
        #: The refresh token that came instead, if one did.
        self.replaced: str | None = None
        self._post = post
        self._timer = timer
        self._access_token = ""
        self._good_until = 0.0
        self._lock = threading.Lock()

    @override
    def token(self) -> str:
        with self._lock:
            if not self._access_token or self._timer.monotonic() >= self._good_until:
                self._fetch()
            return self._access_token

    @override
    def renew(self, refused: str) -> bool:
        with self._lock:
            if self._access_token == refused:
                self._fetch()
            return self._access_token != refused

    def _fetch(self) -> None:
        asked = self._timer.monotonic()
        status, body = self._post(
            {
                "grant_type": "refresh_token",
                "client_id": self._client_id,
                "client_secret": self._client_secret,
                "refresh_token": self._refresh_token,
            }
        )
        access_token = body.get("access_token")
        if not isinstance(access_token, str) or not access_token:
            raise _refusal(status, body)
        lifetime = body.get("expires_in")
        seconds = lifetime if isinstance(lifetime, int) else _USUAL_SECONDS
        if not _fits_a_header(access_token) or not 0 <= seconds <= _MOST_SECONDS:
            raise UnexpectedResponseError(
                "HubSpot's token endpoint answered with a token of no known form, or for no "
                "possible time; check api_url and any proxy"
            )
        self._access_token = access_token
        self._good_until = asked + max(seconds - _EARLY_SECONDS, seconds / 2)
        replaced = body.get("refresh_token")
        if isinstance(replaced, str) and replaced and replaced != self._refresh_token:
            self._refresh_token = self.replaced = replaced
            logger.warning(
                "HubSpot replaced the refresh token; this run goes on with the new one, which "
                "whoever keeps the settings must fetch for the next: see the README"
            )


def _fits_a_header(token: str) -> bool:
    return bool(token) and token.isascii() and token.isprintable() and " " not in token


def _refusal(
    status: int, body: Mapping[str, object]
) -> AccessDeniedError | InvalidGrantError | InvalidSettingsError:
    """Return the error for a token endpoint's refusal (HubSpot: manage OAuth tokens)."""
    where = f"HubSpot's token endpoint answered {status}"
    if body.get("error") == "invalid_grant" or body.get("status") == "BAD_REFRESH_TOKEN":
        return InvalidGrantError(
            f"{where}: the refresh token is invalid, expired, revoked or another app's; "
            "connect the HubSpot account again"
        )
    if body.get("error") == "invalid_client" or body.get("status") in {
        "BAD_CLIENT_ID",
        "BAD_CLIENT_SECRET",
    }:
        return InvalidSettingsError(
            f"{where}: setting client_id or client_secret is not the app's own"
        )
    if body.get("status") == "BAD_HUB":
        return AccessDeniedError(f"{where}: the HubSpot account is gone or removed the app")
    return AccessDeniedError(f"{where}: HubSpot refuses to issue an access token")


def credentials_from(
    settings: Settings,
    *,
    post: Callable[[Mapping[str, str]], tuple[int, Mapping[str, object]]],
    timer: Timer,
) -> Credentials:
    """Return the credentials that the settings name: a token first, then a file, then OAuth.

    Raises:
        InvalidSettingsError: None of the three is complete.
    """
    if settings.access_token:
        return StaticToken(settings.access_token)
    if settings.access_token_file:
        return TokenFile(settings.access_token_file)
    if settings.client_id and settings.client_secret and settings.refresh_token:
        return RefreshedToken(
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            refresh_token=settings.refresh_token,
            post=post,
            timer=timer,
        )
    raise InvalidSettingsError(
        "no credentials: set access_token, access_token_file or the OAuth three"
    )
