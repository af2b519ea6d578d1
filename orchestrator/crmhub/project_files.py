"""Where the files beside the code are: in the wheel, or in the repository."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
_REPOSITORY = _PACKAGE.parent.parent


def migrations_directory() -> Path:
    """The folder with `NNNN_name.sql`."""
    packaged = _PACKAGE / "sql" / "migrations"
    return packaged if packaged.is_dir() else _REPOSITORY / "sql" / "migrations"


def meltano_project_directory() -> Path:
    """The folder with `meltano.yml`."""
    packaged = _PACKAGE / "meltano"
    return packaged if packaged.is_dir() else _REPOSITORY
