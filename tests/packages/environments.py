"""Environments outside the repository, with nothing in them but what a test installs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packages.distributions import ROOT, UV

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, kw_only=True)
class Environment:
    """A virtual environment and a home of its own."""

    folder: Path

    @property
    def home(self) -> Path:
        """Where its programs run."""
        return self.folder / "home"

    def run(
        self, program: str, *arguments: str, stdin: bytes = b"", **settings: str
    ) -> subprocess.CompletedProcess[bytes]:
        """Run an installed program with these settings and no others; it may fail."""
        programs = self.folder / "venv" / "bin"
        return subprocess.run(
            [programs / program, *arguments],
            input=stdin,
            env={
                "PATH": f"{programs}{os.pathsep}/usr/bin{os.pathsep}/bin",
                "HOME": str(self.home),
                "LANG": "C.UTF-8",
                **settings,
            },
            cwd=self.home,
            capture_output=True,
            check=False,
            timeout=120,
        )

    def installed(self) -> set[str]:
        """The names of the distributions in it."""
        listed = subprocess.run(
            [UV, "pip", "list", "--quiet", "--format=freeze", *self._python()],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout
        return set(re.findall(r"^([\w.-]+)(?:==| @)", listed, re.MULTILINE))

    def files(self, package: str) -> set[Path]:
        """The files of an installed package, without the bytecode that running it leaves."""
        [folder] = self.folder.glob(f"venv/lib/python3*/site-packages/{package}")
        return {path for path in folder.rglob("*") if "__pycache__" not in path.parts}

    def _python(self) -> list[str]:
        return ["--python", str(self.folder / "venv" / "bin" / "python")]

    def _install(self, distributions: Iterable[str]) -> None:
        subprocess.run(
            [
                UV, "pip", "install", "--quiet", *self._python(),
                # What the tests run with: the newest release of somebody else's breaks no build.
                "--constraint", ROOT / "requirements.lock", *distributions,
            ],
            env={k: v for k, v in os.environ.items() if k != "UV_COMPILE_BYTECODE"},
            check=True,
        )  # fmt: skip

    @classmethod
    def made(cls, folder: Path, python: Path, *distributions: str) -> Environment:
        """Make one with the distributions: paths of wheels, with extras in brackets."""
        environment = cls(folder=folder)
        subprocess.run([UV, "venv", "--quiet", "--python", python, folder / "venv"], check=True)
        environment.home.mkdir()
        environment._install(distributions)
        return environment


def interpreter(version: str) -> Path | None:
    """A Python of the version, as "3.12": this one, one that uv finds, or pyenv's; else None."""
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return Path(sys.executable)
    found = subprocess.run(
        [UV, "python", "find", "--no-python-downloads", "--system", version],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
    ).stdout.strip()
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    of_pyenv = sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}"))
    return Path(found) if found else next(iter(of_pyenv), None)
