"""Reading against the sandbox: full passes, incremental passes, nothing to do, one millisecond."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from benchmarks.ceilings import IDS_PER_SECOND, least_seconds, reading_seconds
from benchmarks.markdown import table
from benchmarks.tap_process import cpu_of, discover, run_tap

from tap_hubspot_crm.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.sandbox_process import BenchPortal, BenchSandbox
    from benchmarks.scale import Scale
    from benchmarks.tap_process import TapRun

#: Calls in ten seconds of an OAuth app, and of an app in a Professional account.
_LIMITS: Final = (110, 190)
_PLENTY: Final = 1_000_000
#: 25 properties, as many as a business looks at.
_PROPERTIES: Final = (
    "firstname", "lastname", "email", "phone", "mobilephone", "company", "jobtitle", "city",
    "country", "industry", "lifecyclestage", "hs_lead_status", "hubspot_owner_id",
    "favourite_products", "hs_analytics_source", "hs_latest_source", "hs_additional_emails",
    "hs_merged_object_ids", "createdate", "lastmodifieddate", "customer_since",
    "hs_email_optout", "num_associated_deals", "loyalty_points", "hs_analytics_num_page_views",
)  # fmt: skip


def say(text: str) -> None:
    """Tell how far the benchmarks are."""
    sys.stderr.write(f"  {text}\n")
    sys.stderr.flush()


class Reading:
    """Runs the tap against one sandbox process."""

    def __init__(self, sandbox: BenchSandbox, directory: Path, scale: Scale) -> None:
        self._sandbox = sandbox
        self._directory = directory
        self._scale = scale

    def full_passes(self) -> str:
        """Return the table of full passes at each limit, and of reading page after page."""
        rows = []
        count = self._scale.full_pass
        self._sandbox.set_latency(self._scale.latency_ms)
        with self._portal(contacts=count) as portal:
            for limit in _LIMITS:
                say(f"full pass of {count} contacts at {limit} calls per 10 s")
                rows.append(self._full_pass(portal, count, limit, None))
        count = self._scale.sequential
        with self._portal(contacts=count) as portal:
            say(f"the same page after page, {count} contacts")
            rows.append(self._full_pass(portal, count, _LIMITS[0], 1))
        return table(
            f"Full pass, {self._scale.latency_ms} ms an answer",
            ["contacts", "calls per 10 s", "requests in flight", "seconds", "rec/s",
             "least seconds possible", "share of the ceiling", "429s", "requests",
             "CPU s", "complete"],
            rows,
        )  # fmt: skip

    def _full_pass(
        self, portal: BenchPortal, contacts: int, limit: int, in_flight: int | None
    ) -> list[object]:
        token = portal.allow(calls_per_10_seconds=limit)
        settings = {"calls_per_10_seconds": limit}
        if in_flight is not None:
            settings["max_concurrency"] = in_flight
        run = self._run(token, settings)
        asked = portal.requests()
        least = least_seconds(contacts, limit)
        seconds = reading_seconds(run.seconds)
        return [
            contacts,
            limit,
            in_flight or f"{Settings().max_concurrency} (default)",
            f"{run.seconds:.1f}",
            _rate(contacts, seconds),
            f"{least:.0f}",
            _share(least, seconds),
            f"{asked.refused_share:.2%}",
            asked.total,
            f"{run.cpu_seconds:.1f}",
            _complete(run, contacts),
        ]

    def incremental(self) -> str:
        """Return the table of an incremental pass over many changed rows."""
        count = self._scale.changed
        with self._portal(contacts=count) as portal:
            state = self._first_sync(portal)
            portal.touch("contacts")
            say(f"incremental pass over {count} changed contacts")
            token = portal.allow(calls_per_10_seconds=_LIMITS[1])
            run = self._run(token, {"calls_per_10_seconds": _LIMITS[1]}, state=state)
            asked = portal.requests()
        seconds = reading_seconds(run.seconds)
        return table(
            f"Incremental pass, {self._scale.latency_ms} ms an answer, "
            f"{_LIMITS[1]} calls per 10 s, 5 searches a second",
            ["changed", "seconds", "ids/s", f"share of {IDS_PER_SECOND:,} ids/s", "searches",
             "429s", "complete"],
            [[count, f"{run.seconds:.1f}", _rate(count, seconds),
              _share(count / IDS_PER_SECOND, seconds),
              asked.searches, f"{asked.refused_share:.2%}", _complete(run, count)]],
        )  # fmt: skip

    def quiet(self) -> str:
        """Return the table of runs with nothing to do, and right after a change."""
        contacts, deals = self._scale.quiet
        rows = []
        sdk = cpu_of("import singer_sdk")
        with self._portal(contacts=contacts, deals=deals) as portal:
            say(f"nothing changed among {contacts} contacts and {deals} deals")
            state = self._first_sync(portal, all_streams=True)
            token = portal.allow(calls_per_10_seconds=_LIMITS[0])
            changed = self._scale.quiet_changed
            for what in ("nothing changed", f"{changed} contacts changed", "right after it"):
                if "contacts" in what:
                    portal.touch("contacts", changed)
                run = self._run(token, {}, state=state, all_streams=True)
                state = run.state
                rows.append(_quiet_row(what, run, portal, sdk))
        return table(
            f"Runs without a slower pass due; importing the SDK alone takes {sdk:.2f} CPU s",
            ["run", "seconds", "CPU s", "CPU s beside the SDK", "requests", "of each kind",
             "rows read by id", "contacts sent", "deals sent"],
            rows,
        )  # fmt: skip

    def same_millisecond(self) -> str:
        """Return the table of rows that all changed in one millisecond."""
        rows = []
        for count in self._scale.same_millisecond:
            with self._portal(contacts=count) as portal:
                state = self._first_sync(portal)
                portal.touch("contacts")
                say(f"{count} contacts changed in one millisecond")
                token = portal.allow(calls_per_10_seconds=_LIMITS[1])
                run = self._run(token, {"calls_per_10_seconds": _LIMITS[1]}, state=state)
            sent, keys = run.records["contacts"], run.keys["contacts"]
            rows.append([count, sent, keys, f"{run.seconds:.1f}", _complete(run, count)])
        return table(
            "Rows that share one millisecond",
            ["rows", "records sent", "different ids", "seconds", "complete, each once"],
            rows,
        )

    @contextmanager
    def _portal(self, *, contacts: int, deals: int = 0) -> Iterator[BenchPortal]:
        portal = self._sandbox.add_portal(contacts=contacts, deals=deals)
        try:
            yield portal
        finally:
            self._sandbox.remove(portal)

    def _first_sync(self, portal: BenchPortal, *, all_streams: bool = False) -> dict[str, Any]:
        """Return the state after a full pass that is not measured."""
        self._sandbox.set_latency(0)
        unbounded = {"calls_per_10_seconds": _PLENTY, "searches_per_second": _PLENTY}
        run = self._run(portal.allow_everything(), unbounded, all_streams=all_streams)
        self._sandbox.set_latency(self._scale.latency_ms)
        # The searches of this run count for a second.
        time.sleep(1.1)
        return run.state

    def _run(
        self,
        token: str,
        settings: dict[str, int],
        *,
        state: dict[str, Any] | None = None,
        all_streams: bool = False,
    ) -> TapRun:
        """Run the tap with contacts alone, or with every stream."""
        catalog = None if all_streams else self._contacts_alone
        self._sandbox.forget_requests()
        config = {**self._settings(token), **settings}
        return run_tap(self._directory, config, state=state, catalog=catalog)

    @cached_property
    def _contacts_alone(self) -> dict[str, Any]:
        """A catalog, discovered before anything is measured."""
        with self._portal(contacts=0) as portal:
            return discover(
                self._directory, self._settings(portal.allow_everything()), only="contacts"
            )

    def _settings(self, token: str) -> dict[str, Any]:
        properties = {"contacts": list(_PROPERTIES)}
        return {"access_token": token, "api_url": self._sandbox.url, "properties": properties}


def _quiet_row(what: str, run: TapRun, portal: BenchPortal, sdk: float) -> list[object]:
    asked = portal.requests()
    return [
        what,
        f"{run.seconds:.1f}",
        f"{run.cpu_seconds:.2f}",
        f"{run.cpu_seconds - sdk:.2f}",
        asked.total,
        ", ".join(f"{stream} {count}" for stream, count in sorted(asked.by_stream.items())),
        asked.rows_read,
        run.records["contacts"],
        run.records["deals"],
    ]


def _rate(count: int, seconds: float) -> str:
    return f"{count / seconds:,.0f}" if seconds else "-"


def _share(least: float, seconds: float) -> str:
    """Return how much of a ceiling was reached; a run within the start-up's time shows nothing."""
    return f"{least / seconds:.1%}" if least and seconds else "-"


def _complete(run: TapRun, rows: int) -> str:
    once = run.records["contacts"] == run.keys["contacts"] == rows
    return "yes" if once else f"NO: {run.records['contacts']} records of {run.keys['contacts']} ids"
