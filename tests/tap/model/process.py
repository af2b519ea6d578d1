"""One run of the tap in this process, in virtual time, as a plan has it."""

from __future__ import annotations

import io
import json
import re
import signal
import sys
import traceback
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
from tap_hubspot_crm.client import HubSpotClient
from tap_hubspot_crm.errors import TapError, Terminated
from tap_hubspot_crm.pool import Handle, RequestPool
from tap_hubspot_crm.singer_stream import HubSpotStream
from tap_hubspot_crm.tap import TapHubSpotCrm

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from random import Random
    from types import ModuleType

    from requests import PreparedRequest, Response

    from hubspot_sandbox.app import SandboxApp
    from tap_hubspot_crm.connections import Session
    from tap_hubspot_crm.timekeeping import Timer


_SHARE_OF_SHORT_PAGES = 0.2
_SHOWN_OF_CRASH = 600
_LIMIT_IN_URL = re.compile(r"limit=(\d+)")
_LIMIT_IN_BODY = re.compile(r'"limit":(\d+)')


@dataclass(frozen=True, kw_only=True)
class Run:
    """What came of one run."""

    messages: list[dict[str, Any]] = field(repr=False)
    #: `done`, `killed`, `crashed`, or the class of the error.
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
            _shorten(request, self._process.rng)
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
    def _session(self) -> Session:
        session = super()._session()
        # Nothing leaves the process: looking for proxies would take a sixth of the time.
        session.trust_env = False
        # Nor is there a wire on which answers should be short.
        session.headers["Accept-Encoding"] = "identity"
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
        except Exception:  # noqa: BLE001 - a fault of the tap's own is what a history looks for
            ended, message = "crashed", traceback.format_exc()[-_SHOWN_OF_CRASH:]
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
        patch.setattr(search, "RESULT_LIMIT", plan.search_cap)
        modules = _modules()
        for name, limit in plan.limits().items():
            holders = [module for module in modules if hasattr(module, name)]
            assert holders, f"the tap has no limit named {name} any more"
            for module in holders:
                patch.setattr(module, name, limit)
        try:
            yield
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)


def _modules() -> list[ModuleType]:
    """Return the tap's modules; a limit is known by its name in each that uses it."""
    return [module for name, module in sys.modules.items() if name.startswith("tap_hubspot_crm.")]


def _shorten(request: PreparedRequest, rng: Random) -> None:
    """Ask for less now and then: HubSpot's pages may be short while there is more."""
    if rng.random() < _SHARE_OF_SHORT_PAGES:
        if request.url is not None and (found := _LIMIT_IN_URL.search(request.url)):
            limit = rng.randint(1, int(found[1]))
            request.url = request.url.replace(found[0], f"limit={limit}")
        elif isinstance(request.body, str) and (found := _LIMIT_IN_BODY.search(request.body)):
            limit = rng.randint(1, int(found[1]))
            request.prepare_body(request.body.replace(found[0], f'"limit":{limit}'), None)
