"""The self-check of portals and tokens of each kind, and how it ends where it cannot go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tap.conftest import FREE, Connection
from tap.self_check.checking import checked, other_than_documented

from hubspot_sandbox.faults import FaultRule
from tap_hubspot_crm.errors import AccessDeniedError, InvalidSettingsError, WrongAccountError
from tap_hubspot_crm.probe import self_check

if TYPE_CHECKING:
    from tap.canned import FakeTime
    from tap.conftest import TapProgram

    from hubspot_sandbox.server import RunningSandbox


def test_the_table_names_account_limits_and_the_merged_id(
    connection: Connection, fake_time: FakeTime
) -> None:
    results = checked(connection, fake_time)
    first, second = connection.portal.stores["contacts"].ids()[-1], "1"
    assert str(connection.portal.portal_id) in results["account"].seen
    assert "1,000,000 calls in 10 seconds" in results["rate limits"].seen
    assert results["merged id"].seen.startswith(f"{second} brings {first}")
    assert results["associations, answers"].seen.startswith("1,000 ids asked")


def test_a_token_with_the_scope_reads_sensitive_properties(
    connection: Connection, fake_time: FakeTime
) -> None:
    token = connection.token("crm.objects.contacts.sensitive.read.v2")
    results = checked(connection, fake_time, access_token=token)
    assert "may read" in results["sensitive reading"].seen


def test_no_sensitive_property_is_read_that_the_settings_leave_out(
    connection: Connection, fake_time: FakeTime
) -> None:
    results = checked(connection, fake_time, properties={"contacts": ["firstname"], "deals": []})
    assert results["sensitive reading"].verdict == "unknown"
    asked = {
        name
        for request in connection.running.sandbox.requests()
        for name in request.properties or ()
    }
    assert asked == {"lastmodifieddate", "hs_lastmodifieddate", "hs_merged_object_ids"}


def test_an_oauth_token_has_no_daily_limit(connection: Connection, fake_time: FakeTime) -> None:
    app = {
        "client_id": connection.portal.client_id,
        "client_secret": connection.portal.client_secret,
    }
    oauth = {**app, "refresh_token": connection.portal.refresh_token}
    results = checked(connection, fake_time, access_token=None, **oauth)
    assert "no daily limit" in results["rate limits"].seen


def test_an_empty_portal_leaves_most_checks_open(
    running: RunningSandbox, tap_program: TapProgram, fake_time: FakeTime
) -> None:
    portal = running.sandbox.add_portal(limits=FREE)
    connection = Connection(url=running.url, portal=portal, running=running, program=tap_program)
    results = checked(connection, fake_time)
    assert set(other_than_documented(results).values()) == {"unknown"}
    assert results["contacts"].verdict == results["owners"].verdict == "as documented"
    assert results["associations, answers"].verdict == "unknown"


def test_a_small_portal_without_a_merge_says_what_it_could_not_try(
    running: RunningSandbox, tap_program: TapProgram, fake_time: FakeTime
) -> None:
    portal = running.sandbox.add_portal(contacts=3, deals=2, limits=FREE)
    connection = Connection(url=running.url, portal=portal, running=running, program=tap_program)
    assert other_than_documented(checked(connection, fake_time)) == {
        "search order": "unknown",
        "search filter": "unknown",
        "merged id": "unknown",
        "associations, 101 ids": "unknown",
        "associations, 1,000": "unknown",
    }


def test_a_portal_with_deals_only_is_checked_by_its_deals(
    running: RunningSandbox, tap_program: TapProgram, fake_time: FakeTime
) -> None:
    portal = running.sandbox.add_portal(deals=150, limits=FREE)
    connection = Connection(url=running.url, portal=portal, running=running, program=tap_program)
    results = checked(connection, fake_time)
    assert results["search total"].seen == "150 found, 150 counted"
    assert "150 without" in results["associations, answers"].seen
    assert connection.requests("/deals/contacts/batch/read") == 1


def test_streams_that_the_token_may_not_read_are_problems_beside_the_others(
    connection: Connection, fake_time: FakeTime
) -> None:
    token = connection.running.sandbox.tokens.add_static(
        None, portal_id=connection.portal.portal_id, scopes=("crm.objects.contacts.read",)
    )
    results = checked(connection, fake_time, access_token=token)
    refused = {name for name, result in results.items() if result.verdict == "problem"}
    assert refused == {"deals", "pipelines", "owners", "associations, 101 ids"}
    assert {results[name].error_class for name in refused} == {"missing_scopes"}
    assert "crm.objects.owners.read" in results["owners"].seen
    assert results["search total"].verdict == "as documented"


def test_a_search_that_fails_costs_no_other_check(
    connection: Connection, fake_time: FakeTime
) -> None:
    connection.running.sandbox.fail_next(FaultRule(kind="500", paths=("search",)), 6)
    results = checked(connection, fake_time)
    assert results["search order"].error_class == "hubspot_unavailable"
    assert "not tried" in results["search total"].seen
    assert results["batch read"].verdict == "as documented"


def test_a_wrong_token_ends_the_self_check_by_its_class(
    connection: Connection, fake_time: FakeTime
) -> None:
    with pytest.raises(AccessDeniedError):
        self_check(connection.settings(access_token="wrong"), timer=fake_time.timer)


def test_another_account_ends_the_self_check_after_one_call(
    connection: Connection, fake_time: FakeTime
) -> None:
    connection.running.sandbox.forget_requests()
    with pytest.raises(WrongAccountError):
        self_check(connection.settings(expected_account_id=7), timer=fake_time.timer)
    assert connection.requests() == 1


def test_malformed_settings_end_the_self_check_before_any_call() -> None:
    with pytest.raises(InvalidSettingsError):
        self_check({})


def test_an_account_that_is_not_named_to_the_token_is_no_problem(
    connection: Connection, fake_time: FakeTime
) -> None:
    faults = FaultRule(kind="html_403", paths=("account",))
    connection.running.sandbox.fail_next(faults, 3)
    assert checked(connection, fake_time)["account"].verdict == "handled"
