"""A portal on this machine for each test, and the tap run against it."""

from __future__ import annotations

import io
import json
import signal
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tap.canned import FakeTime
from tap.replay import Consumer
from typing_extensions import override

from hubspot_sandbox.limits import Limits
from hubspot_sandbox.server import running_sandbox
from hubspot_sandbox.tokens import DEFAULT_SCOPES
from tap_hubspot_crm.tap import TapHubSpotCrm

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from warm_programs import PipedProcess, WarmPrograms

    from hubspot_sandbox.sandbox import SandboxPortal
    from hubspot_sandbox.server import RunningSandbox

#: Limits that no test meets by accident.
FREE = Limits(
    calls_per_10_seconds=1_000_000, oauth_calls_per_10_seconds=1_000_000, searches_per_second=10_000
)


@dataclass(kw_only=True)
class Connection:
    """One portal, what a consumer holds of it, and the tap between them."""

    url: str
    portal: SandboxPortal
    running: RunningSandbox
    program: TapProgram
    consumer: Consumer = field(default_factory=Consumer)

    def settings(self, **settings: object) -> dict[str, Any]:
        """Return settings that lead to the portal."""
        return {
            "access_token": self.portal.access_token,
            "api_url": self.url,
            "searches_per_second": 10_000,
            **settings,
        }

    def token(self, *more_scopes: str) -> str:
        """Return a new token with the usual scopes and these."""
        return self.running.sandbox.tokens.add_static(
            None, portal_id=self.portal.portal_id, scopes=(*DEFAULT_SCOPES, *more_scopes)
        )

    def sync(
        self, meanwhile: Callable[[], object] = lambda: None, /, **settings: object
    ) -> list[dict[str, Any]]:
        """Run the tap from the consumer's state, apply what it prints and return that.

        Args:
            meanwhile: Called when the run knows the portal's properties and has read no row.
            settings: Those that differ from the usual ones.
        """
        messages = self._run(None, None, settings, meanwhile)
        self.consumer.apply(messages)
        return messages

    def sync_partly(
        self, lines: int | None, *, catalog: dict[str, Any] | None = None, **settings: object
    ) -> list[dict[str, Any]]:
        """Run the tap, cut off after so many lines as a kill would, and return its messages."""
        return self._run(lines, catalog, settings)

    def _run(
        self,
        lines: int | None,
        catalog: dict[str, Any] | None,
        settings: Mapping[str, object],
        meanwhile: Callable[[], object] = lambda: None,
    ) -> list[dict[str, Any]]:
        self.running.sandbox.forget_requests()
        output = _CutOff(lines)
        tap = TapHubSpotCrm(
            config=self.settings(**settings), state=self.consumer.state, catalog=catalog
        )
        meanwhile()
        with redirect_stdout(output):
            try:
                tap.sync_all()
            except _CutError:
                assert lines is not None
        return [json.loads(line, parse_float=Decimal) for line in output.lines()]

    def command(
        self,
        *arguments: str,
        state: object = None,
        environment: dict[str, str] | None = None,
        **settings: object,
    ) -> subprocess.CompletedProcess[str]:
        """Run the tap as the program it is."""
        return self.program.run(
            self.settings(**settings), *arguments, state=state, environment=environment
        )

    def requests(self, ending: str = "") -> int:
        """Return how many requests of the last run had a path with this end."""
        return sum(call.path.endswith(ending) for call in self.running.sandbox.requests())


class _CutError(Exception):
    """The process would be gone here."""


class _CutOff(io.StringIO):
    def __init__(self, limit: int | None) -> None:
        super().__init__()
        self._limit = limit
        self._count = 0

    @override
    def write(self, text: str, /) -> int:
        if self._limit is not None and self._count >= self._limit:
            raise _CutError
        self._count += 1
        return super().write(text)

    def lines(self) -> list[str]:
        return self.getvalue().splitlines()


@dataclass(frozen=True, kw_only=True)
class TapProgram:
    """The tap as a program with a settings file and perhaps a state file."""

    programs: WarmPrograms
    directory: Path

    def run(
        self,
        settings: object,
        *arguments: str,
        state: object = None,
        environment: dict[str, str] | None = None,
        code: str | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run it, or code in its place; settings and state may be malformed text, or missing."""
        options: list[str] = []
        if settings is not None:
            options += ["--config", self._file("config.json", settings)]
        if state is not None:
            options += ["--state", self._file("state.json", state)]
        return self.programs.run(
            "tap-hubspot-crm",
            *options,
            *arguments,
            environment={"PATH": "/usr/bin:/bin"} if environment is None else environment,
            code=code,
        )

    def started(self, settings: object) -> PipedProcess:
        """Start it and do not wait."""
        return self.programs.piped(
            "tap-hubspot-crm",
            *("--config", self._file("config.json", settings)),
            environment={"PATH": "/usr/bin:/bin"},
        )

    def _file(self, name: str, content: object) -> str:
        path = self.directory / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)


@pytest.fixture(autouse=True)
def _own_signal_handlers() -> Iterator[None]:
    """The SDK takes the process's signal handlers over; give them back."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.fixture
def fake_time() -> FakeTime:
    """Time that passes only by sleeping."""
    return FakeTime()


@pytest.fixture
def running() -> Iterator[RunningSandbox]:
    """A sandbox being served."""
    with running_sandbox() as served:
        yield served


@pytest.fixture
def tap_program(programs: WarmPrograms, tmp_path: Path) -> TapProgram:
    return TapProgram(programs=programs, directory=tmp_path)


@pytest.fixture
def connection(running: RunningSandbox, tap_program: TapProgram) -> Connection:
    """A small portal and a consumer that knows nothing yet."""
    portal = running.sandbox.add_portal(contacts=230, deals=60, limits=FREE)
    return Connection(url=running.url, portal=portal, running=running, program=tap_program)


@pytest.fixture
def synced(connection: Connection) -> Connection:
    """A connection after its first run."""
    connection.sync()
    return connection
