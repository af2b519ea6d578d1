"""The log scanner finds what it is there for, wherever a test lets it slip."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from security.secret_marks import PEOPLE, SECRETS, Marks

if TYPE_CHECKING:
    from collections.abc import Mapping

pytest_plugins = ["pytester"]

SLIPS = """
import contextlib, logging, subprocess, sys
from pathlib import Path
from warm_programs import WarmPrograms
from crmhub.vault.secret import Secret

SAY = [sys.executable, "-c", "import os, sys; sys.stderr.write(os.environ['PII_HASH_SALT'])"]
GIVEN = {{"PII_HASH_SALT": "{salt}"}}

def test_clean(tmp_path):
    print("{salt}")
    logging.getLogger("a").warning("%s and %s", Secret("{salt}"), "9 contacts")
    subprocess.run([sys.executable, "-c", ""], env=GIVEN, capture_output=True)

def test_log():
    logging.getLogger("a").warning("refused: pat-eu1-0a1b2c3d-0000-4000-8000-0a1b2c3d4e5f")

def test_standard_error():
    print("Ann Ackerzqmark", file=sys.stderr)

def test_secret():
    logging.getLogger("a").warning("opened %s", Secret("{salt}").reveal())

def test_program():
    assert subprocess.run(SAY, env=GIVEN, capture_output=True).stderr

def test_file(tmp_path):
    path = tmp_path / "log"
    with path.open("wb") as log:
        subprocess.Popen(SAY, env=GIVEN, stderr=log).wait()
    path.unlink()

def test_warm_program():
    with contextlib.closing(WarmPrograms()) as programs:
        code = "import os, sys; sys.stderr.write(os.environ['PII_HASH_SALT'])"
        programs.run("tap-hubspot-crm", environment=GIVEN, code=code)
"""


def test_a_slip_fails_the_test_that_made_it_and_is_not_repeated(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    salt = "made-up-salt-that-nobody-may-say"
    pytester.makepyfile(SLIPS.format(salt=salt))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    done = pytester.run(
        sys.executable, "-m", "pytest", "-p", "security.log_scanner", "-p", "no:cacheprovider",
        "-p", "no:xdist", "-p", "no:schemathesis", "-q", "--show-capture=no", "-rN",
    )  # fmt: skip
    done.assert_outcomes(passed=7, errors=6)
    said = "\n".join(done.outlines)
    for test in ("log", "standard_error", "secret", "program", "file", "warm_program"):
        assert f"::test_{test} gives away:" in said
    assert said.count("<a secret that was given>") == 4
    assert salt not in said
    assert "0a1b2c3d4e5f" not in said
    assert "zqmark" not in said.lower()


EXAMPLES: Mapping[str, tuple[str, str]] = {
    "a private key": ("-----BEGIN RSA PRIVATE KEY-----", "-----BEGIN CERTIFICATE-----"),
    "a HubSpot token": (f"na1-{'0a1b2c3d'}-0000-4000-8000-0a1b2c3d4e5f", "na1-is-a-region"),
    "a signed token": (f"eyJ{'a' * 9}.eyJ{'b' * 9}.{'c' * 43}", "eyJ.eyJ.c"),
    "a bearer token": (f"Authorization: Bearer {'a1' * 9}", "Authorization: Bearer ********"),
    "a password in an address": (
        f"postgresql://loader:{'hunter2' * 2}@db/crm",
        "postgresql://loader:********@db/crm",
    ),
    "a cloud key": (f"AKIA{'A1' * 8}", "AKIA"),
    "a code host's token": (f"ghp_{'a1' * 18}", "ghp_"),
    "a chat token": (f"xoxb-{'1' * 12}", "xoxb-1"),
    "a person": ("ackerZQMARK@example.com", "acker@example.com"),
}


@pytest.mark.parametrize("what", [*SECRETS, *PEOPLE])
def test_each_kind_is_found_and_told_from_what_is_none(what: str) -> None:
    marks = Marks(SECRETS, PEOPLE)
    found, not_found = EXAMPLES[what]
    assert list(marks.found_in(f"before {found}, after")) != []
    assert all(f"<{what}>" in told and found not in told for told in marks.found_in(found))
    assert list(marks.found_in(f"before {not_found}, after")) == []
