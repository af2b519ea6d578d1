"""What a run says, whatever it is, is read to its end, and what comes of it can be stored."""

from __future__ import annotations

import json
import math
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from security.fuzzing import JSON, TEXT, damaged, tries, trying

from crmhub.sync.meltano_log import MeltanoLog
from crmhub.sync.next_step import DAY_SECONDS

PLUGINS = st.sampled_from(["tap-hubspot-crm", "target-crmhub-postgres", "meltano"])
FAILURES = st.fixed_dictionaries(
    {"event": st.sampled_from(["tap_failed", "target_failed", "state_failed"])},
    optional={"error_class": JSON, "message": JSON, "retry_after_seconds": JSON},
)
METRICS = st.fixed_dictionaries(
    {"metric": st.sampled_from(["record_count", "timer"]) | JSON},
    optional={
        "value": JSON,
        "tags": JSON | st.dictionaries(st.just("stream"), TEXT | JSON, min_size=1),
    },
)


def line(entry: dict[str, Any]) -> bytes:
    return json.dumps(entry).encode()


#: As Meltano writes them, with anything inside.
EVENTS = st.one_of(
    FAILURES.map(json.dumps),
    METRICS.map(lambda metric: f"INFO METRIC: {json.dumps(metric)}"),
    st.just("Run completed"),
    TEXT,
)
ENTRIES = st.one_of(
    st.fixed_dictionaries(
        {"event": EVENTS | JSON}, optional={"name": PLUGINS | JSON, "status": JSON}
    ),
    FAILURES,
)
LINES = st.one_of(damaged(ENTRIES.map(line)), damaged(JSON.map(json.dumps).map(str.encode)))


def metric(**said: object) -> bytes:
    event = f"METRIC: {json.dumps({'metric': 'record_count', **said})}"
    return line({"event": event, "name": "tap-hubspot-crm"})


@tries(120, 5_000)
def test_whatever_a_run_says_is_taken(attempts: int) -> None:
    @trying(attempts)
    @given(st.lists(LINES, max_size=4))
    @example([b"[" * 100_000])
    @example([b"1" * 5_000])
    @example([b'{"event": "METRIC: {\\"a\\": ' + b"1" * 5_000 + b'}", "name": "tap-hubspot-crm"}'])
    @example([metric(tags=["contacts"], value=1)])
    @example([metric(tags={"stream": "contacts"}, value="many")])
    @example([metric(tags={"stream": "contacts"}, value=math.inf)])
    @example([metric(tags={"stream": "\0"}, value=1)])
    @example([line({"event": "tap_failed", "error_class": "a\0", "message": "\ud800\0"})])
    @example([line({"event": "tap_failed", "retry_after_seconds": "soon"})])
    @example([line({"event": "tap_failed", "retry_after_seconds": math.nan})])
    @example([line({"event": "tap_failed", "retry_after_seconds": 1e300})])
    def holds(lines: list[bytes]) -> None:
        log = MeltanoLog()
        for each in lines:
            assert_storable(log.read(each.decode(errors="replace")))
        for stream, count in log.records.items():
            assert_storable(stream)
            assert isinstance(count, int)
            assert count >= 0
        if log.failure is not None:
            assert_storable(log.failure.error_class)
            assert_storable(log.failure.message)
            seconds = log.failure.retry_after_seconds
            assert seconds is None or 0 <= seconds <= DAY_SECONDS

    holds()


def assert_storable(text: str) -> None:
    """PostgreSQL takes no NUL, UTF-8 no half of a character."""
    assert "\0" not in text
    text.encode()
