"""States, errors, numbers, figures and charts of the Status Center, as pure functions."""

from __future__ import annotations

import uuid
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmhub.sync.next_step import CANCELLED, NEEDS_CHANGE, NEEDS_RECONNECT
from crmhub.web.status_center.cards import card_of, overview_of
from crmhub.web.status_center.charts import bar, runs_chart
from crmhub.web.status_center.pipeline_figures import pipeline_figures
from crmhub.web.status_center.pipeline_readings import StageReading, StageTotal
from crmhub.web.status_center.readings import ConnectionReading, RunReading
from crmhub.web.status_center.words import (
    LATE,
    REMEDIES,
    UNATTENDED,
    amount,
    counted,
    duration,
    remedy_of,
    state_of,
    state_of_run,
    trigger_words,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
UP_TO_DATE = ConnectionReading(
    id=uuid.UUID(int=1),
    display_name="Alder",
    external_account_id="1",
    status="connected",
    last_sync_at=NOW - timedelta(minutes=5),
    synced_through=NOW - timedelta(minutes=6),
    next_sync_at=NOW + timedelta(minutes=55),
    last_error_class=None,
    last_error_message=None,
    last_error_at=None,
    running_since=None,
    running_records={},
    waiting_since=None,
    live={"contacts": 2, "deals": 1},
    compared_at=None,
    counts={},
    compare_failed_at=None,
    compare_error_class=None,
    compare_wanted_at=None,
)
RUNNING = replace(UP_TO_DATE, running_since=NOW, running_records={"contacts": 1_200, "zebras": 1})


@pytest.mark.parametrize(
    ("connection", "words", "tone"),
    [
        (UP_TO_DATE, "Up to date", "good"),
        (RUNNING, "Syncing", "busy"),
        (replace(RUNNING, last_sync_at=None), "First sync", "busy"),
        (replace(UP_TO_DATE, waiting_since=NOW), "Waiting to start", "busy"),
        (replace(UP_TO_DATE, waiting_since=NOW - LATE * 2), "Waiting for a worker", "warning"),
        (replace(UP_TO_DATE, last_sync_at=None), "Starts shortly", "busy"),
        (replace(UP_TO_DATE, status="paused", waiting_since=NOW), "Paused", "quiet"),
        (replace(UP_TO_DATE, status="disconnected"), "Disconnected", "quiet"),
        (replace(UP_TO_DATE, status="needs_reconnect"), "Reconnect needed", "bad"),
        (replace(UP_TO_DATE, last_error_class="network"), "Last sync failed", "warning"),
        (replace(UP_TO_DATE, next_sync_at=NOW - timedelta(hours=1)), "Sync is late", "warning"),
    ],
)
def test_a_connections_state_in_words(connection: ConnectionReading, words: str, tone: str) -> None:
    state = state_of(connection, NOW)
    assert (state.words, state.tone) == (words, tone)


def test_every_error_class_with_a_step_of_its_own_has_a_remedy() -> None:
    assert set(REMEDIES) >= NEEDS_RECONNECT | NEEDS_CHANGE | CANCELLED
    for error_class in NEEDS_RECONNECT:
        assert "Reconnect" in remedy_of(error_class).advice
    assert remedy_of("never heard of").advice


def test_the_buttons_fit_the_state() -> None:
    def names(connection: ConnectionReading) -> list[tuple[str, bool]]:
        card = card_of(connection, "admin", NOW)
        return [(action.name, action.is_enabled) for action in card.actions]

    assert names(UP_TO_DATE) == [("sync", True), ("pause", True)]
    assert names(RUNNING) == [("sync", False), ("pause", True)]
    assert names(replace(UP_TO_DATE, status="needs_reconnect")) == [("reconnect", True)]
    assert names(replace(UP_TO_DATE, status="disconnected")) == [("reconnect", True)]
    assert names(replace(UP_TO_DATE, status="paused")) == [("resume", True)]
    missing = replace(UP_TO_DATE, last_error_class="missing_scopes")
    assert names(missing) == [("reconnect", True), ("sync", True), ("pause", True)]
    assert card_of(UP_TO_DATE, "viewer", NOW).actions == ()


def test_a_card_says_what_is_wrong_as_long_as_it_is() -> None:
    failed = replace(
        UP_TO_DATE, last_error_class="network", last_error_message="no answer", last_error_at=NOW
    )
    card = card_of(failed, "viewer", NOW)
    assert (card.remedy, card.error_message) == (remedy_of("network"), "no answer")
    for well in (
        UP_TO_DATE,
        replace(failed, running_since=NOW),
        replace(failed, status="disconnected"),
    ):
        card = card_of(well, "viewer", NOW)
        assert (card.remedy, card.error_message, card.error_at) == (None, None, None)
    paused = card_of(replace(failed, status="paused"), "viewer", NOW).remedy
    assert paused is not None
    assert paused.meaning == remedy_of("network").meaning
    assert "by itself" not in paused.advice
    late = replace(UP_TO_DATE, next_sync_at=NOW - LATE * 2)
    assert card_of(late, "viewer", NOW).remedy == UNATTENDED


def test_a_card_has_another_version_as_soon_as_it_looks_different() -> None:
    moved = replace(RUNNING, running_records={"contacts": 1_201})
    versions = {card_of(each, "admin", NOW).version for each in (UP_TO_DATE, RUNNING, moved)}
    assert len(versions) == 3
    assert card_of(RUNNING, "admin", NOW) == card_of(replace(RUNNING), "admin", NOW)


def test_what_needs_somebody_comes_first() -> None:
    lost = replace(UP_TO_DATE, display_name="Zeder", status="needs_reconnect")
    overview = overview_of([UP_TO_DATE, lost], "admin", NOW, size=10)
    assert [card.name for card in overview.cards] == ["Zeder", "Alder"]
    assert overview.states == {"Reconnect needed": 1, "Up to date": 1}


def test_a_name_that_cannot_be_seen_is_the_accounts() -> None:
    names = [replace(UP_TO_DATE, display_name=name).name for name in ("Alder", None, "", " ")]
    assert names == ["Alder", *["HubSpot account 1"] * 3]
    assert replace(UP_TO_DATE, external_account_id=None).account == "HubSpot account"


def test_counts_are_in_the_streams_order_and_words_fit_their_number() -> None:
    assert counted({"zebras": 2, "deals": 1, "contacts": 12_345, "owners": 0}) == (
        ("12,345", "contacts"),
        ("1", "deal"),
        ("2", "zebras"),
    )
    assert counted({"deal_contacts": 1, "pipelines": 2, "owners": 3}) == (
        ("1", "link of deals to contacts"),
        ("2", "pipelines"),
        ("3", "owners"),
    )
    assert counted({"companies": 1}) == (("1", "company"),)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.04, "0.0 s"),
        (9.96, "10.0 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (250, "4 min 10 s"),
        (3_599.9, "1 h"),
        (3_900, "1 h 5 min"),
        (7_199, "2 h"),
    ],
)
def test_a_duration_in_words(seconds: float, words: str) -> None:
    assert duration(timedelta(seconds=seconds)) == words


