"""Stopped between any two transactions: by a lost lease for good, else the next load goes on."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql
from target.expectation import Expectation
from target.histories import Source, openings
from target.stored import contents, seen

from target_crmhub_postgres.errors import LeaseLostError
from target_crmhub_postgres.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from target.loading import Hub, Message


@pytest.fixture
def hub(hub: Hub) -> Hub:
    """Here with batches so small that a load takes many transactions."""
    return hub.having(batch_size_rows=40)


@pytest.fixture(autouse=True)
def _small_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("target_crmhub_postgres.sweep.KEYS_A_TRANSACTION", 3)


class Interrupting:
    """Does something before the transaction of a number, counted over all sessions."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.count = 0

    def before(self, number: int, interrupt: Callable[[], None]) -> None:
        """Interrupt from now on."""
        self.count = 0
        run = Session.run

        def counted(session: Session, work: Any) -> Any:  # noqa: ANN401 - handed on as it is
            self.count += 1
            if self.count == number:
                interrupt()
            return run(session, work)

        self._monkeypatch.setattr(Session, "run", counted)

    def no_more(self) -> None:
        self._monkeypatch.undo()
        self._monkeypatch.setattr("target_crmhub_postgres.sweep.KEYS_A_TRANSACTION", 3)


class StoppedError(Exception):
    """Stands for the end of the process."""


def history() -> tuple[list[Message], list[Message], Expectation]:
    """Two runs of a tap, the second with ends of full passes that delete, and what is expected."""
    for seed in range(100):
        source = Source(dice=random.Random(seed))
        runs = source.run(edits=6), source.run(edits=6)
        ends = [line["stream"] for line in runs[1] if line["type"] == "ACTIVATE_VERSION"]
        if {"contacts", "deals", "deal_contacts"} <= set(ends):
            expected = Expectation()
            for line in [*runs[0], *runs[1]]:
                expected.take(line)
            return *runs, expected
    raise AssertionError


def everything(hub: Hub) -> dict[str, list[str]]:
    """Where each row of the connection lies and what wrote it: any write changes it."""
    with psycopg.connect(hub.database.url) as connection:
        tables = connection.execute(
            "select table_name from information_schema.columns where table_schema = 'crmhub' "
            "and column_name = 'connection_id' and table_name in "
            "(select tablename from pg_tables where schemaname = 'crmhub')"
        ).fetchall()
        query = sql.SQL("select ctid::text || xmin::text from crmhub.{} where connection_id = %s")
        return {
            table: sorted(
                row
                for (row,) in connection.execute(
                    query.format(sql.Identifier(table)), [hub.connection_id]
                )
            )
            for (table,) in tables
        }


def points(hub: Hub, interrupting: Interrupting, share: float) -> list[int]:
    """Numbers of transactions of the second run, chosen at random; the last ones always."""
    before, lines, _ = history()
    hub = hub.another()
    hub.load([*openings(), *before])
    interrupting.before(0, lambda: None)
    hub.load([*openings(), *lines])
    interrupting.no_more()
    numbers = range(1, interrupting.count + 1)
    assert len(numbers) > 50
    return [*random.sample(numbers[:-2], int((len(numbers) - 2) * share)), *numbers[-2:]]


def lose_the_lease(first: Hub, monkeypatch: pytest.MonkeyPatch, *, share: float) -> None:
    before, lines, _ = history()
    interrupting = Interrupting(monkeypatch)
    for number in points(first, interrupting, share):
        hub = first.another()
        hub.load([*openings(), *before])
        leased = hub.having(lease_token=str(hub.database.take_lease(hub.connection_id)))
        there: dict[str, list[str]] = {}

        def lose(hub: Hub = hub, there: dict[str, list[str]] = there) -> None:
            hub.database.take_lease(hub.connection_id)
            there |= everything(hub)

        interrupting.before(number, lose)
        with pytest.raises(LeaseLostError):
            leased.load([*openings(), *lines])
        interrupting.no_more()
        assert len(there) > 10
        assert everything(hub) == there, number


def stop_and_go_on(first: Hub, monkeypatch: pytest.MonkeyPatch, *, share: float) -> None:
    before, lines, expected = history()
    interrupting = Interrupting(monkeypatch)

    def stop() -> None:
        raise StoppedError

    for number in points(first, interrupting, share):
        hub = first.another()
        hub.load([*openings(), *before])
        interrupting.before(number, stop)
        with pytest.raises(StoppedError):
            hub.load([*openings(), *lines])
        interrupting.no_more()
        hub.load([*openings(), *lines])
        assert contents(hub) == expected.contents(), number
        assert seen(hub) == expected.seen, number


def test_after_a_lease_is_lost_between_two_transactions_nothing_is_written(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_the_lease(hub, monkeypatch, share=0.05)


def test_a_load_that_ends_between_two_transactions_goes_on_in_the_next(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_and_go_on(hub, monkeypatch, share=0.05)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_after_a_lease_is_lost_between_any_two_transactions_nothing_is_written(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_the_lease(hub, monkeypatch, share=1)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_load_that_ends_between_any_two_transactions_goes_on_in_the_next(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_and_go_on(hub, monkeypatch, share=1)
