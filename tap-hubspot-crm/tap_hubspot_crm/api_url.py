"""The address of HubSpot's API, checked: tokens travel to it."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from tap_hubspot_crm.errors import InvalidSettingsError

HUBSPOT_URL = "https://api.hubapi.com"


def read_api_url(value: str) -> str:
    """Return the address without a trailing slash.

    Raises:
        InvalidSettingsError: It is malformed, holds a password, or would carry tokens unencrypted.
    """
    try:
        parts = urlsplit(value)
        host = None if parts.port == 0 else parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme not in {"http", "https"} or not host or parts.query:
        raise InvalidSettingsError(
            "setting api_url must be an address such as https://api.hubapi.com"
        )
    if parts.username or parts.password:
        raise InvalidSettingsError("setting api_url must not hold a user name or password")
    if parts.scheme == "http" and not _is_this_machine(host):
        raise InvalidSettingsError(
            "setting api_url must begin with https://, because tokens travel by it; http:// is for "
            "this machine alone"
        )
    return value.rstrip("/")


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