def test_amounts_are_whole_and_grouped() -> None:
    assert amount(Decimal("1234567.51")) == "1,234,568"
    assert amount(Decimal("-0.4")) == "0"


def total(stage: str | None, currency: str | None, deals: int, value: str) -> StageTotal:
    return StageTotal(stage=stage, currency=currency, deals=deals, amount=Decimal(value))


def stage(name: str, probability: str | None = None, *, archived: bool = False) -> StageReading:
    return StageReading(
        external_id=name,
        label=name.title(),
        is_closed=probability is not None,
        probability=None if probability is None else Decimal(probability),
        archived=archived,
    )


STAGES = [stage("new"), stage("old", archived=True), stage("won", "1.0"), stage("lost", "0.0")]


def test_stages_keep_their_order_and_unknown_ones_come_last() -> None:
    totals = [
        total("lost", "EUR", 1, "5"),
        total("gone", "EUR", 1, "5"),
        total(None, "EUR", 1, "1"),
    ]
    figures = pipeline_figures(STAGES, totals)
    assert [each.label for each in figures.stages] == [
        "New",
        "Won",
        "Lost",
        "Without a stage",
        "Stage gone (unknown)",
    ]
    assert figures.deals == 3


def test_an_archived_stage_is_shown_only_with_deals_in_it() -> None:
    figures = pipeline_figures(STAGES, [total("old", "EUR", 1, "5")])
    assert "Old (archived)" in [each.label for each in figures.stages]


