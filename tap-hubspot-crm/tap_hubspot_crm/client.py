"""Everything about HTTP: one place sends requests, waits, retries and tells failures apart."""

from __future__ import annotations

import json
import logging
import threading
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from urllib3.exceptions import HTTPError

from tap_hubspot_crm.auth import BearerToken, RefreshedToken, credentials_from
from tap_hubspot_crm.connections import Connections
from tap_hubspot_crm.endpoints import ApiPaths, Endpoint
from tap_hubspot_crm.errors import (
    Abandoned,
    AccessDeniedError,
    HubSpotUnavailableError,
    RateLimitedError,
    UnexpectedResponseError,
)
from tap_hubspot_crm.exchange import Answer, Request
from tap_hubspot_crm.json_bodies import read_json_object
from tap_hubspot_crm.limiter import Limiter
from tap_hubspot_crm.network_failures import read_failure
from tap_hubspot_crm.outages import Outages
from tap_hubspot_crm.pool import RequestPool
from tap_hubspot_crm.rate_headers import read_rate_headers
from tap_hubspot_crm.refusals import Refusal, read_refusal, read_shortfall
from tap_hubspot_crm.retrying import PATIENT, RetryPolicy, Tries, decide, describe
from tap_hubspot_crm.shared_changes import SharedChanges
from tap_hubspot_crm.timekeeping import HubSpotClock, Timer, parse_date_header
from tap_hubspot_crm.token_form import post_token_form

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from requests import Response
    from requests.auth import AuthBase

    from tap_hubspot_crm.auth import Credentials
    from tap_hubspot_crm.connections import Session
    from tap_hubspot_crm.exchange import ReadBody
    from tap_hubspot_crm.limiter import Call
    from tap_hubspot_crm.rate_headers import RateHeaders
    from tap_hubspot_crm.settings import Settings

T = TypeVar("T")

logger = logging.getLogger("HubSpotConnector")

#: Seconds to connect and to wait for bytes; HubSpot's edge gives up after 100 (its 524).
_TIMEOUT = (10.0, 110.0)
_SUCCESS = range(200, 300)
#: Statuses of a refused token; 530 is what one of the wrong form gets (HubSpot's edge).
_TOKEN_REFUSED = frozenset({401, 530})
#: Seconds until a refused token is tried once more, where there is no other.
_BEFORE_CONFIRMING = 1.0


