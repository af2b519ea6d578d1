"""What was said during tests, and what nobody may say."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from security.secret_marks import PEOPLE, SECRETS, SHORTEST, Marks

if TYPE_CHECKING:
    import io
    from collections.abc import Iterable
    from pathlib import Path

_MARKS: Final = Marks(SECRETS, PEOPLE)
#: Characters of a command that are shown.
_SHOWN: Final = 120


class Heard:
    """What was said since it was last looked through, and what nobody may say."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, str]] = []
        self.secrets: set[str] = set()
        self._files: list[tuple[str, io.BufferedReader]] = []

    def add(self, who: str, said: object) -> None:
        """Take in a text, as bytes or as characters."""
        if isinstance(said, bytes):
            said = said.decode(errors="replace")
        if isinstance(said, str) and said:
            self.texts.append((who, said))

    def listen_to(self, who: str, path: Path) -> None:
        """Take in what a file will hold, even once it is deleted."""
        with contextlib.suppress(OSError):
            self._files.append((who, path.open("rb")))

    def know(self, secret: str) -> None:
        """Remember what nobody may say."""
        if len(secret) >= SHORTEST:
            self.secrets.add(secret)

    def findings(self) -> list[str]:
        """What was given away since the last look, by whom."""
        for who, file in self._files:
            self.add(who, file.read())
        # Threads of a fixture may go on meanwhile.
        texts, self.texts = self.texts, []
        secrets = tuple(self.secrets)
        return [
            f"{who[:_SHOWN]}: {found}"
            for who, text in texts
            for found in _MARKS.found_in(text, secrets)
        ]

    def forget(self) -> None:
        """Begin anew: other tests have other secrets, and other files."""
        self.secrets.clear()
        for _, file in self._files:
            file.close()
        self._files.clear()


#: Of the tests of one module.
OF_A_MODULE: Final = Heard()
#: Of the whole run.
OF_THE_RUN: Final = Heard()


def watch(who: str, log: Path, secrets: Iterable[str]) -> None:
    """Look through a log when the run ends, for these secrets too."""
    OF_THE_RUN.listen_to(who, log)
    for secret in secrets:
        OF_THE_RUN.know(secret)
