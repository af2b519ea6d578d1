"""A connection's access token: one process renews it, and no refresh token is ever lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg
import pytest
from orchestrator.grants import NEW_KEY, OLD_KEY, Granted, grant
from typing_extensions import override

from crmhub.errors import (
    AccessDeniedError,
    CrmHubError,
    InvalidGrantError,
    InvalidSettingsError,
    RateLimitedError,
    SecretHeldError,
    SecretUnreadableError,
)
from crmhub.oauth import access_tokens
from crmhub.oauth.access_tokens import AccessTokens
from crmhub.oauth.asking import HubSpotAsker
from crmhub.oauth.token_endpoint import TokenEndpoint
from crmhub.vault.keyring import Keyring
from crmhub.vault.secret import Secret
from crmhub.vault.store import ACCESS_TOKEN, REFRESH_TOKEN, forget_secrets, keep_secret
from hubspot_sandbox.faults import FaultRule
from hubspot_sandbox.server import running_sandbox
from hubspot_sandbox.tokens import TokenHabits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from databases import TestDatabase

    from crmhub.oauth.answers import Grant
    from hubspot_sandbox.faults import FaultKind

ROTATING = TokenHabits(rotates_refresh_tokens=True)


@pytest.fixture
def granted(database: TestDatabase) -> Iterator[Granted]:
    with running_sandbox() as sandbox:
        sandbox.sandbox.tokens.habits = ROTATING
        yield grant(database, sandbox, Keyring([OLD_KEY]))


def test_a_token_is_fetched_once_and_shared_until_shortly_before_its_end(
    granted: Granted,
) -> None:
    first = granted.tokens().current(granted.connection_id)
    assert granted.tokens().current(granted.connection_id).secret == first.secret
    assert granted.asked() == 1
    assert first.renew_in_seconds == pytest.approx(1500, abs=60)
    granted.sandbox.sandbox.tokens.authenticate(first.secret.reveal())
    assert granted.stored(ACCESS_TOKEN) == first.secret.reveal()


def test_a_replaced_refresh_token_is_the_next_one_used(granted: Granted) -> None:
    seen = set()
    for _ in range(4):
        seen.add(granted.tokens().current(granted.connection_id).secret.reveal())
        seen.add(granted.stored(REFRESH_TOKEN) or "")
        granted.let_the_token_end_soon()
    assert len(seen) == 8
    assert granted.portal.refresh_token not in seen


def test_a_refresh_token_that_stays_the_same_is_not_written_again(granted: Granted) -> None:
    granted.sandbox.sandbox.tokens.habits = TokenHabits()
    query = "select ciphertext from crmhub.secrets_provider where name = 'refresh_token'"
    before = granted.database.rows(query)
    granted.tokens().current(granted.connection_id)
    assert granted.database.rows(query) == before


def test_a_short_life_is_renewed_after_half_of_it(granted: Granted) -> None:
    granted.sandbox.sandbox.tokens.habits = replace(ROTATING, lifetime_seconds=60)
    token = granted.tokens().current(granted.connection_id)
    assert token.renew_in_seconds == pytest.approx(30, abs=25)


def test_of_many_that_ask_at_once_one_asks_hubspot(granted: Granted) -> None:
    granted.sandbox.sandbox.latency_ms = 100
    with ThreadPoolExecutor(max_workers=16) as threads:
        got = list(
            threads.map(
                lambda _: granted.tokens().current(granted.connection_id).secret.reveal(), range(16)
            )
        )
    assert len(set(got)) == 1
    assert granted.asked() == 1


@pytest.mark.parametrize("kind", ["ten_secondly", "423", "500", "503"])
def test_a_failure_of_the_token_endpoint_that_passes_is_waited_for(
    granted: Granted, kind: FaultKind
) -> None:
    granted.sandbox.sandbox.fail_next(FaultRule(kind=kind, paths=("token",)), 3)
    token = granted.tokens().current(granted.connection_id)
    granted.sandbox.sandbox.tokens.authenticate(token.secret.reveal())
    assert len(granted.pauses) == 3
    assert granted.pauses == sorted(granted.pauses)
    assert granted.status() == ("connected", None)


@pytest.mark.parametrize("kind", ["reset", "cut_body", "html", "half_json"])
@pytest.mark.parametrize(
    "habits",
    [TokenHabits(), replace(ROTATING, rotation_grace_seconds=60)],
    ids=["refresh token stays", "replaced with a grace"],
)
def test_an_answer_that_is_lost_on_the_way_is_asked_for_again(
    granted: Granted, kind: FaultKind, habits: TokenHabits
) -> None:
    """HubSpot has issued the tokens; where it replaced one, this takes its grace."""
    granted.sandbox.sandbox.tokens.habits = habits
    granted.sandbox.sandbox.fail_next(FaultRule(kind=kind, paths=("token",)), 2)
    granted.tokens().current(granted.connection_id)
    granted.let_the_token_end_soon()
    granted.tokens().current(granted.connection_id)
    assert len(granted.pauses) == 2


def test_a_limit_that_lasts_ends_with_what_hubspot_said(granted: Granted) -> None:
    rule = FaultRule(kind="ten_secondly", paths=("token",), retry_after_seconds=120)
    granted.sandbox.sandbox.fail_next(rule)
    with pytest.raises(RateLimitedError) as refused:
        granted.tokens().current(granted.connection_id)
    assert refused.value.retry_after_seconds == 120
    assert granted.pauses == []
    assert granted.status() == ("connected", None)


@pytest.mark.parametrize(
    ("kind", "error_class"),
    [("500", "hubspot_unavailable"), ("ten_secondly", "rate_limit"), ("reset", "network")],
)
def test_an_outage_ends_after_a_bounded_number_of_tries(
    granted: Granted, kind: FaultKind, error_class: str
) -> None:
    granted.sandbox.sandbox.fail_next(FaultRule(kind=kind, paths=("token",)), 1000)
    with pytest.raises(CrmHubError) as failed:
        granted.tokens().current(granted.connection_id)
    assert failed.value.error_class == error_class
    assert len(granted.pauses) == 5
    assert sum(granted.pauses) < access_tokens.HELD_SECONDS
    assert granted.stored(REFRESH_TOKEN) == granted.portal.refresh_token


def test_a_lost_grant_needs_reconnecting_at_once(granted: Granted) -> None:
    granted.sandbox.sandbox.tokens.revoke(granted.portal.refresh_token)
    with pytest.raises(InvalidGrantError) as refused:
        granted.tokens().current(granted.connection_id)
    assert granted.portal.refresh_token not in str(refused.value)
    assert granted.status() == ("needs_reconnect", "invalid_grant")
    [row] = granted.database.rows("select last_error_message from crmhub.source_connections")
    assert row["last_error_message"] == str(refused.value)
    assert granted.asked() == 1


def test_a_paused_connection_stays_paused_when_its_grant_is_lost(granted: Granted) -> None:
    granted.database.rows("update crmhub.source_connections set status = 'paused'")
    granted.sandbox.sandbox.tokens.revoke(granted.portal.refresh_token)
    with pytest.raises(InvalidGrantError):
        granted.tokens().current(granted.connection_id)
    assert granted.status() == ("paused", "invalid_grant")


def test_a_portal_that_is_gone_denies_access(granted: Granted) -> None:
    granted.sandbox.sandbox.remove_portal(granted.portal.portal_id)
    with pytest.raises(AccessDeniedError):
        granted.tokens().current(granted.connection_id)
    assert granted.status() == ("needs_reconnect", "access_denied")


def test_a_wrong_client_secret_is_the_operators_to_mend(granted: Granted) -> None:
    endpoint = TokenEndpoint(
        HubSpotAsker(granted.sandbox.url),
        client_id=granted.portal.client_id,
        client_secret=Secret("made-up-and-wrong"),
    )
    with pytest.raises(InvalidSettingsError, match="HUBSPOT_CLIENT_SECRET") as refused:
        granted.tokens(endpoint=endpoint).current(granted.connection_id)
    assert "made-up-and-wrong" not in str(refused.value)
    assert granted.status() == ("connected", None)


def test_without_an_app_a_grant_cannot_be_renewed(granted: Granted) -> None:
    tokens = AccessTokens(
        database_url=granted.database.url_as("crmhub_orchestrator"),
        keyring=granted.keyring,
        endpoint=None,
    )
    with pytest.raises(InvalidSettingsError, match="HUBSPOT_CLIENT_ID"):
        tokens.current(granted.connection_id)


def test_a_refused_token_is_replaced_once_for_all_who_were_refused(granted: Granted) -> None:
    refused = granted.tokens().current(granted.connection_id)
    with ThreadPoolExecutor(max_workers=8) as threads:
        got = list(
            threads.map(
                lambda _: (
                    granted.tokens().instead_of(granted.connection_id, refused).secret.reveal()
                ),
                range(8),
            )
        )
    assert len(set(got)) == 1
    assert refused.secret.reveal() not in got
    assert granted.asked() == 2


def test_a_service_key_lasts_and_cannot_be_replaced(granted: Granted) -> None:
    with psycopg.connect(granted.database.url_as("crmhub_orchestrator")) as connection:
        forget_secrets(connection, granted.connection_id)
        place = replace(granted.place, name=ACCESS_TOKEN)
        keep_secret(connection, granted.keyring, place, Secret(granted.portal.access_token))
    token = granted.tokens().current(granted.connection_id)
    assert (token.secret.reveal(), token.renew_in_seconds) == (granted.portal.access_token, None)
    with pytest.raises(AccessDeniedError, match="connect the account again"):
        granted.tokens().instead_of(granted.connection_id, token)
    assert granted.status() == ("needs_reconnect", "access_denied")
    assert granted.asked() == 0


def test_a_lost_key_or_row_is_called_unreadable(granted: Granted) -> None:
    with pytest.raises(SecretUnreadableError, match="sealed with key"):
        granted.tokens(keyring=Keyring([NEW_KEY])).current(granted.connection_id)
    granted.tokens().current(granted.connection_id)
    granted.let_the_token_end_soon()
    for query in (
        "delete from crmhub.secrets_provider where name = 'refresh_token'",
        "delete from crmhub.secrets_provider",
    ):
        with psycopg.connect(granted.database.url) as connection:
            connection.execute(query)
        with pytest.raises(SecretUnreadableError, match="no token is stored"):
            granted.tokens().current(granted.connection_id)


def test_a_damaged_access_token_is_fetched_anew(granted: Granted) -> None:
    first = granted.tokens().current(granted.connection_id)
    granted.database.rows(
        "update crmhub.secrets_provider set ciphertext = '\\x00' where name = 'access_token'"
    )
    assert granted.tokens().current(granted.connection_id).secret != first.secret


def test_a_row_that_stays_locked_ends_the_wait(
    granted: Granted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_tokens, "HELD_SECONDS", 1)
    with psycopg.connect(granted.database.url) as connection:
        connection.execute("select from crmhub.secrets_provider for update")
        with pytest.raises(SecretHeldError):
            granted.tokens().current(granted.connection_id)


class BreakingEndpoint(TokenEndpoint):
    """HubSpot's endpoint, and a database server that ends every session after its answer."""

    url: str

    @override
    def refresh(self, refresh_token: Secret) -> Grant:
        answer = super().refresh(refresh_token)
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = current_database() and pid <> pg_backend_pid() "
                "and application_name = 'crmhub'"
            )
        return answer