class HubSpotClient:
    """Sends requests to HubSpot; safe between threads, which each have their own Session."""

    def __init__(
        self,
        settings: Settings,
        *,
        timer: Timer | None = None,
        pool_class: type[RequestPool] = RequestPool,
    ) -> None:
        """Make a client; nothing is sent yet.

        Args:
            settings: Address, credentials and limits.
            timer: How to measure and wait; the machine's own by default.
            pool_class: What makes requests side by side.
        """
        self._settings = settings
        self._timer = timer or Timer()
        self._local = threading.local()
        self._ended = threading.Event()
        self._connections = Connections(
            {
                "User-Agent": settings.user_agent,
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
            }
        )
        self.max_concurrency = settings.max_concurrency
        self.pool = pool_class(max_concurrency=settings.max_concurrency)
        self.changes = SharedChanges()
        self.paths = ApiPaths(version=settings.api_version)
        self.clock = HubSpotClock(self._timer)
        #: What the last answer to anything but a search said about limits; None before the first.
        self.rate_headers: RateHeaders | None = None
        self._outages = Outages()
        self.limiter = Limiter(
            calls_per_10_seconds=settings.calls_per_10_seconds,
            searches_per_second=settings.searches_per_second,
            timer=self._timer,
            pause=self.pause,
        )
        self._credentials: Credentials = credentials_from(
            settings, post=self._post_token_form, timer=self._timer
        )

    @property
    def replaced_refresh_token(self) -> str | None:
        """The refresh token that HubSpot sent instead of the one in the settings, if it did.

        For a caller that runs the tap in its own process and keeps the settings: it is printed
        nowhere.
        """
        credentials = self._credentials
        return credentials.replaced if isinstance(credentials, RefreshedToken) else None

    def close(self) -> None:
        """End what is still being asked: no thread is left over. More may be asked later."""
        self._ended.set()
        self._connections.cut()
        self.pool.close()
        # Those that stay behind keep the event that tells them to end.
        self._ended = threading.Event()

    def abandon(self) -> None:
        """Have nothing more asked, from any thread: who asks or waits hears `Abandoned`."""
        self._ended.set()
        self._connections.cut()

    def until_the_end(self, events: Iterator[T]) -> Iterator[T]:
        """Yield what passes tell; however they end, no thread of theirs is left."""
        try:
            yield from events
        except BaseException:
            self.close()
            raise
        self.pool.close()

    def get(
        self,
        endpoint: Endpoint,
        params: Mapping[str, str],
        *,
        read: ReadBody = read_json_object,
        policy: RetryPolicy = PATIENT,
    ) -> Answer:
        """Return the answer to a GET, its body read by `read`.

        Raises:
            TapError: See errors.py; every retry that could help was made.
        """
        return self._call(
            Request(method="GET", endpoint=endpoint, params=params, read=read, policy=policy)
        )

    def post(
        self,
        endpoint: Endpoint,
        payload: Mapping[str, Any],
        params: Mapping[str, str] | None = None,
        *,
        read: ReadBody = read_json_object,
        policy: RetryPolicy = PATIENT,
    ) -> Answer:
        """Return the answer to a POST of JSON (HubSpot reads by POST where ids are many).

        Raises:
            TapError: See errors.py; every retry that could help was made.
        """
        data = json.dumps(payload, separators=(",", ":"))
        return self._call(
            Request(
                method="POST", endpoint=endpoint, params=params or {}, data=data, read=read,
                policy=policy,
            )
        )  # fmt: skip

    def _call(self, asked: Request) -> Answer:
        kind = asked.endpoint.kind
        policy = self._outages.policy_for(kind, asked.policy)
        try:
            answer = self._answer(asked, policy)
        except HubSpotUnavailableError:
            if policy is PATIENT:
                self._outages.begin(kind)
            raise
        self._outages.end(kind)
        return answer

    def _answer(self, asked: Request, policy: RetryPolicy) -> Answer:
        request, endpoint = asked.name, asked.endpoint
        bucket = self.limiter.bucket(search=endpoint.search)
        ended = self._ended
        is_renewed = is_confirmed = False
        tries = Tries()
        while True:
            if ended.is_set():
                raise Abandoned
            token = self._credentials.token()
            call = bucket.take()
            heard = partial(bucket.answered, call)
            try:
                outcome = self._try(asked, auth=BearerToken(token), call=call, heard=heard)
            finally:
                heard()
            if isinstance(outcome, Answer):
                return outcome
            if ended.is_set():
                raise Abandoned
            if outcome.status in _TOKEN_REFUSED:
                if not is_renewed and self._credentials.renew(token):
                    is_renewed = True
                elif not is_confirmed:
                    # People reconnect an account that loses its token: one answer is too little.
                    is_confirmed = True
                    self.pause(_BEFORE_CONFIRMING)
                else:
                    raise AccessDeniedError(
                        f"HubSpot refuses the access token ({request}, status {outcome.status}): "
                        "it is wrong, expired or revoked"
                    )
                continue
            count = tries.note(outcome)
            wait = decide(
                outcome, tries=count, endpoint=endpoint, request=request, policy=policy,
                jitter=self._timer.jitter(),
            )  # fmt: skip
            logger.info(
                "%s: %s; try %d again in %.1f s", request, describe(outcome), count, wait.seconds
            )
            if wait.limit_reached:
                bucket.close_for(wait.seconds)
            else:
                self.pause(wait.seconds)

    def pause(self, seconds: float) -> None:
        """Wait, but not beyond the end of the run.

        Raises:
            Abandoned: The run ended meanwhile.
        """
        ended = self._ended
        self._timer.wait(seconds, ended)
        if ended.is_set():
            raise Abandoned

    def _try(
        self, asked: Request, *, auth: AuthBase, call: Call, heard: Callable[[], None]
    ) -> Answer | Refusal:
        sent = self._timer.monotonic()
        try:
            response, content = self._session().ask(
                asked.method,
                self._settings.api_url + asked.endpoint.path,
                params=asked.params,
                data=asked.data,
                auth=auth,
                timeout=_TIMEOUT,
                heard=heard,
            )
        except (OSError, HTTPError) as error:
            # Of `requests`, of Python where it cannot read the trusted certificates, or of urllib3
            # where the scheme of a proxy is unknown.
            return read_failure(error, asked.name)
        arrived = self._timer.monotonic()
        if response.status_code not in _SUCCESS:
            return read_refusal(response.status_code, response.headers, read_json_object(content))
        body = asked.read(content)
        if body is None:
            return Refusal(status=response.status_code, unreadable=True)
        shortfall = read_shortfall(response.status_code, body)
        if shortfall is not None:
            return shortfall
        self._heed_limits(response, search=asked.endpoint.search, call=call)
        date = parse_date_header(response.headers.get("Date", ""))
        if date is None:
            raise UnexpectedResponseError(
                f"the answer to {asked.name} has no Date header, and bookmarks are "
                "HubSpot's own time; check any proxy"
            )
        answered_at = self.clock.observe(date, arrived)
        return Answer(
            body=body, answered_at=answered_at, asked_at=self.clock.before(date, arrived - sent)
        )

    def _heed_limits(self, response: Response, *, search: bool, call: Call) -> None:
        told = read_rate_headers(response.headers)
        if not search:
            self.rate_headers = told
        if told.limit and not search:
            self.limiter.burst.correct(limit=told.limit, remaining=told.remaining, call=call)
        if told.daily_share_used > self._settings.daily_share:
            raise RateLimitedError(
                f"{told.daily_used} of the account's {told.daily} calls a day are used, more than "
                "the share that setting daily_share leaves to this tap"
            )

    def _post_token_form(self, form: Mapping[str, str]) -> tuple[int, Mapping[str, object]]:
        return post_token_form(
            form,
            url=self._settings.api_url + self.paths.token(),
            endpoint=Endpoint(path=self.paths.token(), scopes=()),
            session=self._session(),
            timeout=_TIMEOUT,
            jitter=self._timer.jitter,
            pause=self.pause,
        )

    def _session(self) -> Session:
        session: Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._connections.session()
            self._local.session = session
        return session
