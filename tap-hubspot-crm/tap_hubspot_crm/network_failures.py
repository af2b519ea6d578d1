"""What breaks on the way to HubSpot, named with the variable that is to be corrected.

Which variables `requests` reads: `Session.merge_environment_settings` and `get_environ_proxies` in
its source. It reads neither SSL_CERT_FILE nor SSL_CERT_DIR.
"""

from __future__ import annotations

import os
import ssl
from typing import TYPE_CHECKING, Final

from requests import exceptions
from urllib3.exceptions import HTTPError, ProxySchemeUnknown

from tap_hubspot_crm.errors import NetworkFailedError
from tap_hubspot_crm.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The first that is set counts.
_CERTIFICATES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_PROXIES: Final = (
    "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"
)  # fmt: skip
#: Parts of OpenSSL that read files of certificates.
_READERS_OF_FILES: Final = frozenset({"X509", "PEM"})

#: The more special before the more general.
_FAILURES: Final[tuple[tuple[type[Exception], str], ...]] = (
    (exceptions.SSLError, "no encrypted connection came about, or it broke"),
    (exceptions.ConnectTimeout, "HubSpot could not be reached in time"),
    (exceptions.Timeout, "HubSpot did not answer in time"),
    (exceptions.ChunkedEncodingError, "the answer broke off"),
    (exceptions.ContentDecodingError, "the answer was not packed as it said"),
    (exceptions.ConnectionError, "there was no connection, or it broke"),
    (Exception, "the request could not be sent"),
)


def read_failure(error: OSError | HTTPError, request: str) -> Refusal:
    """Name what broke; the exception's own text may quote the address with its ids.

    Args:
        error: Of `requests`, of urllib3, or of Python where it cannot read the certificates.
        request: Method and path, for the message.

    Raises:
        NetworkFailedError: No further try can help: the host is not to be trusted, or the
            machine's own settings keep the request from being sent.
    """
    if _is_about_a_file(error):
        raise NetworkFailedError(
            f"the trusted certificates cannot be read ({request}): {_certificates_to_correct()}"
        ) from None
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(error)):
        raise NetworkFailedError(
            f"no trusted connection to HubSpot ({request}): its certificate is refused; if a proxy "
            f"is in the way, {_CERTIFICATES[0]} must name a file with the proxy's certificate "
            "authority (SSL_CERT_FILE is not read)"
        ) from None
    match error:
        # The address of HubSpot is checked with the settings, so that of the proxy is meant.
        case exceptions.InvalidURL() | exceptions.InvalidSchema() | ProxySchemeUnknown():
            raise NetworkFailedError(
                f"the proxy cannot be used ({request}): {_named(_PROXIES)} must be an address such "
                "as http://proxy.example:3128; SOCKS needs the package PySocks"
            ) from None
        case exceptions.ProxyError():
            failure = f"the proxy of {_named(_PROXIES)} did not connect"
        case _:
            failure = next(words for kind, words in _FAILURES if isinstance(error, kind))
    return Refusal(status=None, failure=failure)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and those that it wraps: `requests` and urllib3 wrap them thrice."""
    yield error
    for cause in (getattr(error, "reason", None), *error.args):
        if isinstance(cause, BaseException):
            yield from _causes(cause)


def _is_about_a_file(error: OSError | HTTPError) -> bool:
    """Say whether the trusted certificates could not be read."""
    if not isinstance(error, exceptions.RequestException | HTTPError):
        # `requests` raises a bare OSError for a path that leads nowhere.
        return True
    return isinstance(error, exceptions.SSLError) and any(
        isinstance(cause, PermissionError | FileNotFoundError)
        or (isinstance(cause, ssl.SSLError) and cause.library in _READERS_OF_FILES)
        for cause in _causes(error)
    )


def _certificates_to_correct() -> str:
    given = next((name for name in _CERTIFICATES if os.environ.get(name)), None)
    if given is None:
        return f"the package certifi is damaged; install it again, or set {_CERTIFICATES[0]}"
    return f"{given} must name a readable file of certificates, or be unset"


def _named(variables: tuple[str, ...]) -> str:
    """Return those of the variables that are set; all of them if none is."""
    return " or ".join([name for name in variables if os.environ.get(name)] or variables)
