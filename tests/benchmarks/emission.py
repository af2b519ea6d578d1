"""Emission: from HubSpot's JSON in memory to Singer lines, in a process of its own.

`python -m benchmarks.emission tap 100000` prints seconds and peak memory as JSON. Ways:

- `tap`: the whole tap, with `requests` and its adapters;
- `tap-bytes`: the whole tap, handed the body of each answer as `requests` would hand it over;
- `sdk`: the SDK's default stream over the same adapter, with the SDK's own parsing, conforming,
  selecting and writing.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import requests
from benchmarks.canned_portal import PROPERTIES, URL, CannedAdapter, CannedPortal

from tap_hubspot_crm.command import collect_garbage_seldom
from tap_hubspot_crm.connections import Session
from tap_hubspot_crm.tap import TapHubSpotCrm

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from singer_sdk import Tap

_UNLIMITED: Final = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class Emission:
    """How fast so many records went out."""

    records: int
    seconds: float
    cpu_seconds: float
    peak_mib: float

    @property
    def rate(self) -> float:
        """Records a second, by the clock."""
        return self.records / self.seconds

    @property
    def core_rate(self) -> float:
        """Records a second of one core: the same on an idle machine, and fair on a busy one."""
        return self.records / self.cpu_seconds


def measure_emission(way: str, records: int) -> Emission:
    """Measure in a process of its own, whose memory is nobody else's."""
    result = subprocess.run(
        [sys.executable, "-m", "benchmarks.emission", way, str(records)],
        capture_output=True,
        text=True,
        check=True,
    )
    return Emission(**json.loads(result.stdout.splitlines()[-1]))


def _tap() -> Tap:
    """Return the tap with its contacts alone, in the settings of a run without limits."""
    tap = TapHubSpotCrm(
        config={
            "access_token": "made-up",
            "api_url": URL,
            "calls_per_10_seconds": _UNLIMITED,
            "searches_per_second": _UNLIMITED,
            "properties": {"contacts": list(PROPERTIES)},
            # Without a network there is nothing to wait for side by side.
            "max_concurrency": 1,
        }
    )
    for name, stream in tap.streams.items():
        stream.selected = name == "contacts"
    # As its program does.
    collect_garbage_seldom()
    return tap


def _sdk() -> Tap:
    # Not at the top: the tap must not pay for the import.
    from benchmarks.sdk_default_tap import SdkDefaultTap  # noqa: PLC0415

    return SdkDefaultTap(config={})


def _answer_by_adapter(portal: CannedPortal) -> None:
    adapter = CannedAdapter(portal)

    def get_adapter(_self: object, url: str) -> CannedAdapter:
        del url
        return adapter

    requests.Session.get_adapter = get_adapter  # type: ignore[method-assign, assignment]  # this process ends with the measurement


def _answer_by_bytes(portal: CannedPortal) -> None:
    def ask(
        _self: Session, _method: str, url: str, *, params: Mapping[str, str], **_options: object
    ) -> tuple[requests.Response, bytes]:
        response = requests.Response()
        response.status_code = 200
        response.headers["Date"] = "Sun, 22 Nov 2026 10:00:00 GMT"
        return response, portal.answer(urlsplit(url).path, params)

    Session.ask = ask  # type: ignore[method-assign, assignment]  # as above


#: Who answers, and who asks.
_WAYS: Final[dict[str, tuple[Callable[[CannedPortal], None], Callable[[], Tap]]]] = {
    "tap": (_answer_by_adapter, _tap),
    "tap-bytes": (_answer_by_bytes, _tap),
    "sdk": (_answer_by_adapter, _sdk),
}


def _main(way: str, records: int) -> None:
    logging.disable(logging.INFO)
    answer, make = _WAYS[way]
    portal = CannedPortal(records)
    answer(portal)
    tap = make()
    report = sys.stdout
    with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123 - a device
        sys.stdout = nowhere
        began, cpu_began = time.perf_counter(), time.process_time()
        tap.sync_all()
        seconds = time.perf_counter() - began - portal.own_seconds
        cpu_seconds = time.process_time() - cpu_began - portal.own_seconds
        sys.stdout = report
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    measured = Emission(records=records, seconds=seconds, cpu_seconds=cpu_seconds, peak_mib=peak)
    print(json.dumps(asdict(measured)))  # noqa: T201 - read by measure_emission


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]))
