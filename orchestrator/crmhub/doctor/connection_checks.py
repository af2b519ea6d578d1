"""What HubSpot does for one connection: the tap's self-check with the connection's own token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crmhub.connections import find_connection
from crmhub.database import connect
from crmhub.doctor.findings import Finding, Verdict
from crmhub.settings import access_tokens, hubspot_api_url, required_database_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from uuid import UUID

    from tap_hubspot_crm.probe import CheckResult

_VERDICTS: Final[Mapping[str, Verdict]] = {
    "as documented": "ok",
    "handled": "ok",
    "unknown": "skipped",
    "problem": "failed",
}


def check_connection(environment: Mapping[str, str], *, connection_id: UUID) -> Iterator[Finding]:
    """One finding for each check of the tap's self-check.

    HubSpot gets about twenty calls. An access token that ends soon is renewed and stored, as before
    a run.
    """
    # What asks HubSpot takes a while to load, which not every look at an installation needs.
    from crmhub.sync.environment import tap_settings  # noqa: PLC0415 - as said above
    from tap_hubspot_crm.probe import TapError, self_check  # noqa: PLC0415 - as said above

    url = required_database_url(environment)
    with connect(url) as database:
        connection = find_connection(database, connection_id)
    token = access_tokens(environment, url).current(connection_id).secret
    settings = tap_settings(connection, api_url=hubspot_api_url(environment))
    try:
        results = self_check({**settings, "access_token": token.reveal()})
    except TapError as error:
        yield Finding(
            what=f"connection {connection_id}",
            verdict="failed",
            said=f"{error.error_class}: {error.message}",
            remedy=error.remedy,
        )
        return
    yield from map(_finding, results)


def _finding(result: CheckResult) -> Finding:
    return Finding(
        what=f"HubSpot: {result.name}",
        verdict=_VERDICTS[result.verdict],
        said=f"handled: {result.seen}" if result.verdict == "handled" else result.seen,
        remedy=result.remedy,
    )
