"""Does HubSpot answer, and does its clock go as ours does?"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import requests

from crmhub.doctor.database_checks import clock_finding
from crmhub.doctor.findings import Finding
from crmhub.oauth.asking import TIMEOUT_SECONDS
from crmhub.settings import hubspot_asker

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Answered without a token by a refusal, which is all that is asked for.
_PATH = "/account-info/2026-09/details"
_SERVER_ERRORS = 500


def check_hubspot(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Whether an answer comes, and its Date header beside our clock."""
    url = hubspot_asker(environment).api_url
    before = datetime.now(UTC)
    try:
        answer = requests.get(url + _PATH, timeout=TIMEOUT_SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        yield Finding(
            what="HubSpot",
            verdict="failed",
            said=f"no answer ({type(error).__name__})",
            remedy="check DNS, firewall, HTTPS_PROXY and HUBSPOT_API_URL",
        )
        return
    after = datetime.now(UTC)
    is_down = answer.status_code >= _SERVER_ERRORS
    yield Finding(
        what="HubSpot",
        verdict="warning" if is_down else "ok",
        said=f"answers in {(after - before).total_seconds() * 1000:.0f} ms"
        + (f", with status {answer.status_code}" if is_down else ""),
        remedy="wait, and look at HubSpot's status page" if is_down else "",
    )
    try:
        told = parsedate_to_datetime(answer.headers.get("Date", ""))
    except ValueError:
        return
    yield clock_finding("clock of HubSpot", told.astimezone(UTC), before=before, after=after)
