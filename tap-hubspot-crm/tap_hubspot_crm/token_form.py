"""Posts to HubSpot's OAuth token endpoint, which has limits and outages of its own."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from urllib3.exceptions import HTTPError

from tap_hubspot_crm.auth import NoToken
from tap_hubspot_crm.json_bodies import read_json_object
from tap_hubspot_crm.network_failures import read_failure
from tap_hubspot_crm.refusals import read_refusal
from tap_hubspot_crm.retrying import Tries, decide, describe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_hubspot_crm.connections import Session
    from tap_hubspot_crm.endpoints import Endpoint

logger = logging.getLogger("HubSpotConnector")

#: What it says in JSON about a grant (HubSpot: manage OAuth tokens).
_ABOUT_THE_GRANT = frozenset({400, 401, 403})


def post_token_form(
    form: Mapping[str, str],
    *,
    url: str,
    endpoint: Endpoint,
    session: Session,
    timeout: tuple[float, float],
    jitter: Callable[[], float],
    pause: Callable[[float], None],
) -> tuple[int, Mapping[str, object]]:
    """Return status and body of the answer about a grant.

    Args:
        form: What is posted; it holds secrets.
        url: Where.
        endpoint: The same, for messages.
        session: Sends it.
        timeout: Seconds to connect, and to wait for bytes.
        jitter: From 0 to 1: spreads the tries of clients that failed together.
        pause: Waits so many seconds.

    Raises:
        TapError: No such answer came, whatever was tried.
    """
    request = f"POST {endpoint.path}"
    tries = Tries()
    while True:
        try:
            response = session.post(
                url, data=dict(form), auth=NoToken(), timeout=timeout, allow_redirects=False
            )
        except (OSError, HTTPError) as error:
            refusal = read_failure(error, request)
        else:
            status = response.status_code
            body = read_json_object(response.content)
            if body is not None and (response.ok or status in _ABOUT_THE_GRANT):
                return status, body
            refusal = read_refusal(status, response.headers, body)
        count = tries.note(refusal)
        wait = decide(refusal, tries=count, endpoint=endpoint, request=request, jitter=jitter())
        logger.info(
            "%s: %s; try %d again in %.1f s", request, describe(refusal), count, wait.seconds
        )
        pause(wait.seconds)
