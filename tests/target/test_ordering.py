"""Whatever comes late, twice or from two runs at once: the latest version of a row stays."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from target.loading import activate, new_hub, record, schema, state
from target.running import Running

from target_crmhub_postgres.errors import LeaseLostError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from databases import TestServer
    from target.loading import Hub, Message
    from warm_programs import WarmPrograms

    Version = tuple[int, int, int]
    Pair = tuple[Running, Running]

EARLY, BETWEEN, LATE = (f"2026-11-02T{hour:02}:00:00Z" for hour in (8, 9, 10))

#: A key, when the source changed the row, and when it was read.
VERSIONS = st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 9))
#: Who goes first, or both at once; and a batch of each.
ROUNDS = st.lists(
    st.tuples(
        st.sampled_from(["first", "second", "both"]),
        st.lists(VERSIONS, max_size=4),
        st.lists(VERSIONS, max_size=4),
    ),
    min_size=1,
    max_size=4,
)
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def pair(
    database_server: TestServer, programs: WarmPrograms, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Any, Pair]]:
    """One connection and two runs for it."""
    folder: Path = tmp_path_factory.mktemp("pair")
    with database_server.clone() as database:
        hub = new_hub(database, programs)
        one, two = (Running(hub, folder / name) for name in ("one.json", "two.json"))
        with one.process, two.process:
            for each in (one, two):
                each.send(*map(schema, ("contacts", "deal_contacts", "owners")))
            yield hub, (one, two)
            one.process.kill()
            two.process.kill()


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rounds=ROUNDS)
def test_of_all_versions_in_any_order_and_from_two_runs_the_latest_stays(
    pair: tuple[Hub, Pair], rounds: list[tuple[str, list[Version], list[Version]]]
) -> None:
    hub, programs = pair
    example = next(_numbers)
    for who, *batches in rounds:
        turns = [[0, 1], [1, 0]][who == "second"]
        for turn in turns:
            programs[turn].send(*messages(example, batches[turn]))
            if who != "both":
                programs[turn].next_state()
        if who == "both":
            for program in programs:
                program.next_state()
    versions = [version for _, *batches in rounds for batch in batches for version in batch]
    latest = {
        f"{example}:{key}": max((updated, read) for k, updated, read in versions if k == key)
        for key, _, _ in versions
    }
    read_last = {
        f"{example}:{key}": max(read for k, _, read in versions if k == key)
        for key, _, _ in versions
    }
    rows = hub.rows("crm_contacts", "external_id", "lifecycle_stage")
    links = hub.rows("crm_deal_contacts", "deal_external_id", "contact_external_id")
    assert {
        row["external_id"]: row["lifecycle_stage"]
        for row in rows
        if row["external_id"].startswith(f"{example}:")
    } == {key: f"{updated} {read}" for key, (updated, read) in latest.items()}
    assert {
        row["deal_external_id"]: row["contact_external_id"]
        for row in links
        if row["deal_external_id"].startswith(f"{example}:")
    } == {key: str(read) for key, read in read_last.items()}


def messages(example: int, batch: list[Version]) -> list[Message]:
    """A batch of rows and a batch of sets, each version unlike every other, and its end."""
    number = next(_numbers)
    return [
        *(
            record(
                "contacts",
                f"2026-11-02T{read:02}:00:00Z",
                id=f"{example}:{key}",
                updatedAt=f"2026-11-01T{updated:02}:00:00Z",
                lifecyclestage=f"{updated} {read}",
            )
            for key, updated, read in batch
        ),
        *(
            record(
                "deal_contacts",
                f"2026-11-02T{read:02}:00:00Z",
                deal_id=f"{example}:{key}",
                contacts=[{"id": str(read)}],
            )
            for key, _, read in batch
        ),
        # Before the end of a pass everything is written.
        activate("owners", number),
        state(number=number),
    ]


def contact(stage: str, read: str) -> list[Message]:
    return [schema("contacts"), record("contacts", read, id="1", lifecyclestage=stage)]


def test_known_limit_a_late_version_replaces_a_row_that_was_read_again_unchanged(
    hub: Hub,
) -> None:
    """The README's limit: a changed value, changed back, no change of `updatedAt`, two runs."""
    hub.load(contact("lead", EARLY))
    hub.load(contact("lead", LATE))
    hub.load(contact("customer", BETWEEN))
    assert hub.rows("crm_contacts", "lifecycle_stage") == [{"lifecycle_stage": "customer"}]
    hub.load(contact("lead", LATE))
    assert hub.rows("crm_contacts", "lifecycle_stage") == [{"lifecycle_stage": "lead"}]


def test_under_a_lease_no_late_version_can_come(hub: Hub) -> None:
    first = hub.having(lease_token=str(hub.database.take_lease(hub.connection_id)))
    first.load(contact("lead", EARLY))
    second = hub.having(lease_token=str(hub.database.take_lease(hub.connection_id)))
    second.load(contact("lead", LATE))
    with pytest.raises(LeaseLostError):
        first.load(contact("customer", BETWEEN))
    assert hub.rows("crm_contacts", "lifecycle_stage") == [{"lifecycle_stage": "lead"}]
