"""Are the settings of the Status Center and of the internal API as they must be?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crmhub.doctor.findings import Finding
from crmhub.errors import InvalidSettingsError
from crmhub.web.settings import (
    authorize_url,
    base_url,
    frame_ancestors,
    internal_calls_per_minute,
    internal_token,
    login_keys,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_SIGNING: Final = ("CRMHUB_SIGNING_KEY", "CRMHUB_JWKS_FILE")
_CHECKED: Final[Mapping[str, Callable[[Mapping[str, str]], object]]] = {
    "CRMHUB_BASE_URL": base_url,
    "CRMHUB_INTERNAL_TOKEN": internal_token,
    "CRMHUB_INTERNAL_CALLS_PER_MINUTE": internal_calls_per_minute,
    "CRMHUB_FRAME_ANCESTORS": frame_ancestors,
    "HUBSPOT_AUTHORIZE_URL": authorize_url,
}
#: What it means that a setting is not there.
_ABSENT: Final[Mapping[str, str]] = {
    "CRMHUB_BASE_URL": "not set: the Status Center is for this machine alone",
    "CRMHUB_INTERNAL_TOKEN": "not set: the internal API is closed",
}


def check_web_settings(environment: Mapping[str, str]) -> Iterator[Finding]:
    """One finding for each setting that is there, or whose absence closes something."""
    if any(environment.get(setting) for setting in _SIGNING):
        yield _finding(_SIGNING[0], login_keys, environment)
    else:
        yield Finding(
            what=_SIGNING[0],
            verdict="skipped",
            said="not set: the Status Center cannot be started",
            remedy="make one with `openssl rand -base64 32` for `crmhub web` or `crmhub run`",
        )
    for name, read in _CHECKED.items():
        if environment.get(name):
            yield _finding(name, read, environment)
        elif name in _ABSENT:
            yield Finding(
                what=name,
                verdict="skipped",
                said=_ABSENT[name],
                remedy="set it to change that",
            )


def _finding(
    name: str, read: Callable[[Mapping[str, str]], object], environment: Mapping[str, str]
) -> Finding:
    try:
        read(environment)
    except InvalidSettingsError as error:
        return Finding(what=name, verdict="failed", said="not as it must be", remedy=str(error))
    return Finding(what=name, verdict="ok", said="as it must be")
