"""What is read out of Meltano's log, and what never gets through."""

from __future__ import annotations

import json

import pytest

from crmhub.sync.meltano_log import MeltanoLog, PluginFailure, redacted


def line(event: str, **entry: object) -> str:
    return json.dumps({"event": event, **entry}) + "\n"


def failed(who: str, error_class: str, message: str = "what to do") -> str:
    said = {
        "event": f"{who}_failed",
        "error_class": error_class,
        "message": message,
        "retry_after_seconds": 7,
    }
    name = "tap-hubspot-crm" if who == "tap" else "target-crmhub-postgres"
    return line(json.dumps(said), name=name)


def metric(stream: str, value: int, plugin: str) -> str:
    said = {"metric": "record_count", "value": value, "tags": {"stream": stream}}
    return line(f"INFO METRIC: {json.dumps(said)}", name=plugin)


def read(*lines: str) -> MeltanoLog:
    log = MeltanoLog()
    for each in lines:
        log.read(each)
    return log


def test_records_are_counted_as_the_tap_sent_them() -> None:
    log = read(
        metric("contacts", 3, "tap-hubspot-crm"),
        metric("contacts", 4, "tap-hubspot-crm"),
        metric("deals", 1, "tap-hubspot-crm"),
        metric("contacts", 7, "target-crmhub-postgres"),
    )
    assert log.records == {"contacts": 7, "deals": 1}


def test_the_line_of_a_failed_plugin_becomes_the_failure() -> None:
    assert read(failed("tap", "rate_limit")).failure == PluginFailure(
        error_class="rate_limit", message="what to do", retry_after_seconds=7
    )


def test_the_targets_word_outweighs_the_taps_whose_pipe_broke() -> None:
    for lines in (
        (failed("tap", "internal"), failed("target", "lease_lost")),
        (failed("target", "lease_lost"), failed("tap", "internal")),
    ):
        log = read(*lines)
        assert log.failure is not None
        assert log.failure.error_class == "lease_lost"


def test_a_state_that_was_not_stored_is_a_failure() -> None:
    log = read(
        json.dumps({"event": "state_failed", "error_class": "lease_lost", "message": "gone"})
    )
    assert log.failure == PluginFailure(
        error_class="lease_lost", message="gone", retry_after_seconds=None
    )


def test_only_meltanos_own_word_makes_a_run_a_success() -> None:
    assert read(line("Run completed", status="success")).succeeded
    assert not read(line("Run completed", status="failure")).succeeded
    assert not read(line("something else")).succeeded


@pytest.mark.parametrize("text", ["no json at all", "[1, 2]", '{"event": 5}', "", "{"])
def test_a_line_of_any_shape_is_taken(text: str) -> None:
    assert read(text + "\n").failure is None


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (
            "Authorization: Bearer CJSP5qf1KhICAQEYs-gDIIGOBii1hQIyGQ",
            "Authorization: Bearer ********",
        ),
        ("token pat-eu1-11111111-2222-3333 was refused", "token ******** was refused"),
        ("refresh na1-aaaa-bbbb-cccc", "refresh ********"),
        ("postgresql://loader:hunter2@db:5432/crm", "postgresql://loader:********@db:5432/crm"),
        ("2,001 contacts of stream contacts", "2,001 contacts of stream contacts"),
    ],
)
def test_what_looks_like_a_secret_becomes_stars(text: str, kept: str) -> None:
    assert redacted(text) == kept
    log = MeltanoLog()
    assert log.read(line(text)) == kept
    assert log.last_lines == [kept]


def test_a_secret_in_a_failure_becomes_stars() -> None:
    log = read(failed("tap", "access_denied", "Bearer abcdefgh"))
    assert log.failure is not None
    assert log.failure.message == "Bearer ********"
