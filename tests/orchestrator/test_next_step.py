"""From how a run ended to what its connection does next."""

from __future__ import annotations

import pytest

from crmhub.sync.next_step import (
    DAY_SECONDS,
    LONGEST_WAIT_SECONDS,
    next_step,
    success_wait_seconds,
)


@pytest.mark.parametrize(
    "error_class", ["invalid_grant", "access_denied", "secret_unreadable", "wrong_account"]
)
def test_a_lost_grant_waits_for_a_person(error_class: str) -> None:
    step = next_step(error_class, failures_before=0, chance=0.5)
    assert step.connection_status == "needs_reconnect"
    assert step.run_status == "failed"


@pytest.mark.parametrize(
    "error_class",
    [
        "missing_scopes",
        "invalid_settings",
        "invalid_record",
        "unknown_stream",
        "tenant_mismatch",
        "mass_delete",
    ],
)
def test_what_somebody_has_to_change_is_tried_daily(error_class: str) -> None:
    step = next_step(error_class, failures_before=7, chance=0.5)
    assert step.wait_seconds == DAY_SECONDS
    assert step.connection_status == "connected"


def test_a_rate_limit_waits_until_hubspot_says_and_not_all_at_once() -> None:
    waits = {
        next_step("rate_limit", failures_before=0, chance=chance, retry_after_seconds=3600)
        for chance in (0.0, 0.5)
    }
    assert sorted(step.wait_seconds for step in waits) == [3600.0, 3630.0]


def test_a_rate_limit_that_names_no_time_backs_off_like_others() -> None:
    assert next_step("rate_limit", failures_before=3, chance=0.999) == next_step(
        "network", failures_before=3, chance=0.999
    )


def test_other_failures_back_off_from_a_minute_to_six_hours() -> None:
    waits = [
        next_step("network", failures_before=failures, chance=0.999999).wait_seconds
        for failures in range(40)
    ]
    assert waits[0] == pytest.approx(60)
    assert waits[1] == pytest.approx(120, rel=1e-3)
    assert waits == sorted(waits)
    assert waits[-1] == pytest.approx(LONGEST_WAIT_SECONDS, rel=1e-3)


def test_no_wait_is_shorter_than_a_minute_whatever_chance_says() -> None:
    assert next_step("internal", failures_before=0, chance=0.0).wait_seconds == 60.0


def test_connections_that_failed_together_come_back_apart() -> None:
    waits = {
        next_step("hubspot_unavailable", failures_before=5, chance=chance / 10).wait_seconds
        for chance in range(10)
    }
    assert len(waits) == 10


@pytest.mark.parametrize("error_class", ["lease_lost", "cancelled"])
def test_a_run_that_was_taken_out_of_our_hands_is_no_failure(error_class: str) -> None:
    step = next_step(error_class, failures_before=2, chance=0.5)
    assert step.run_status == "cancelled"
    assert not step.is_failure
    assert step.wait_seconds == 0


def test_a_connection_is_due_at_once_after_its_worker_went_away_but_not_again_and_again() -> None:
    assert next_step("worker_lost", failures_before=0, chance=0.5).wait_seconds == 0
    assert next_step("worker_lost", failures_before=1, chance=0.5).wait_seconds >= 60


def test_a_fleet_with_one_interval_spreads_over_a_part_of_it() -> None:
    assert success_wait_seconds(3600, chance=0.0) == 3600
    assert 3600 > success_wait_seconds(3600, chance=0.7) > 3200
