"""Read a file of named queries.

A query begins at a line `-- name: some_name`; the comments below it say what it is for.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, LiteralString

if TYPE_CHECKING:
    from pathlib import Path

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


def read_queries(path: Path) -> dict[str, LiteralString]:
    """The queries of a `.sql` file by name.

    They are literal strings in the sense that matters: fixed text of this project.
    """
    parts = _NAME.split(path.read_text(encoding="utf-8"))
    return {name: text.strip() for name, text in zip(parts[1::2], parts[2::2], strict=True)}
