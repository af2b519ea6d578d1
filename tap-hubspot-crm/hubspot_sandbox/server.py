"""Starting the sandbox: `running_sandbox` for Python, `hubspot-sandbox` for the command line."""

import ipaddress
import json
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from hubspot_sandbox.app import SandboxApp
from hubspot_sandbox.clock import Clock
from hubspot_sandbox.http_server import SandboxServer
from hubspot_sandbox.index_lag import SearchHabits
from hubspot_sandbox.options import command_line, dialect_of, faults_of, limits_of
from hubspot_sandbox.sandbox import Sandbox, SandboxPortal
from hubspot_sandbox.tokens import TokenHabits

_ENDING_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, kw_only=True)
class RunningSandbox:
    """A sandbox that is being served."""

    #: Such as `http://127.0.0.1:43210`; takes the place of HubSpot's own address.
    url: str
    sandbox: Sandbox


@contextmanager
def running_sandbox(
    *, clock: Clock | None = None, latency_ms: int = 0, host: str = "127.0.0.1", port: int = 0
) -> Iterator[RunningSandbox]:
    """Serve a new sandbox without portals in a thread; it is closed when the block ends.

    Raises:
        ValueError: the host is not this machine's loopback.
    """
    _check_loopback(host)
    sandbox = Sandbox(clock=clock, latency_ms=latency_ms)
    server = SandboxServer(host, port, SandboxApp(sandbox))
    server.start()
    try:
        yield RunningSandbox(url=server.url, sandbox=sandbox)
    finally:
        server.stop()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line until a signal ends it; returns the status of a refusal."""
    options = command_line().parse_args(arguments)
    try:
        _check_loopback(options.host)
        dialect = dialect_of(options)
    except ValueError as error:
        sys.stderr.write(f"hubspot-sandbox: {error}\n")
        return 2
    for number in _ENDING_SIGNALS:
        signal.signal(number, _end)
    with running_sandbox(
        latency_ms=options.latency_ms, host=options.host, port=options.port
    ) as running:
        portal = running.sandbox.add_portal(
            portal_id=options.portal_id,
            contacts=options.contacts,
            deals=options.deals,
            seed=options.seed,
            access_token=options.access_token,
            limits=limits_of(options),
        )
        portal.search_habits = SearchHabits(lag_ms=options.index_lag_ms, seed=options.seed)
        portal.time_zone = options.time_zone
        running.sandbox.dialect = dialect
        running.sandbox.faults = faults_of(options)
        running.sandbox.tokens.habits = TokenHabits(
            lifetime_seconds=options.token_lifetime_seconds,
            rotates_refresh_tokens=options.rotate_refresh_tokens,
        )
        sys.stdout.write(_announce(running.url, portal, as_json=options.json))
        sys.stdout.flush()
        threading.Event().wait()
    return 0


def _end(*_: object) -> None:
    """End the process by way of every `finally`; further signals don't disturb that."""
    for number in _ENDING_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise SystemExit(0)


def _check_loopback(host: str) -> None:
    try:
        is_loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise ValueError(
            "host must be this machine's loopback (127.0.0.1, ::1 or localhost): "
            "the control API takes orders without a token"
        )


def _announce(url: str, portal: SandboxPortal, *, as_json: bool) -> str:
    counts = {name: len(store.live) for name, store in portal.stores.items()}
    if as_json:
        ready: dict[str, object] = {
            "event": "ready",
            "url": url,
            "portal_id": portal.portal_id,
            "access_token": portal.access_token,
            "client_id": portal.client_id,
            "client_secret": portal.client_secret,
            "refresh_token": portal.refresh_token,
            "contacts": counts["contacts"],
            "deals": counts["deals"],
        }
        return json.dumps(ready) + "\n"
    return (
        f"HubSpot sandbox is ready (Ctrl-C ends it)\n"
        f"  url            {url}\n"
        f"  portal id      {portal.portal_id}\n"
        f"  access token   {portal.access_token}\n"
        f"  client id      {portal.client_id}\n"
        f"  client secret  {portal.client_secret}\n"
        f"  refresh token  {portal.refresh_token}\n"
        f"  records        {counts['contacts']} contacts, {counts['deals']} deals\n"
    )


if __name__ == "__main__":
    sys.exit(main())
