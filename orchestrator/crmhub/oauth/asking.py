"""Send a request to HubSpot that is about tokens, and again where that may help."""

from __future__ import annotations

import json
import logging
import math
import random
import time
from typing import TYPE_CHECKING

import requests
from requests.auth import AuthBase
from typing_extensions import override

from crmhub.oauth.answers import Answer, pause_before_retry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from requests import PreparedRequest, Response

    from crmhub.vault.secret import Secret

logger = logging.getLogger("HubSpotSyncWorker")

HUBSPOT_API_URL = "https://api.hubapi.com"
#: To connect, and to wait for an answer.
TIMEOUT_SECONDS = (5.0, 20.0)
#: After so long nothing is tried again: somebody may be waiting for the connection's token.
PATIENCE_SECONDS = 45.0


class _Authorization(AuthBase):
    """A bearer token, or none; either way, no .netrc file is asked."""

    def __init__(self, token: Secret | None) -> None:
        self._token = token

    @override
    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        return request


class HubSpotAsker:
    """Sends requests to one address of HubSpot's, or of its sandbox's."""

    def __init__(
        self,
        api_url: str | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        """Keep the address (absent: HubSpot's own) and after how long nothing is tried again."""
        self._patience_seconds = patience_seconds
        self.api_url = (api_url or HUBSPOT_API_URL).rstrip("/")
        self._sleep = sleep

    def ask(
        self,
        method: str,
        path: str,
        *,
        form: Mapping[str, str] | None = None,
        token: Secret | None = None,
    ) -> Answer:
        """The last answer: a success, a refusal, or what is left after every try that may help."""
        began = time.monotonic()
        tries = 0
        while True:
            tries += 1
            answer = self._once(method, path, form, token)
            pause = pause_before_retry(answer, tries=tries, jitter=random.random())  # noqa: S311 - spreads retries
            if pause is None or time.monotonic() - began + pause > self._patience_seconds:
                return answer
            logger.info("%s %s: status %s; again in %.1f s", method, path, answer.status, pause)
            self._sleep(pause)

    def _once(
        self, method: str, path: str, form: Mapping[str, str] | None, token: Secret | None
    ) -> Answer:
        try:
            response = requests.request(
                method,
                self.api_url + path,
                data=form,
                auth=_Authorization(token),
                timeout=TIMEOUT_SECONDS,
                # A form with secrets goes where it was meant to go, or nowhere.
                allow_redirects=False,
            )
        except requests.RequestException:
            return Answer(status=None)
        return Answer(
            status=response.status_code,
            body=_json_object(response),
            retry_after_seconds=_retry_after(response),
        )


def _json_object(response: Response) -> dict[str, object] | None:
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _retry_after(response: Response) -> float | None:
    try:
        seconds = float(response.headers.get("Retry-After", ""))
    except ValueError:
        return None
    return seconds if 0 <= seconds < math.inf else None
