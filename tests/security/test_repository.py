"""No secret and nobody's address lies in the repository."""

from __future__ import annotations

import functools
import re
from typing import Final

from packages.distributions import ROOT, tracked
from security.secret_marks import SECRETS, Marks

_MARKS: Final = Marks(SECRETS)
_ADDRESS: Final = re.compile(r"[A-Za-z0-9._%+-]+@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)")
#: Domains that belong to nobody (RFC 2606, RFC 6761); a service of systemd; a version.
_NOBODYS: Final = re.compile(
    r"(?:.*\.)?(?:example(?:\.(?:com|org|net))?|test|invalid|localhost)|.*\.service|[\d.]+",
    re.IGNORECASE,
)
#: What looks like a secret or an address and is none, with the reason.
MADE_UP: Final = {
    ":hunter2@": "what redaction is tried with",
    ":zzsecret@": "what a refusal is searched for",
    ":nothing@": "a server that is not there",
    "Bearer CJSP5qf1KhICAQEYs-gDIIGOBii1hQIyGQ": "cut from an example of HubSpot's guide",
    "pat-eu1-0a1b2c3d-0000-4000-8000-0a1b2c3d4e5f": "what the log scanner is tried with",
    "-----BEGIN RSA PRIVATE KEY-----": "the same, a line without a key",
    "sub.example.co.uk": "what redaction is tried with: a country's domain of two parts",
}


@functools.cache
def texts() -> dict[str, str]:
    """Every text file that git knows."""
    contents = {name: (ROOT / name).read_bytes() for name in tracked("")}
    return {
        name: content.decode(errors="replace")
        for name, content in contents.items()
        if b"\0" not in content and name != "tests/security/test_repository.py"
    }


def test_no_secret_lies_in_the_repository() -> None:
    assert len(texts()) > 300
    found = {name: list(_MARKS.found_in(without_made_up(text))) for name, text in texts().items()}
    assert {name: finds for name, finds in found.items() if finds} == {}


def test_every_address_in_the_repository_is_nobodys() -> None:
    found = {
        f"{name}: {address[0]}"
        for name, text in texts().items()
        for address in _ADDRESS.finditer(without_made_up(text))
        if not _NOBODYS.fullmatch(address[1])
    }
    assert found == set()


def test_what_is_let_through_is_there() -> None:
    for made_up in MADE_UP:
        assert any(made_up in text for text in texts().values()), made_up


def without_made_up(text: str) -> str:
    for made_up in MADE_UP:
        text = text.replace(made_up, "")
    return text
