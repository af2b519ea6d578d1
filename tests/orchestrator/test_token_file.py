"""The file of a run's token: private, whole at every moment, and renewed through an outage."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from orchestrator.grants import OLD_KEY, Granted, grant

from crmhub.errors import InvalidGrantError
from crmhub.sync.token_file import TokenFile
from crmhub.vault.keyring import Keyring
from hubspot_sandbox.faults import FaultRule
from hubspot_sandbox.server import running_sandbox
from hubspot_sandbox.tokens import TokenHabits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from databases import TestDatabase

#: How long to wait for something before a test gives up, seconds.
PATIENCE = 60.0


@pytest.fixture
def granted(database: TestDatabase) -> Iterator[Granted]:
    with running_sandbox() as sandbox:
        sandbox.sandbox.tokens.habits = TokenHabits(lifetime_seconds=2, rotates_refresh_tokens=True)
        yield grant(database, sandbox, Keyring([OLD_KEY]))


def comes_true(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def test_the_file_is_private_and_holds_a_whole_token_at_every_moment(
    granted: Granted, tmp_path: Path
) -> None:
    token = TokenFile(granted.tokens(), granted.connection_id)
    seen: set[str] = set()

    def look() -> bool:
        seen.add(file.read_text())
        assert file.stat().st_mode & 0o777 == 0o600
        return len(seen) >= 4

    with token.kept_at(tmp_path / "access_token") as file:
        assert comes_true(look)
    assert seen <= set(granted.sandbox.sandbox.tokens._access)
    said = "".join(seen)
    assert all(each not in token.hide(said) for each in seen)


def test_an_outage_of_the_token_endpoint_is_outlived(granted: Granted, tmp_path: Path) -> None:
    token = TokenFile(granted.tokens(), granted.connection_id)
    first = token.newest.secret
    granted.sandbox.sandbox.fail_next(FaultRule(kind="503", paths=("token",)), 8)
    with token.kept_at(tmp_path / "access_token") as file:
        assert comes_true(lambda: token.problem is not None)
        assert token.problem is not None
        assert token.problem.error_class == "hubspot_unavailable"
        assert comes_true(lambda: file.read_text() != first.reveal())
        assert comes_true(lambda: token.problem is None)


def test_a_grant_that_is_lost_is_asked_for_no_more(granted: Granted, tmp_path: Path) -> None:
    token = TokenFile(granted.tokens(), granted.connection_id)
    granted.sandbox.sandbox.tokens.revoke(granted.stored("refresh_token") or "")
    with token.kept_at(tmp_path / "access_token"):
        assert comes_true(lambda: isinstance(token.problem, InvalidGrantError))
        asked = granted.asked()
        time.sleep(0.5)
        assert granted.asked() == asked
    assert not token.replace_refused()
    assert granted.status() == ("needs_reconnect", "invalid_grant")
