"""Directories of runs: private, gone at the end, and found when a killed worker left them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

import pytest

from crmhub.sync.run_directories import remove_left_directories, run_directory

if TYPE_CHECKING:
    from pathlib import Path

KILLED = """
import os, signal
from crmhub.sync.run_directories import run_directory
with run_directory() as directory:
    (directory / "access_token").touch()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    return tmp_path


def test_a_directory_is_for_its_owner_only_and_gone_at_the_end() -> None:
    with run_directory() as directory:
        assert directory.stat().st_mode & 0o777 == 0o700
        (directory / "access_token").touch()
    assert not directory.exists()


def test_a_directory_in_use_is_left_alone() -> None:
    with run_directory() as directory:
        assert remove_left_directories() == 0
        assert directory.exists()


def test_what_a_killed_worker_left_is_removed_and_nothing_else(place: Path) -> None:
    other = place / "somebody-elses"
    other.mkdir()
    subprocess.run(
        [sys.executable, "-c", KILLED], env={**os.environ, "TMPDIR": str(place)}, check=False
    )
    assert len(list(place.glob("crmhub-run-*/access_token"))) == 1
    assert remove_left_directories() == 1
    assert list(place.iterdir()) == [other]


def test_a_link_in_place_of_a_directory_is_not_followed(place: Path) -> None:
    target = place / "precious"
    target.mkdir()
    (place / "crmhub-run-link").symlink_to(target)
    assert remove_left_directories() == 0
    assert target.exists()


def test_a_directory_that_is_taken_for_left_before_it_is_held_is_made_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another worker of this machine cleans at the very moment at which one is made."""
    make = tempfile.mkdtemp
    removed: list[int] = []

    def made(**options: str) -> str:
        directory = make(**options)
        if not removed:
            removed.append(remove_left_directories())
        return directory

    monkeypatch.setattr(tempfile, "mkdtemp", made)
    with run_directory() as directory:
        assert removed == [1]
        (directory / "access_token").touch()
    assert not directory.exists()
