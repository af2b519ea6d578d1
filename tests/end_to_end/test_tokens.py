"""A run with a token that ends, is replaced, or is taken away under it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from end_to_end.comparison import assert_equal_to_portal

from crmhub.database import connect
from crmhub.oauth.access_tokens import AccessTokens
from crmhub.oauth.asking import HubSpotAsker
from crmhub.oauth.token_endpoint import TokenEndpoint
from crmhub.sync.sync import sync_connection
from crmhub.vault.keyring import read_keyring
from crmhub.vault.secret import Secret
from crmhub.vault.store import REFRESH_TOKEN, forget_secrets
from hubspot_sandbox.tokens import TokenHabits

if TYPE_CHECKING:
    from collections.abc import Callable

    from end_to_end.conftest import Scene

    from crmhub.demo.stage import Organisation
    from crmhub.sync.meltano_log import MeltanoLog
    from crmhub.sync.meltano_run import RunOutcome


def sync_by_grant(
    scene: Scene,
    organisation: Organisation,
    on_line: Callable[[MeltanoLog, str], None] = lambda _log, _line: None,
) -> RunOutcome:
    """One real run of a connection by OAuth."""
    portal = organisation.portal
    return sync_connection(
        organisation.connection_id,
        urls=scene.stage.urls,
        salt=scene.stage.salt,
        tokens=AccessTokens(
            database_url=scene.stage.urls.orchestrator,
            keyring=read_keyring(scene.stage.encryption_key),
            endpoint=TokenEndpoint(
                HubSpotAsker(scene.stage.api_url),
                client_id=portal.client_id,
                client_secret=Secret(portal.client_secret),
            ),
        ),
        api_url=scene.stage.api_url,
        on_line=on_line,
        launcher=scene.stage.launcher,
    )


def renewals(scene: Scene) -> int:
    return sum(
        request.path.endswith("/token") and request.status == 200
        for request in scene.sandbox.sandbox.requests()
    )


@pytest.mark.long
def test_a_run_longer_than_its_tokens_life_completes(scene: Scene) -> None:
    """HubSpot replaces the refresh token each time, and the old one is worth nothing at once."""
    alder = scene.alder
    sandbox = scene.sandbox.sandbox
    sandbox.tokens.habits = TokenHabits(lifetime_seconds=3, rotates_refresh_tokens=True)
    scene.give_token(alder, Secret(alder.portal.refresh_token), REFRESH_TOKEN)
    sandbox.latency_ms = 400
    seen: list[str] = []
    outcome = sync_by_grant(scene, alder, lambda _log, line: seen.append(line))
    assert outcome.failure is None, "\n".join(seen[-20:])
    assert renewals(scene) >= 3
    answered = [r for r in sandbox.requests(alder.portal.portal_id) if r.status == 200]
    assert answered[-1].at - answered[0].at > 3000, "the run was no longer than a token's life"
    sandbox.latency_ms = 0
    assert_equal_to_portal(scene, alder)


def test_a_token_that_ends_before_its_time_is_replaced_and_the_run_goes_on(scene: Scene) -> None:
    alder = scene.alder
    sandbox = scene.sandbox.sandbox
    scene.give_token(alder, Secret(alder.portal.refresh_token), REFRESH_TOKEN)
    sandbox.latency_ms = 100
    taken = threading.Event()

    def take_it_away(_log: MeltanoLog, _line: str) -> None:
        if not taken.is_set() and sandbox.requests(alder.portal.portal_id):
            sandbox.tokens.expire(alder.portal.portal_id)
            taken.set()

    outcome = sync_by_grant(scene, alder, take_it_away)
    assert outcome.failure is None, outcome.failure
    assert taken.is_set()
    sandbox.latency_ms = 0
    assert_equal_to_portal(scene, alder)
    refused = [r for r in sandbox.requests() if r.status == 401]
    assert refused
    assert renewals(scene) == 2


def test_a_grant_lost_during_a_run_is_recorded_as_that(scene: Scene) -> None:
    alder = scene.alder
    sandbox = scene.sandbox.sandbox
    scene.give_token(alder, Secret(alder.portal.refresh_token), REFRESH_TOKEN)
    sandbox.latency_ms = 100

    def take_it_away(_log: MeltanoLog, _line: str) -> None:
        if sandbox.requests(alder.portal.portal_id):
            sandbox.tokens.revoke(alder.portal.refresh_token)
            sandbox.tokens.expire(alder.portal.portal_id)

    outcome = sync_by_grant(scene, alder, take_it_away)
    assert outcome.failure is not None
    assert outcome.failure.error_class == "invalid_grant"
    assert scene.database.rows(
        "select c.status, c.last_error_class, r.status as run, r.error_class "
        "from crmhub.source_connections c join crmhub.sync_runs r on r.connection_id = c.id"
    ) == [
        {
            "status": "needs_reconnect",
            "last_error_class": "invalid_grant",
            "run": "failed",
            "error_class": "invalid_grant",
        }
    ]


def test_a_run_without_a_token_is_recorded_and_starts_nothing(scene: Scene) -> None:
    with connect(scene.stage.urls.orchestrator) as database:
        forget_secrets(database, scene.alder.connection_id)
    outcome = scene.stage.sync(scene.alder)
    assert outcome.failure is not None
    assert outcome.failure.error_class == "secret_unreadable"
    assert scene.sandbox.sandbox.requests(scene.alder.portal.portal_id) == []
    [row] = scene.database.rows(
        "select status, last_error_class, lease_token from crmhub.source_connections where id = %s",
        [scene.alder.connection_id],
    )
    assert row == {
        "status": "needs_reconnect",
        "last_error_class": "secret_unreadable",
        "lease_token": None,
    }


def test_no_line_of_a_run_holds_a_token(scene: Scene) -> None:
    """Not even one that a plugin would print."""
    alder = scene.alder
    sandbox = scene.sandbox.sandbox
    sandbox.tokens.habits = TokenHabits(lifetime_seconds=4, rotates_refresh_tokens=True)
    scene.give_token(alder, Secret(alder.portal.refresh_token), REFRESH_TOKEN)
    lines: list[str] = []
    sync_by_grant(scene, alder, lambda log, line: lines.extend([line, *log.last_lines]))
    said = "\n".join(lines) + scene.dump()
    issued = [*sandbox.tokens._access, *sandbox.tokens._refresh, alder.portal.client_secret]
    assert len(issued) > 4
    assert [token for token in issued if token in said] == []
