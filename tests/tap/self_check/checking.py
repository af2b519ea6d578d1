"""Makes a self-check and looks at what holds for each of them."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from hubspot_sandbox.words import NAME_MARK
from tap_hubspot_crm.probe import self_check
from tap_hubspot_crm.self_check.results import CHECKS
from tap_hubspot_crm.self_check.table import WIDTH, table_of

if TYPE_CHECKING:
    from tap.canned import FakeTime
    from tap.conftest import Connection

    from tap_hubspot_crm.probe import CheckResult

#: Requests of a whole self-check, tries again included.
MOST_CALLS: Final = 20


def checked(
    connection: Connection, fake_time: FakeTime, **settings: object
) -> dict[str, CheckResult]:
    """Return the results by name, after the checks that hold whatever was found."""
    connection.running.sandbox.forget_requests()
    results = self_check(connection.settings(**settings), timer=fake_time.timer)
    assert connection.requests() <= MOST_CALLS
    assert [result.name for result in results] == list(CHECKS)
    printed = json.dumps([asdict(result) for result in results])
    assert NAME_MARK not in printed
    assert "@" not in printed
    assert connection.portal.access_token not in printed
    assert max(map(len, table_of(results).splitlines())) <= WIDTH
    return {result.name: result for result in results}


def other_than_documented(results: dict[str, CheckResult]) -> dict[str, str]:
    return {
        name: result.verdict
        for name, result in results.items()
        if result.verdict != "as documented"
    }
