"""A machine whose Meltano is missing, or another one, begins no run and says what to install."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from orchestrator.terminal import settings_of

if TYPE_CHECKING:
    from databases import TestDatabase

_WORKER = "import sys; from crmhub.cli.main import main; sys.argv[1:] = ['worker']; main()"


def worker(
    python: Path, environment: dict[str, str], database: TestDatabase
) -> subprocess.CompletedProcess[str]:
    """`crmhub worker` in the environment of this Python, to its end."""
    return subprocess.run(
        [str(python), "-c", _WORKER],
        env=environment | settings_of(database),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def python_without_programs(tmp_path: Path) -> Path:
    """An environment with our packages and without Meltano's program."""
    ours = Path(sys.executable).parents[1]
    (tmp_path / "bin").mkdir()
    python = tmp_path / "bin" / "python"
    python.symlink_to(Path(sys.executable).resolve())
    (tmp_path / "lib").symlink_to(ours / "lib")
    (tmp_path / "pyvenv.cfg").write_text((ours / "pyvenv.cfg").read_text())
    return python


def test_a_worker_without_meltano_does_not_begin(
    python_without_programs: Path, python_environment: dict[str, str], database: TestDatabase
) -> None:
    done = worker(python_without_programs, python_environment, database)
    assert done.returncode == 2
    assert "meltano is missing: install meltano 4" in done.stderr


def test_a_worker_with_another_meltano_does_not_begin(
    python_environment: dict[str, str], database: TestDatabase, tmp_path: Path
) -> None:
    other = tmp_path / "meltano-3.9.1.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: meltano\nVersion: 3.9.1\n")
    environment = {**python_environment, "PYTHONPATH": str(tmp_path)}
    done = worker(Path(sys.executable), environment, database)
    assert done.returncode == 2
    assert "meltano 3.9.1 is installed: install meltano 4" in done.stderr