def test_won_and_lost_are_told_apart_by_the_stages_probability() -> None:
    totals = [
        total("won", "EUR", 3, "30"),
        total("lost", "USD", 1, "7"),
        total("new", None, 2, "4"),
    ]
    figures = pipeline_figures(STAGES, totals)
    assert {each.kind: each.deals for each in figures.kinds} == {"open": 2, "won": 3, "lost": 1}
    assert figures.won_of_closed == 0.75
    assert figures.currencies == ["EUR", "USD", "own"]
    assert pipeline_figures(STAGES, []).won_of_closed is None


def test_bars_show_amounts_where_there_is_one_currency_and_else_deals() -> None:
    one = [total("new", "EUR", 9, "10"), total("won", "EUR", 1, "40"), total("lost", None, 1, "0")]
    figures = pipeline_figures(STAGES, one)
    assert figures.measure == "EUR"
    assert [each.share for each in figures.stages] == [0.25, 1.0, 0.0]
    assert pipeline_figures(STAGES, one, measure="deals").stages[0].share == 1.0
    two = [*one, total("won", "USD", 1, "3")]
    assert pipeline_figures(STAGES, two).measure == "deals"
    assert pipeline_figures(STAGES, two, measure="USD").stages[1].share == 1.0
    assert pipeline_figures(STAGES, two, measure="DROP").measure == "deals"


@given(
    amounts=st.lists(
        st.decimals(min_value=-(10**12), max_value=10**12, places=2), min_size=1, max_size=4
    )
)
def test_shares_stay_between_nothing_and_the_whole(amounts: list[Decimal]) -> None:
    totals = [
        StageTotal(stage=each.external_id, currency="EUR", deals=1, amount=value)
        for each, value in zip(STAGES, amounts, strict=False)
    ]
    for each in pipeline_figures(STAGES, totals, measure="EUR").stages:
        assert 0 <= each.share <= 1


def test_a_bar_is_never_longer_than_its_place() -> None:
    for share, width in ((-1.0, "0.00%"), (0.256, "25.60%"), (7.0, "100.00%")):
        assert ET.fromstring(bar(share, "won"))[1].get("width") == width  # noqa: S314 - our own


def run(rows: int, seconds: float, status: str = "succeeded") -> RunReading:
    return RunReading(
        id=uuid.uuid4(),
        connection_id=UP_TO_DATE.id,
        org_id=uuid.UUID(int=2),
        trigger="schedule",
        status=status,
        requested_at=NOW,
        started_at=NOW,
        finished_at=NOW + timedelta(seconds=seconds),
        records={"contacts": rows},
        error_class=None,
        error_message=None,
    )


def test_a_run_of_a_later_release_is_shown_in_its_own_words() -> None:
    later = replace(run(1, 1), status="skipped", trigger="webhook")
    state = state_of_run(later)
    assert (state.tone, state.words, trigger_words(later.trigger)) == (
        "quiet",
        "Skipped",
        "webhook",
    )


@pytest.mark.parametrize(
    "runs",
    [
        [run(0, 0)],
        [run(1, 0.1), run(9, 3)],
        [run(2_345_678_901, 9_000), run(0, 1, "failed"), run(5, 2, "cancelled")] * 20,
    ],
)
def test_a_chart_draws_every_run_inside_its_frame(runs: list[RunReading]) -> None:
    chart = ET.fromstring(runs_chart(runs))  # noqa: S314 - our own
    columns = list(chart.iter("rect"))
    assert len(columns) in {len(runs), 2 * len(runs)}
    for each in columns:
        assert float(each.get("y", "")) >= 0
        assert float(each.get("y", "")) + float(each.get("height", "")) <= float(
            chart.get("height", "")
        )
        assert 0 <= float(each.get("x", "").rstrip("%")) <= 100
    assert "style" not in runs_chart(runs)