def breaking_endpoint(granted: Granted) -> BreakingEndpoint:
    endpoint = BreakingEndpoint(
        HubSpotAsker(granted.sandbox.url),
        client_id=granted.portal.client_id,
        client_secret=Secret(granted.portal.client_secret),
    )
    endpoint.url = granted.database.url
    return endpoint


def test_a_database_that_breaks_after_hubspots_answer_costs_no_grant(granted: Granted) -> None:
    endpoint = breaking_endpoint(granted)
    token = granted.tokens(endpoint=endpoint).current(granted.connection_id)
    granted.sandbox.sandbox.tokens.authenticate(token.secret.reveal())
    assert granted.stored(REFRESH_TOKEN) != granted.portal.refresh_token
    granted.let_the_token_end_soon()
    assert granted.tokens().current(granted.connection_id).secret != token.secret


def test_who_was_refused_meanwhile_is_taken_back(granted: Granted) -> None:
    """Another process tries the spent token while the database is away, and is told it is lost."""

    class Meanwhile(BreakingEndpoint):
        @override
        def refresh(self, refresh_token: Secret) -> Grant:
            answer = super().refresh(refresh_token)
            with pytest.raises(InvalidGrantError):
                granted.tokens().current(granted.connection_id)
            assert granted.status() == ("needs_reconnect", "invalid_grant")
            return answer

    endpoint = breaking_endpoint(granted)
    endpoint.__class__ = Meanwhile
    token = granted.tokens(endpoint=endpoint).current(granted.connection_id)
    assert granted.status() == ("connected", None)
    assert granted.stored(ACCESS_TOKEN) == token.secret.reveal()
