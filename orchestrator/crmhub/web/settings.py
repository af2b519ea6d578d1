"""The settings of the web process, all from the environment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from crmhub.errors import InvalidSettingsError
from crmhub.settings import hubspot_api_url, is_loopback, keyring, token_endpoint, whole_number
from crmhub.vault.secret import Secret
from crmhub.web.login_keys import LoginKeys, SharedKey, key_set

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmhub.oauth.token_endpoint import TokenEndpoint
    from crmhub.settings import WebUrls
    from crmhub.vault.keyring import Keyring

#: A key for HMAC-SHA256 has as many bytes as its hash (RFC 7518, 3.2).
SIGNING_KEY_BYTES: Final = 32
_TOKEN_CHARACTERS: Final = 32
#: Somebody looks at a page that loads: HubSpot is asked again for no longer, seconds.
_PATIENCE_SECONDS: Final = 6.0
_HUBSPOT_AUTHORIZE_URL: Final = "https://app.hubspot.com/oauth/authorize"


@dataclass(frozen=True, kw_only=True)
class WebSettings:
    """Everything the web process is told."""

    #: Of the orchestrator and the reader; the web process uses no other.
    urls: WebUrls
    #: Where browsers reach it, as `https://crmhub.example.com`; without a slash at its end.
    base_url: str
    #: What the host application's tokens are checked with.
    login_keys: LoginKeys
    #: What programs show to the internal API; None: it is closed.
    internal_token: Secret | None
    keyring: Keyring
    #: None where no app is set: accounts cannot be connected by OAuth then.
    endpoint: TokenEndpoint | None
    client_id: str
    #: Where HubSpot asks its user for consent.
    authorize_url: str
    #: Origins that may show pages in a frame; empty: none.
    frame_ancestors: tuple[str, ...] = ()
    #: How often programs may call the internal API.
    internal_calls_per_minute: int = 600
    #: How long a client may take to send its request's head, and then its body.
    patience_seconds: float = 10.0
    #: A page that waits longer for the database says so instead.
    database_wait_seconds: float = 3.0
    #: Between two looks for what has changed on pages that somebody watches.
    look_seconds: float = 1.0

    @property
    def is_secure(self) -> bool:
        """Whether browsers come by HTTPS; by anything else they come from this machine only."""
        return self.base_url.startswith("https://")


def web_settings(
    environment: Mapping[str, str], urls: WebUrls, *, host: str, port: int
) -> WebSettings:
    """The settings of a web process that listens at host and port.

    Raises InvalidSettingsError naming the first that is missing or malformed.
    """
    return WebSettings(
        urls=urls,
        base_url=base_url(environment) or _own_address(host, port),
        login_keys=login_keys(environment),
        internal_token=internal_token(environment),
        keyring=keyring(environment),
        endpoint=token_endpoint(environment, patience_seconds=_PATIENCE_SECONDS),
        client_id=environment.get("HUBSPOT_CLIENT_ID", ""),
        authorize_url=authorize_url(environment),
        frame_ancestors=frame_ancestors(environment),
        internal_calls_per_minute=internal_calls_per_minute(environment),
    )


def _own_address(host: str, port: int) -> str:
    if not is_loopback(host):
        raise InvalidSettingsError(
            f"CRMHUB_BASE_URL is missing: others than this machine can reach {host}, so it must be "
            "the address that their browsers use, as https://crmhub.example.com"
        )
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def base_url(environment: Mapping[str, str]) -> str | None:
    """CRMHUB_BASE_URL without a slash at its end, None if it is not set.

    Raises InvalidSettingsError, also for HTTP from elsewhere: sessions would travel in the open.
    """
    url = environment.get("CRMHUB_BASE_URL", "")
    if not url:
        return None
    if not _is_origin(url.rstrip("/")):
        raise InvalidSettingsError(
            "CRMHUB_BASE_URL must be the address of the Status Center without a path, as "
            "https://crmhub.example.com"
        )
    parts = urlsplit(url)
    if parts.scheme != "https" and not is_loopback(parts.hostname):
        raise InvalidSettingsError(
            "CRMHUB_BASE_URL must begin with https://, because sessions travel by it; http:// is "
            "for this machine alone, as http://127.0.0.1:8080"
        )
    return url.rstrip("/")


def login_keys(environment: Mapping[str, str]) -> LoginKeys:
    """The key of CRMHUB_SIGNING_KEY, or those of CRMHUB_JWKS_FILE. Raises InvalidSettingsError."""
    shared = environment.get("CRMHUB_SIGNING_KEY", "")
    path = environment.get("CRMHUB_JWKS_FILE", "")
    if bool(shared) == bool(path):
        raise InvalidSettingsError(
            "CRMHUB_SIGNING_KEY or CRMHUB_JWKS_FILE must be set, one of the two: the host "
            "application signs with it who may see the Status Center; make a key with "
            "`openssl rand -base64 32`"
        )
    if path:
        return key_set(Path(path), setting="CRMHUB_JWKS_FILE")
    return SharedKey(signing_key(environment))


def signing_key(environment: Mapping[str, str]) -> Secret:
    """The key of CRMHUB_SIGNING_KEY. Raises InvalidSettingsError."""
    shared = environment.get("CRMHUB_SIGNING_KEY", "")
    if len(shared.encode()) < SIGNING_KEY_BYTES:
        raise InvalidSettingsError(
            f"CRMHUB_SIGNING_KEY must be a secret of at least {SIGNING_KEY_BYTES} bytes, the "
            "same in the host application: make one with `openssl rand -base64 32`"
        )
    return Secret(shared)


def internal_token(environment: Mapping[str, str]) -> Secret | None:
    """CRMHUB_INTERNAL_TOKEN, None if it is not set. Raises InvalidSettingsError."""
    token = environment.get("CRMHUB_INTERNAL_TOKEN", "")
    if not token:
        return None
    if len(token) < _TOKEN_CHARACTERS or not (token.isascii() and token.isprintable()):
        raise InvalidSettingsError(
            f"CRMHUB_INTERNAL_TOKEN must be a secret of at least {_TOKEN_CHARACTERS} letters and "
            "digits: make one with `openssl rand -hex 32`"
        )
    return Secret(token)


def authorize_url(environment: Mapping[str, str]) -> str:
    """HUBSPOT_AUTHORIZE_URL, else what belongs to HUBSPOT_API_URL. Raises InvalidSettingsError."""
    url = environment.get("HUBSPOT_AUTHORIZE_URL", "")
    if url:
        if not url.startswith(("https://", "http://")) or {"?", "#"} & set(url):
            raise InvalidSettingsError(
                f"HUBSPOT_AUTHORIZE_URL must be an address as {_HUBSPOT_AUTHORIZE_URL}"
            )
        return url
    api_url = hubspot_api_url(environment)
    return f"{api_url.rstrip('/')}/oauth/authorize" if api_url else _HUBSPOT_AUTHORIZE_URL


def frame_ancestors(environment: Mapping[str, str]) -> tuple[str, ...]:
    """CRMHUB_FRAME_ANCESTORS: origins, separated by spaces. Raises InvalidSettingsError."""
    origins = tuple(environment.get("CRMHUB_FRAME_ANCESTORS", "").split())
    if not all(map(_is_origin, origins)):
        raise InvalidSettingsError(
            "CRMHUB_FRAME_ANCESTORS must be origins separated by spaces, as https://app.example.com"
        )
    return origins


def internal_calls_per_minute(environment: Mapping[str, str]) -> int:
    """CRMHUB_INTERNAL_CALLS_PER_MINUTE: 600 by default. Raises InvalidSettingsError."""
    return whole_number(
        "CRMHUB_INTERNAL_CALLS_PER_MINUTE",
        environment.get("CRMHUB_INTERNAL_CALLS_PER_MINUTE"),
        default=600,
        least=1,
    )


def _is_origin(url: str) -> bool:
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    if not url.isascii() or not url.isprintable() or {" ", ";", ",", "'", '"', "\\"} & set(url):
        return False
    bare = f"{parts.scheme}://{parts.netloc}"
    return named and parts.scheme in {"https", "http"} and "@" not in url and url == bare
