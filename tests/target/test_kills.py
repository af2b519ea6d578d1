"""Killed anywhere, a run leaves what it said is done, and running again ends where it should."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from target.killing import History

if TYPE_CHECKING:
    from pathlib import Path

    from target.loading import Hub
    from warm_programs import WarmPrograms


def play(
    hub: Hub, programs: WarmPrograms, folder: Path, seed: int, *, runs: int, kills: int
) -> None:
    rows = (4, 12, 50)[seed % 3]
    history = History(
        hub=hub.having(batch_size_rows=rows), programs=programs, folder=folder, seed=seed
    )
    history.play(runs=runs, kills=kills)
    print(f"seed {seed}: {dict(history.counts)}")  # noqa: T201 - shown when a test fails


@pytest.mark.parametrize("seed", range(2))
def test_runs_killed_at_random_points_lose_nothing_and_converge(
    hub: Hub, programs: WarmPrograms, tmp_path: Path, seed: int
) -> None:
    play(hub, programs, tmp_path, seed, runs=3, kills=10)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(100, 110))
def test_two_hundred_kills_lose_nothing_and_converge(
    hub: Hub, programs: WarmPrograms, tmp_path: Path, seed: int
) -> None:
    play(hub, programs, tmp_path, seed, runs=6, kills=20)
