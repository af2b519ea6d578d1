"""The options of `hubspot-sandbox`: what the command line reads and what it stands for."""

import argparse
import textwrap
from collections.abc import Callable
from dataclasses import replace
from typing import Final, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hubspot_sandbox.calls import CursorStyle
from hubspot_sandbox.faults import FAULT_KINDS, FaultRule, Faults
from hubspot_sandbox.limits import Limits
from hubspot_sandbox.tokens import LIFETIME_SECONDS

_DESCRIPTION: Final = """\
A HubSpot portal on this machine: list, search, batch read, associations, properties,
pipelines, owners and OAuth as HubSpot documents them, with its limits and errors.
The same seed gives the same data. Nothing is kept when it ends."""

_EXAMPLES: Final = """\
examples:
  hubspot-sandbox --contacts 500 --deals 120
      then: curl -H "Authorization: Bearer TOKEN" URL/crm/objects/2026-09/contacts?limit=2
  hubspot-sandbox --contacts 50000 --latency-ms 200 --calls-per-10-seconds 190 --json
  hubspot-sandbox --contacts 5000 --index-lag-ms 60000 --fault 503=0.02 --fault reset=0.01
      a portal on a bad day: the search lags, two answers in a hundred are refused
  curl -X POST URL/sandbox/portals/PORTAL/contacts/edit -d '{"all": true}'
      every contact is modified in one millisecond
  curl URL/sandbox/portals/PORTAL/truth/deals
      what a complete copy must hold; GET URL/sandbox/help lists every control call"""


def limits_of(options: argparse.Namespace) -> Limits:
    """Return the limits the options ask for; what they leave out is as HubSpot has it."""
    given = {
        "calls_per_10_seconds": options.calls_per_10_seconds,
        "oauth_calls_per_10_seconds": options.calls_per_10_seconds,
        "searches_per_second": options.searches_per_second,
        "calls_per_day": options.calls_per_day,
    }
    return replace(Limits(), **{name: value for name, value in given.items() if value is not None})


def faults_of(options: argparse.Namespace) -> Faults:
    """Return the failures the options ask for."""
    return Faults(
        rules=tuple(options.fault), seed=options.seed, most_in_a_row=options.faults_in_a_row
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


def _read_fault(text: str) -> FaultRule:
    kind, _, rate = text.partition("=")
    for known in FAULT_KINDS:
        if known == kind:
            try:
                return FaultRule(kind=known, rate=float(rate))
            except ValueError:
                break
    raise argparse.ArgumentTypeError(
        f"must be KIND=RATE, the rate from 0 to 1 and the kind one of {', '.join(FAULT_KINDS)}"
    )


def _read_time_zone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (ZoneInfoNotFoundError, ValueError):
        message = "must be the name of a time zone, such as Europe/Berlin"
        raise argparse.ArgumentTypeError(message) from None


def _add_limits(add: Callable[..., argparse.Action]) -> None:
    add(
        "--calls-per-10-seconds",
        type=_Number(1, None),
        help="the burst limit (100 for the static token, 110 for OAuth)",
    )
    add("--searches-per-second", type=_Number(1, None), help="the account's search limit (5)")
    add("--calls-per-day", type=_Number(1, None), help="the static tokens' daily limit (250000)")
    add(
        "--time-zone",
        type=_read_time_zone,
        default="Etc/UTC",
        help="the portal's time zone: the daily limit ends at its midnight (Etc/UTC)",
    )


def _add_troubles(add: Callable[..., argparse.Action]) -> None:
    add(
        "--index-lag-ms",
        type=_Number(0, None),
        default=0,
        help="the search learns of a change after up to so long (0)",
    )
    add(
        "--fault",
        type=_read_fault,
        action="append",
        default=[],
        metavar="KIND=RATE",
        help="let this share of the requests fail; may be given again",
    )
    add(
        "--faults-in-a-row",
        type=_Number(0, None),
        help="one and the same request fails at most so often in a row (no bound)",
    )
    add(
        "--list-cursor",
        choices=get_args(CursorStyle),
        default="id",
        help="what the list makes of a made-up cursor: it begins there, begins from the start, "
        "rounds it, refuses it; opaque: cursors are no ids (id)",
    )
    add(
        "--token-lifetime-seconds",
        type=_Number(1, None),
        default=LIFETIME_SECONDS,
        help=f"life of an OAuth access token ({LIFETIME_SECONDS})",
    )
    add(
        "--rotate-refresh-tokens",
        action="store_true",
        help="every refresh replaces the refresh token",
    )


def command_line() -> argparse.ArgumentParser:
    """Return the reader of `hubspot-sandbox`'s options."""
    kinds = textwrap.fill(", ".join(FAULT_KINDS), initial_indent="  ", subsequent_indent="  ")
    parser = argparse.ArgumentParser(
        prog="hubspot-sandbox",
        description=_DESCRIPTION,
        epilog=f"{_EXAMPLES}\n\nkinds of --fault:\n{kinds}",
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
    _add_limits(add)
    _add_troubles(add)
    add("--json", action="store_true", help="print one JSON line instead of the block")
    return parser
