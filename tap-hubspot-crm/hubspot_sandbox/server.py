"""Starting the sandbox: `running_sandbox` for Python, `hubspot-sandbox` for the command line."""

import argparse
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
from hubspot_sandbox.limits import Limits
from hubspot_sandbox.sandbox import Sandbox, SandboxPortal

_ENDING_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)

_DESCRIPTION: Final = """\
A HubSpot portal on this machine: list, search, batch read, associations, properties,
pipelines, owners and OAuth as HubSpot documents them, with its limits and errors.
The same seed gives the same data. Nothing is kept when it ends."""

_EXAMPLES: Final = """\
examples:
  hubspot-sandbox --contacts 500 --deals 120
      then: curl -H "Authorization: Bearer TOKEN" URL/crm/objects/2026-09/contacts?limit=2
  hubspot-sandbox --contacts 50000 --latency-ms 200 --calls-per-10-seconds 190 --json
  curl -X POST URL/sandbox/portals/PORTAL/contacts/edit -d '{"all": true}'
      every contact is modified in one millisecond
  curl URL/sandbox/portals/PORTAL/truth/deals
      what a complete copy must hold; GET URL/sandbox/help lists every control call"""


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
    options = _parser().parse_args(arguments)
    try:
        _check_loopback(options.host)
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
            limits=_limits(options.calls_per_10_seconds),
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


def _limits(calls_per_10_seconds: int | None) -> Limits:
    if calls_per_10_seconds is None:
        return Limits()
    return Limits(
        calls_per_10_seconds=calls_per_10_seconds,
        oauth_calls_per_10_seconds=calls_per_10_seconds,
    )


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


class _Number:
    """Reads a whole number within bounds for the command line."""

    def __init__(self, low: int, high: int | None) -> None:
        self._low = low
        self._high = high

    def __call__(self, text: str) -> int:
        is_number = text.isascii() and text.isdecimal()
        if not is_number or int(text) < self._low or int(text) > (self._high or int(text)):
            top = "" if self._high is None else f" and at most {self._high}"
            raise argparse.ArgumentTypeError(f"must be a whole number of at least {self._low}{top}")
        return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hubspot-sandbox",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--contacts", type=_Number(0, None), default=200, help="contacts to make (200)")
    add("--deals", type=_Number(0, None), default=50, help="deals to make (50)")
    add("--seed", type=_Number(0, None), default=1, help="which data to make (1)")
    add("--port", type=_Number(0, 65_535), default=0, help="port to listen on; 0: a free one (0)")
    add("--host", default="127.0.0.1", help="loopback address to listen on (127.0.0.1)")
    add("--portal-id", type=_Number(1, None), default=1_000_001, help="the portal's id (1000001)")
    add("--access-token", help="static token to accept (one is made up)")
    add("--latency-ms", type=_Number(0, None), default=0, help="how long an answer takes (0)")
    add(
        "--calls-per-10-seconds",
        type=_Number(1, None),
        help="the burst limit (100 for the static token, 110 for OAuth)",
    )
    add("--json", action="store_true", help="print one JSON line instead of the block")
    return parser


if __name__ == "__main__":
    sys.exit(main())
