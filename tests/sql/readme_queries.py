"""The queries that the README shows to who reads the tables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_README: Final = Path(__file__).parents[2] / "README.md"
_BLOCK: Final = re.compile(r"## Reading the tables\n.*?```sql\n(.*?)```", re.DOTALL)
#: A variable of psql's, as a quoted literal.
_VARIABLE: Final = re.compile(r":'(\w+)'")


@dataclass(frozen=True, kw_only=True)
class ReadmeQuery:
    """One statement of the README."""

    #: Its comment; of one that has none, its first word.
    title: str
    #: With psycopg's parameters in the place of psql's variables.
    statement: bytes


def readme_queries() -> list[ReadmeQuery]:
    """The statements of the README's section, in its order, from `begin` to `commit`."""
    block = _BLOCK.search(_README.read_text(encoding="utf-8"))
    assert block is not None, "the README has no queries any more"
    return [_query(part) for part in block[1].split(";\n")[:-1]]


def _query(part: str) -> ReadmeQuery:
    lines = part.splitlines()
    comments = [line.removeprefix("-- ").rstrip(".") for line in lines if line.startswith("--")]
    text = "\n".join(line for line in lines if not line.startswith("--"))
    return ReadmeQuery(
        title=" ".join(comments) or text.split()[0],
        statement=_VARIABLE.sub(r"%(\1)s", text).encode(),
    )
