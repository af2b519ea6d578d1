"""A run under its leash, whether Meltano is started for it or forked from a warm process."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crmhub.errors import RunNotStartedError
from crmhub.project_files import meltano_project_directory
from crmhub.sync.launching import ColdLauncher, WarmLauncher

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmhub.sync.launching import Launcher
    from crmhub.sync.leash import LeashWish


@pytest.fixture(scope="module")
def warm() -> Iterator[WarmLauncher]:
    with contextlib.closing(WarmLauncher()) as launcher:
        yield launcher


@pytest.fixture(params=["cold", "warm"])
def launcher(request: pytest.FixtureRequest, warm: WarmLauncher) -> Launcher:
    return warm if request.param == "warm" else ColdLauncher()


@pytest.fixture
def wish(tmp_path: Path) -> LeashWish:
    private = tmp_path / "private"
    private.mkdir()
    return {
        "command": [str(Path(sys.executable).with_name("meltano")), "--version"],
        "environment": {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "MELTANO_SYS_DIR_ROOT": str(tmp_path / "meltano"),
            "MELTANO_CLI_DISABLE_VERSION_CHECK": "1",
            "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
        },
        "working_directory": str(meltano_project_directory()),
        "private_directory": str(private),
        "grace_seconds": 5.0,
    }


def test_what_a_run_says_and_how_it_ends_comes_back(launcher: Launcher, wish: LeashWish) -> None:
    with launcher.launched(wish) as run:
        assert "meltano, version" in run.output.read()
        assert run.wait() == 0
    assert not Path(wish["private_directory"]).exists()


def test_a_run_that_fails_says_so_by_its_status(launcher: Launcher, wish: LeashWish) -> None:
    wish["command"][1:] = ["run", "--no-such-option"]
    with launcher.launched(wish) as run:
        assert "no-such-option" in run.output.read()
        assert run.wait() == 2


def test_a_run_that_is_let_go_ends_whatever_it_does(
    launcher: Launcher, wish: LeashWish, tmp_path: Path
) -> None:
    """A FIFO that nobody writes to holds the run up for as long as it is left alone."""
    fifo = tmp_path / "environment"
    os.mkfifo(fifo)
    wish["command"][1:] = ["--env-file", str(fifo), "config", "meltano", "list"]
    with launcher.launched(wish) as run:
        run.let_go()
        assert run.wait() in {128 + signal.SIGTERM, 128 + signal.SIGKILL}
    assert not Path(wish["private_directory"]).exists()


def test_a_plugin_that_ignores_being_asked_to_end_is_made_to(wish: LeashWish) -> None:
    """Meltano waits for its plugins for ever; here is one that pays no heed, and who waits."""
    plugin = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "print('heard', flush=True); time.sleep(600)"
    )
    waiting = (
        "import signal, subprocess, sys; signal.signal(signal.SIGTERM, lambda *_: None); "
        f"sys.exit(subprocess.call([sys.executable, '-c', {plugin!r}]))"
    )
    wish["command"] = [sys.executable, "-c", waiting]
    wish["grace_seconds"] = 0.5
    with ColdLauncher().launched(wish) as run:
        assert run.output.readline() == "heard\n"
        run.let_go()
        assert run.wait() == 128 + signal.SIGKILL
        # The output ends when nobody is left who could write to it.
        assert run.output.read() == ""
    assert not Path(wish["private_directory"]).exists()


def test_leaving_the_block_ends_the_run(
    launcher: Launcher, wish: LeashWish, tmp_path: Path
) -> None:
    fifo = tmp_path / "environment"
    os.mkfifo(fifo)
    wish["command"][1:] = ["--env-file", str(fifo), "config", "meltano", "list"]
    with launcher.launched(wish) as run:
        pass
    assert run.wait() != 0


def test_runs_of_a_warm_launcher_go_on_side_by_side(
    warm: WarmLauncher, wish: LeashWish, tmp_path: Path
) -> None:
    other: LeashWish = {**wish, "private_directory": str(tmp_path / "other")}
    Path(other["private_directory"]).mkdir()
    with warm.launched(wish) as first, warm.launched(other) as second:
        assert first.output.read() == second.output.read()
        assert (first.wait(), second.wait()) == (0, 0)


def test_a_warm_process_that_was_killed_is_replaced(wish: LeashWish) -> None:
    before = _children()
    launcher = WarmLauncher()
    with launcher.launched(wish) as run:
        run.output.read()
    [warm] = _children() - before
    os.kill(warm, signal.SIGKILL)
    Path(wish["private_directory"]).mkdir()
    with launcher.launched(wish) as run:
        assert "meltano, version" in run.output.read()
        assert run.wait() == 0
    launcher.close()
    assert _children() == before


def test_a_run_that_cannot_be_started_leaves_no_file_open(
    wish: LeashWish, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each due connection would cost a worker some, until it could open no more."""
    launcher = WarmLauncher()
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    before = _open_files()
    for _ in range(2):
        with pytest.raises(RunNotStartedError), launcher.launched(wish):
            pytest.fail("nothing was started")
    assert _open_files() == before


def _open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def _children() -> set[int]:
    """The process ids of this process's children, by Linux's own list."""
    task = Path(f"/proc/self/task/{os.getpid()}/children")
    if not task.exists():
        pytest.skip("only Linux lists a process's children")
    return {int(each) for each in task.read_text().split()}
