"""Runs the shell blocks of the operator's pages as they are written there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from crmhub.embedded_postgres.binaries import find_binaries

if TYPE_CHECKING:
    from collections.abc import Mapping


def run_block(block: str, *, folder: Path, settings: Mapping[str, str]) -> str:
    """Run a block in a folder, with our programs and PostgreSQL's; returns what it printed.

    Fails with what it said on standard error when a command of it fails.
    """
    programs = (Path(sys.executable).parent, find_binaries().program("psql").parent)
    path = os.pathsep.join([*map(str, programs), os.environ.get("PATH", "")])
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        cwd=folder,
        env={"PATH": path, "LANG": "C.UTF-8", "HOME": str(folder), **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def exported(text: str) -> dict[str, str]:
    """The settings of lines as `export NAME='value'`."""
    lines = (line.removeprefix("export ").partition("=") for line in text.splitlines())
    return {name: value.strip("'") for name, _, value in lines}
