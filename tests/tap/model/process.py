"""One run of the tap in this process, in virtual time, as a plan has it."""

from __future__ import annotations

import io
import json
import signal
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.plugin_base import _ConfigInput
from tap.model.kills import KilledError, Plan, Process
from typing_extensions import override

from hubspot_sandbox import search
from hubspot_sandbox.adapter import IN_PROCESS_URL, SandboxAdapter
from tap_hubspot_crm import id_search, output
from tap_hubspot_crm.client import HubSpotClient
from tap_hubspot_crm.errors import TapError, Terminated
from tap_hubspot_crm.pool import Handle, RequestPool
from tap_hubspot_crm.singer_stream import HubSpotStream
from tap_hubspot_crm.tap import TapHubSpotCrm

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from random import Random

    import requests
    from requests import PreparedRequest, Response

    from hubspot_sandbox.app import SandboxApp
    from tap_hubspot_crm.timekeeping import Timer


@dataclass(frozen=True, kw_only=True)
class Run:
    """What came of one run."""

    messages: list[dict[str, Any]] = field(repr=False)
    #: `done`, `killed`, or the class of the error.
    ended: str
    #: What an error said.
    message: str
    requests: int


class _Adapter(SandboxAdapter):
    """Answers in-process; around each request the world moves on, or the process ends."""

    def __init__(self, app: SandboxApp, process: Process, meanwhile: Callable[[], None]) -> None:
        super().__init__(app)
        self._process = process
        self._meanwhile = meanwhile

    @override
    def send(self, request: PreparedRequest, *arguments: Any, **options: Any) -> Response:
        self._process.begin_request()
        self._meanwhile()
        if self._process.plan.page_size is not None:
            _shorten(request, self._process.plan.page_size)
        try:
            response = super().send(request, *arguments, **options)
        finally:
            self._meanwhile()
        self._process.end_request()
        return response


class _Client(HubSpotClient):
    """Reaches the sandbox without a socket."""

    adapter: _Adapter

    @override
    def _session(self) -> requests.Session:
        session = super()._session()
        session.mount(IN_PROCESS_URL, self.adapter)
        return session


class _SeededPool(RequestPool):
    """Makes the calls one by one, in an order that a seed decides, as if side by side."""

    process: Process

    def __init__(self, *, max_concurrency: int) -> None:
        super().__init__(max_concurrency=max_concurrency)
        self._pending: list[Handle[Any]] = []
        self._most = max_concurrency

    @override
    def submit(self, call: Callable[[], Any]) -> Handle[Any]:
        handle = Handle(call)
        self._pending.append(handle)
        return handle

    @override
    def wait(self, handles: Collection[Handle[Any]]) -> Handle[Any]:
        rng = self.process.rng
        while self._pending and rng.random() < 0.3:
            self._make_one_call()
        while not (done := [handle for handle in handles if handle.done]):
            self._make_one_call()
        self.process.deliver_signal()
        chosen = rng.choice(done)
        chosen.result()
        return chosen

    @override
    def close(self) -> None:
        self._pending.clear()

    def _make_one_call(self) -> None:
        in_flight = min(len(self._pending), self._most)
        handle = self._pending.pop(self.process.rng.randrange(in_flight))
        self.process.is_in_pool = True
        try:
            handle.run()
        finally:
            self.process.is_in_pool = False


def run_tap(
    app: SandboxApp,
    plan: Plan,
    *,
    state: Mapping[str, Any] | None,
    timer: Timer,
    rng: Random,
    meanwhile: Callable[[], None],
) -> Run:
    """Run the tap as its program does, up to its end or its kill, and return what it printed.

    Args:
        app: The sandbox.
        plan: How the run goes.
        state: The state that the tap is given.
        timer: Its time.
        rng: Decides in which order answers come.
        meanwhile: Called before and after HubSpot's work on each request.
    """
    process = Process(plan, rng)
    adapter = _Adapter(app, process, meanwhile)
    time = timer

    class _Pool(_SeededPool):
        pass

    _Pool.process = process

    class _Tap(TapHubSpotCrm):
        timer = time

        @cached_property
        @override
        def client(self) -> HubSpotClient:
            client = _Client(self.settings, timer=self.timer, pool_class=_Pool)
            client.adapter = adapter
            return client

    ended, message = "done", ""
    config = _ConfigInput(config={"api_url": IN_PROCESS_URL, **plan.settings})
    raw = io.BufferedWriter(process.pipe)
    stdout = io.TextIOWrapper(raw, encoding="utf-8", write_through=True)
    with redirect_stdout(stdout), _tuned(plan):
        try:
            _Tap.invoke(
                config=config, state=None if state is None else io.StringIO(json.dumps(state))
            )
        except KilledError:
            ended = "killed"
        except Terminated:
            ended = "terminated"
        except TapError as error:
            ended, message = error.error_class, error.message
    if process.pipe.is_dead:
        ended = "killed"
    process.pipe.is_dead = True
    messages = [json.loads(line, parse_float=Decimal) for line in process.pipe.whole_lines()]
    return Run(messages=messages, ended=ended, message=message, requests=process.requests)


@contextmanager
def _tuned(plan: Plan) -> Iterator[None]:
    """Let pages, states and blocks be as small as the plan says; give all back afterwards."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HubSpotStream, "STATE_MSG_FREQUENCY", plan.state_frequency)
        patch.setattr(output, "BLOCK_SIZE", plan.block_size)
        if plan.page_size is not None:
            # So that a few dozen rows take as many pages, and cuts, as thousands do.
            patch.setattr(search, "RESULT_LIMIT", plan.search_cap)
            patch.setattr(id_search, "SEARCH_LIMIT", plan.page_size)
            patch.setattr(id_search, "_FARTHEST", plan.search_cap - plan.page_size)
            patch.setattr(id_search, "_WORTH_CUTTING", 4 * plan.page_size)
        try:
            yield
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)


def _shorten(request: PreparedRequest, page_size: int) -> None:
    """Ask for less: HubSpot's pages may be short while there is more."""
    if request.url is not None and "limit=100" in request.url:
        request.url = request.url.replace("limit=100", f"limit={page_size}")
    elif isinstance(request.body, str | bytes):
        text = request.body.decode() if isinstance(request.body, bytes) else request.body
        if '"limit":200' in text:
            request.prepare_body(text.replace('"limit":200', f'"limit":{page_size}'), None)
