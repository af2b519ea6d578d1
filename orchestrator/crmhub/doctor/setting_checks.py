"""Is every setting there, and of the form it must have?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crmhub.doctor.findings import Finding
from crmhub.errors import InvalidSettingsError
from crmhub.roles import LOGIN_SETTINGS
from crmhub.settings import (
    hubspot_api_url,
    keyring,
    pii_hash_salt,
    required_database_urls,
    token_endpoint,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_CHECKED: Final[Mapping[str, Callable[[Mapping[str, str]], object]]] = {
    "database logins": required_database_urls,
    "PII_HASH_SALT": pii_hash_salt,
    "SECRETS_ENCRYPTION_KEY": keyring,
    "HUBSPOT_API_URL": hubspot_api_url,
    "HUBSPOT_CLIENT_ID": token_endpoint,
}


def check_settings(environment: Mapping[str, str]) -> Iterator[Finding]:
    """One finding a setting."""
    embedded = not any(environment.get(setting) for setting in LOGIN_SETTINGS.values())
    for name, read in _CHECKED.items():
        if embedded and name == "database logins":
            yield Finding(
                what=name,
                verdict="skipped",
                said="DATABASE_URL is not set: the embedded PostgreSQL serves",
                remedy="set it, and the logins that `crmhub roles` prints, for a server of yours",
            )
            continue
        try:
            value = read(environment)
        except InvalidSettingsError as error:
            said, _, remedy = str(error).partition(": ")
            yield Finding(what=name, verdict="failed", said=said, remedy=remedy)
            continue
        if name == "HUBSPOT_CLIENT_ID" and value is None:
            yield Finding(
                what=name,
                verdict="skipped",
                said="no app: accounts are connected by service keys only",
                remedy="set HUBSPOT_CLIENT_ID and HUBSPOT_CLIENT_SECRET to connect by OAuth",
            )
        else:
            yield Finding(what=name, verdict="ok", said="as it must be")
