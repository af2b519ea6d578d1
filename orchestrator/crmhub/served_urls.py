"""Where the embedded PostgreSQL is to be found, for commands beside the one that serves it."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

#: In the data directory, for its owner only: the addresses hold passwords of this run alone.
_FILE: Final = "served.json"


@contextlib.contextmanager
def served_urls(directory: Path, urls: Mapping[str, str]) -> Iterator[None]:
    """Let other commands find the server until the block ends.

    Args:
        directory: The server's data directory.
        urls: Role, without its prefix, to the address of a login of it.
    """
    path = directory / _FILE
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(dict(urls)), encoding="utf-8")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def read_served_urls(directory: Path) -> dict[str, str] | None:
    """Role to address of the server of this data directory; None if nobody serves it."""
    try:
        found: dict[str, str] = json.loads((directory / _FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, PermissionError, json.JSONDecodeError):
        return None
    return found
