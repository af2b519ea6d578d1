"""Reads the .sql files of this package: named statements, each with a comment."""

from __future__ import annotations

import re
from importlib import resources
from typing import TYPE_CHECKING, Final

from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME: Final = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def parsed(text: str) -> dict[str, sql.SQL]:
    """Return name → statement; each begins with the line `-- name: <name>`."""
    _, *parts = _NAME.split(text)
    return {
        name: sql.SQL(body.strip().removesuffix(";"))
        for name, body in zip(parts[::2], parts[1::2], strict=True)
    }


QUERIES: Final[Mapping[str, sql.SQL]] = {
    name: statement
    for file in ("queries.sql", "sweep.sql", "totals.sql")
    for name, statement in parsed(
        resources.files(__package__).joinpath(file).read_text(encoding="utf-8")
    ).items()
}
