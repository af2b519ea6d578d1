"""Builds what is published of the members, and looks inside."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
#: Folder of a member → the package that others import.
MEMBERS: Final = {
    "tap-hubspot-crm": "tap_hubspot_crm",
    "target-crmhub-postgres": "target_crmhub_postgres",
    "orchestrator": "crmhub",
}
#: Put there by `make install`; the version of uv that the project works with.
UV: Final = ROOT / ".uv" / "bin" / "uv"


def build(tree: Path, output: Path) -> list[Path]:
    """Build an sdist of each member, and a wheel out of the sdist; return both of each, by name.

    Args:
        tree: The repository, or a copy of it.
        output: A folder for the files.
    """
    for member in MEMBERS:
        subprocess.run(
            [
                UV, "build", "--quiet", "--no-build-isolation", "--python", sys.executable,
                "--out-dir", output, tree / member,
            ],
            check=True,
        )  # fmt: skip
    return sorted(path for path in output.iterdir() if path.suffix in {".whl", ".gz"})


def copy_of_the_repository(folder: Path) -> Path:
    """Copy what git knows of the repository; its files get new times and other rights."""
    for name in tracked(""):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
        (folder / name).chmod(0o600)
    return folder


def tracked(folder: str) -> list[str]:
    """The files under a folder that git knows, from the repository's root; "" for all of them."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", f"./{folder}"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    return [name for name in listed.split("\0") if (ROOT / name).is_file()]


def contents(distribution: Path) -> dict[str, bytes]:
    """The files of a wheel or sdist; names in an sdist without its outermost folder."""
    if distribution.suffix == ".whl":
        with zipfile.ZipFile(distribution) as wheel:
            return {name: wheel.read(name) for name in wheel.namelist()}
    with tarfile.open(distribution) as sdist:
        members = ((member, sdist.extractfile(member)) for member in sdist)
        return {
            member.name.partition("/")[2]: stream.read() for member, stream in members if stream
        }
