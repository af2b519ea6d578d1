"""What gives a secret or a person away, wherever it stands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from hubspot_sandbox.words import NAME_MARK, OWNER_MARK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_ID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

#: What it is → how it looks. HubSpot: forms of private app tokens and refresh tokens; `access`
#: and `code` are the sandbox's. An address that is explained says `password` itself.
SECRETS: Final[Mapping[str, str]] = {
    "a private key": r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----",
    "a HubSpot token": rf"\b(?:pat-)?(?:(?:na|eu|ap)\d|access|code)-{_ID}",
    "a signed token": r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{16,}",
    "a bearer token": r"(?i:\bbearer) +[\w.~+/-]{16,}",
    "a password in an address": r"://[^\s:/@'\"{}<>$]{1,64}:(?![*…]|password@)[^\s@/'\"{}<>$]{6,128}@",
    "a cloud key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a code host's token": r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|glpat-[\w-]{20})",
    "a chat token": r"\bxox[abeprs]-[\w-]{10,}",
}
#: In every person of the sandbox's portals, and of the tests that mark their own.
PEOPLE: Final[Mapping[str, str]] = {
    "a person": rf"(?i:{NAME_MARK}|{OWNER_MARK}|zzmarkson)|30998877665",
}
#: Shorter than this a known secret is too likely to stand somewhere by chance.
SHORTEST: Final = 12
#: Characters around what was found that are told.
_AROUND: Final = 60


class Marks:
    """Searches texts for kinds of secrets, and for secrets that are known."""

    def __init__(self, *kinds: Mapping[str, str]) -> None:
        self._kinds = [what for kind in kinds for what in kind]
        patterns = [pattern for kind in kinds for pattern in kind.values()]
        # One look for all of them; a second look tells which.
        self._any = re.compile("|".join(f"(?:{pattern})" for pattern in patterns))
        self._each = [re.compile(pattern) for pattern in patterns]

    def found_in(self, text: str, known: Iterable[str] = ()) -> Iterator[str]:
        """Yield what each find is and where it stands, itself left out."""
        for found in self._any.finditer(text):
            what = next(
                name
                for name, pattern in zip(self._kinds, self._each, strict=True)
                if pattern.match(text, found.start())
            )
            yield _told(text, found.start(), found.end(), what)
        for secret in known:
            place = text.find(secret)
            if place >= 0:
                yield _told(text, place, place + len(secret), "a secret that was given")


def _told(text: str, start: int, end: int, what: str) -> str:
    before = text[max(0, start - _AROUND) : start].rpartition("\n")[2]
    after = text[end : end + _AROUND].partition("\n")[0]
    return f"{before}<{what}>{after}"
