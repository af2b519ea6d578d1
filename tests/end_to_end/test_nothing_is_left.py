"""However a demo or a run ends: no process, no file, no secret is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from end_to_end.conftest import Scene

#: How long an end may take before a test gives up, seconds.
PATIENCE = 40.0


def comes_true(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.2)
    return condition()


def processes_with(mark: str) -> list[str]:
    """The command lines of processes that have the mark in their environment or arguments."""
    found: list[str] = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            said = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
            if mark.encode() in said:
                found.append((entry / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Where one demo puts its files; in a place that the embedded server's account can reach."""
    with tempfile.TemporaryDirectory(prefix="demo-of-a-test-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


def demo(temporary: Path, environment: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        ["crmhub", "demo", *arguments],
        env=environment | {"TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def assert_nothing_is_left(temporary: Path) -> None:
    assert comes_true(lambda: processes_with(str(temporary)) == []), processes_with(str(temporary))
    assert comes_true(lambda: list(temporary.iterdir()) == []), list(temporary.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_the_demo_ends_by_itself_and_leaves_nothing(
    temporary: Path, python_environment: dict[str, str]
) -> None:
    with demo(temporary, python_environment, "--once") as process:
        assert process.stdout is not None
        said = process.stdout.read()
    assert process.returncode == 0, said
    assert "One query, different readers" in said
    assert_nothing_is_left(temporary)


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGINT, id="SIGINT", marks=pytest.mark.long),
        pytest.param(signal.SIGTERM, id="SIGTERM", marks=pytest.mark.long),
        pytest.param(signal.SIGKILL, id="SIGKILL"),
    ],
)
def test_the_demo_leaves_nothing_when_it_is_ended_during_a_run(
    temporary: Path, python_environment: dict[str, str], number: signal.Signals
) -> None:
    with demo(temporary, python_environment, "--once") as process:
        assert comes_true(
            lambda: any("bin/tap-hubspot-crm" in each for each in processes_with(str(temporary)))
        )
        os.killpg(process.pid, number)
        process.communicate()
    assert process.returncode != 0
    assert_nothing_is_left(temporary)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_each_plugin_sees_its_own_secrets_only(scene: Scene) -> None:
    """The tap sees no database and no salt, the target no token of the source."""
    scene.sandbox.sandbox.latency_ms = 200
    seen: dict[str, str] = {}

    def look(*_: object) -> None:
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    command = (entry / "cmdline").read_text()
                    environment = (entry / "environ").read_text()
                except OSError:
                    continue
                for plugin in ("tap-hubspot-crm", "target-crmhub-postgres"):
                    if (
                        f"bin/{plugin}\0" in command
                        and str(scene.alder.connection_id) in environment
                    ):
                        seen[plugin] = environment

    outcome = scene.stage.sync(scene.alder, look)
    assert outcome.failure is None
    assert set(seen) == {"tap-hubspot-crm", "target-crmhub-postgres"}
    password_of = {
        role: url.split("@")[0].rsplit(":", 1)[1] for role, url in scene.database.logins.items()
    }
    tap, target = seen["tap-hubspot-crm"], seen["target-crmhub-postgres"]
    for secret in (*password_of.values(), scene.stage.salt):
        assert secret not in tap
    for secret in (
        password_of["crmhub_state"],
        password_of["crmhub_orchestrator"],
        password_of["crmhub_reader"],
        scene.alder.portal.access_token,
        "access_token",
    ):
        assert secret not in target
