"""The sandbox as a WSGI application: finds the portal, counts the call, answers as HubSpot does."""

import json
import uuid
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Request

from hubspot_sandbox import consent, oauth
from hubspot_sandbox.calls import Answer, Call, JsonObject
from hubspot_sandbox.control import Control
from hubspot_sandbox.delivery import Delivery, deliver
from hubspot_sandbox.errors import (
    ApiError,
    invalid_request,
    no_credentials,
    not_found,
    unknown_token,
    uri_too_long,
    wrong_method,
)
from hubspot_sandbox.fault_answers import failed_answer, ruined
from hubspot_sandbox.metadata import read_daily_usage
from hubspot_sandbox.routes import Target, build_map
from hubspot_sandbox.sandbox import LoggedRequest, Sandbox, SandboxPortal
from hubspot_sandbox.search import search_records
from hubspot_sandbox.tokens import Credential

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from hubspot_sandbox.faults import FaultRule

_OAUTH: Final = {
    "token": oauth.issue_tokens,
    "introspect": oauth.introspect_token,
    "revoke": oauth.revoke_token,
}
_CONSENT: Final = {"consent page": consent.ask_consent, "consent": consent.decide}


class SandboxApp:
    """Serves a sandbox, over a socket or called in-process."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._map = build_map()
        self._control = Control(sandbox)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one WSGI request; a stall passes in the clock's time.

        Raises:
            ConnectionResetError: the connection is to be reset; a server of ours does so.
        """
        delivery = self.deliver(Request(environ))
        if delivery.stall_seconds:
            self.sandbox.clock.sleep(delivery.stall_seconds)
        if delivery.is_reset:
            raise ConnectionResetError
        start_response(delivery.status_line, list(delivery.headers.items()))
        return [delivery.content]

    def deliver(self, request: Request) -> Delivery:
        """Answer one request, after the latency; stalling and resetting is up to the server."""
        if request.path.startswith("/sandbox/"):
            return self._deliver(request, self._control.answer(request))
        if self.sandbox.latency_ms:
            self.sandbox.clock.sleep(self.sandbox.latency_ms / 1000)
        trace = _Trace()
        try:
            answer = self._answer(request, trace)
        except ApiError as error:
            answer = _error_answer(error)
        self.sandbox.log(trace.entry(self.sandbox.clock.now_ms(), request, answer))
        delivery = self._deliver(request, answer)
        return delivery if trace.fault is None else ruined(delivery, trace.fault)

    def _deliver(self, request: Request, answer: Answer) -> Delivery:
        return deliver(
            answer,
            now_ms=self.sandbox.clock.now_ms(),
            takes_gzip=bool(request.accept_encodings["gzip"]),
        )

    def _answer(self, request: Request, trace: "_Trace") -> Answer:
        query_length = len(request.query_string)
        if len(request.path) + query_length > self.sandbox.dialect.uri_limit:
            raise uri_too_long()
        target, path = self._match(request)
        if isinstance(target.answer, str) and target.answer in _CONSENT:
            return _CONSENT[target.answer](self.sandbox, request)
        if isinstance(target.answer, str) and target.answer in _OAUTH:
            self._perhaps_fail(request, target, trace)
            return _OAUTH[target.answer](self.sandbox, request.form)
        credential, portal = self._open(request)
        trace.portal_id = portal.portal_id
        headers = self.sandbox.limiter.admit(
            credential, portal.limits, portal.time_zone, is_search=target.answer == "search"
        )
        call = Call(
            portal=portal,
            credential=credential,
            family=target.family,
            dialect=self.sandbox.dialect,
            quirks=self.sandbox.quirks,
            address=request.base_url,
            path=path,
            query=request.args.to_dict(),
            body=_body(request),
            body_length=request.content_length or 0,
        )
        trace.see(call)
        try:
            self._perhaps_fail(request, target, trace)
            answer = self._handle(target, call, portal)
        except ApiError as error:
            raise ApiError(error.status, error.body, {**headers, **error.headers}) from None
        return Answer(body=answer.body, status=answer.status, headers=headers)

    def _perhaps_fail(self, request: Request, target: Target, trace: "_Trace") -> None:
        """Fail where the sandbox's faults want it; what ruins a right answer is left in the trace.

        Raises:
            ApiError: the failure is an answer of its own.
        """
        plan = self.sandbox.fault_plan
        if not plan.is_active:
            return
        body = request.get_data().decode("latin-1")
        asked = f"{request.method} {request.full_path} {body}"
        now = self.sandbox.clock.now_ms()
        trace.fault = plan.draw(asked, target.kind, trace.portal_id, now)
        if trace.fault is not None:
            error = failed_answer(trace.fault, now_ms=now, portal_id=trace.portal_id)
            if error is not None:
                raise error

    def _match(self, request: Request) -> tuple[Target, Mapping[str, str]]:
        adapter = self._map.bind("sandbox")
        try:
            target, path = adapter.match(request.path, method=request.method)
        except (NotFound, RequestRedirect):
            raise not_found("resource not found") from None
        except MethodNotAllowed:
            raise wrong_method() from None
        return target, path

    def _open(self, request: Request) -> tuple[Credential, SandboxPortal]:
        """Return the credential a request shows and the portal it opens."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise no_credentials()
        credential = self.sandbox.tokens.authenticate(token.strip())
        portal = self.sandbox.portals.get(credential.portal_id)
        if portal is None:
            raise unknown_token()
        return credential, portal

    def _handle(self, target: Target, call: Call, portal: SandboxPortal) -> Answer:
        if callable(target.answer):
            return target.answer(call)
        if target.answer == "search":
            return search_records(call, self.sandbox.indexes)
        if target.answer == "daily usage":
            used = self.sandbox.limiter.used_today(call.credential, portal.time_zone)
            return read_daily_usage(call, used, portal.limits.calls_per_day)
        # Nothing can be written with the scopes a token of the sandbox may have.
        raise call.missing_scope(f"crm.objects.{call.object_type()}.write")


class _Trace:
    """What the log keeps of a request, gathered while it is answered."""

    def __init__(self) -> None:
        self.portal_id: int | None = None
        self.fault: FaultRule | None = None
        self._properties: tuple[str, ...] | None = None
        self._inputs = 0

    def see(self, call: Call) -> None:
        asked = call.body.get("properties", call.query.get("properties"))
        if isinstance(asked, str):
            asked = [name for name in asked.split(",") if name]
        if isinstance(asked, list):
            self._properties = _shared(tuple(map(str, asked)))
        inputs = call.body.get("inputs")
        self._inputs = len(inputs) if isinstance(inputs, list) else 0

    def entry(self, at: int, request: Request, answer: Answer) -> LoggedRequest:
        results = answer.body.get("results") if isinstance(answer.body, dict) else None
        return LoggedRequest(
            at=at,
            method=request.method,
            path=request.path,
            status=answer.status,
            portal_id=self.portal_id,
            fault=None if self.fault is None else self.fault.kind,
            properties=self._properties,
            count=self._inputs or (len(results) if isinstance(results, list) else 0),
        )


@lru_cache(maxsize=256)
def _shared(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return equal names as one object: the log holds very many."""
    return names


def _body(request: Request) -> JsonObject:
    if request.method not in {"POST", "PATCH", "PUT"}:
        return {}
    try:
        body = json.loads(request.get_data() or b"{}")
    except ValueError:
        raise invalid_request("Invalid input JSON") from None
    if not isinstance(body, dict):
        raise invalid_request("Invalid input JSON: an object is needed")
    return body


def _error_answer(error: ApiError) -> Answer:
    if isinstance(error.body, bytes):
        return Answer(body=error.body, status=error.status, headers=error.headers)
    body = dict(error.body)
    # The token endpoint's errors are the only ones without a correlation id.
    if "error" not in body:
        body["correlationId"] = str(uuid.uuid4())
    return Answer(body=body, status=error.status, headers=error.headers)
