"""The options of `hubspot-sandbox`: what the command line reads and what it stands for."""

import argparse
import json
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import fields, replace
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hubspot_sandbox.dialect import Dialect
from hubspot_sandbox.errors import InvalidControlCallError
from hubspot_sandbox.faults import FAULT_KINDS, FaultRule, Faults
from hubspot_sandbox.limits import Limits
from hubspot_sandbox.switches import switched
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
  hubspot-sandbox --dialect search_sort=text --dialect batch_silence.share=0.1
      an account where a search sorts ids as text and batch reads pass ids over
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


def dialect_of(options: argparse.Namespace) -> Dialect:
    """Return the dialect the options ask for.

    Raises:
        ValueError: no such switch, or a value that it can't have.
    """
    changes: dict[str, object] = {}
    for name, value in options.dialect:
        switch, _, part = name.partition(".")
        earlier = changes.get(switch)
        parts = earlier if isinstance(earlier, dict) else {}
        changes[switch] = {**parts, part: value} if part else value
    try:
        return switched(Dialect(), changes)
    except InvalidControlCallError as error:
        raise ValueError(f"--dialect: {error}") from None


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


def _read_switch(text: str) -> tuple[str, object]:
    """Return a switch's name, its parts joined by dots, and its value: JSON, or else text."""
    name, _, value = text.partition("=")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


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
        "--dialect",
        type=_read_switch,
        action="append",
        default=[],
        metavar="SWITCH=VALUE",
        help="turn a switch of HubSpot's dialect, such as sensitive_listing=403 or "
        "batch_silence.share=0.1; may be given again",
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


def _filled(words: Iterable[str]) -> str:
    return textwrap.fill(", ".join(words), initial_indent="  ", subsequent_indent="  ")


def command_line() -> argparse.ArgumentParser:
    """Return the reader of `hubspot-sandbox`'s options."""
    kinds = _filled(FAULT_KINDS)
    switches = _filled([field.name for field in fields(Dialect)])
    parser = argparse.ArgumentParser(
        prog="hubspot-sandbox",
        description=_DESCRIPTION,
        epilog=f"{_EXAMPLES}\n\nkinds of --fault:\n{kinds}\n\n"
        f"switches of --dialect, described in the README beside the package:\n{switches}",
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
